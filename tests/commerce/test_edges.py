"""The thin edges: HTTP, command line and jobs, over a real catalog."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
import typer
from fastapi import Depends, FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner

from yunqi.commerce.activity import Activity
from yunqi.commerce.activity import cli as activity_cli
from yunqi.commerce.activity import jobs as activity_jobs
from yunqi.commerce.activity import routes as activity_routes
from yunqi.commerce.catalog import Catalog, CatalogConfig, FeedRefused
from yunqi.commerce.catalog import cli as catalog_cli
from yunqi.commerce.catalog import jobs as catalog_jobs
from yunqi.commerce.catalog import routes as catalog_routes
from yunqi.kernel import Exhausted, JobState, Kernel, Principal

Write = Callable[..., Path]
FEED = "id,title,price\n1,Milk <b>,1.00 USD\n2,Bread,2.00 USD\n"
EVENT = {
    "event": "view_item", "messageId": "m1", "timestamp": "2026-11-01T10:00:00Z", "userId": "ann",
    "properties": {"items": [{"item_id": "1"}]},
}  # fmt: skip


@dataclass
class Shop:
    catalog: Catalog
    activity: Activity


@pytest.fixture
def shop(kernel: Kernel, catalog: Catalog, activity: Activity) -> Shop:
    catalog_jobs.register(kernel.jobs, catalog)
    activity_jobs.register(kernel.jobs, activity)
    return Shop(catalog, activity)


@pytest.fixture
def web(shop: Shop) -> Iterator[TestClient]:
    principal = Principal("default", 1, "test", frozenset({"admin"}))

    def require(scope: str) -> object:
        return Depends(lambda: principal)

    app = FastAPI()
    app.include_router(catalog_routes.router(shop.catalog, require))
    app.include_router(activity_routes.router(shop.activity, require))
    with TestClient(app) as client:
        yield client


@pytest.fixture
def cli(shop: Shop) -> Callable[..., object]:
    @contextmanager
    def open_app() -> Iterator[Shop]:
        yield shop

    root = typer.Typer()
    imports = typer.Typer()
    catalog_cli.add_imports(imports, open_app)
    activity_cli.add_imports(imports, open_app)
    root.add_typer(imports, name="import")
    root.add_typer(catalog_cli.commands(open_app), name="catalog")
    root.add_typer(activity_cli.commands(open_app), name="events")
    runner = CliRunner()
    return lambda *words: runner.invoke(root, [str(word) for word in words], catch_exceptions=False)


def test_an_upload_is_imported_by_a_job_and_its_file_removed(shop: Shop, web: TestClient, kernel: Kernel) -> None:
    files = {"file": ("../../feed.csv", FEED.encode(), "text/csv")}
    reply = web.post("/v1/catalog/imports", files=files)
    assert reply.status_code == 202
    job = kernel.jobs.run_once()
    assert job is not None
    assert (str(job.id), job.state) == (reply.json()["job_id"], JobState.DONE)
    assert job.result is not None
    report = web.get(f"/v1/catalog/imports/{job.result['import_id']}").json()
    assert (report["state"], report["added"], report["file"], report["errors"]) == ("published", 2, "feed.csv", [])
    assert web.get("/v1/catalog/imports").json()["imports"][0]["id"] == report["id"]
    assert [p for p in (kernel.config.data_dir / "uploads").rglob("*") if p.is_file()] == []


def test_a_refused_upload_fails_its_job_with_the_reason(shop: Shop, web: TestClient, kernel: Kernel) -> None:
    web.post("/v1/catalog/imports", files={"file": ("feed.csv", b"sku\n1\n")})
    job = kernel.jobs.run_once()
    assert job is not None
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert "no column 'id'" in job.error
    assert web.get("/v1/catalog/imports").json()["imports"][0]["state"] == "failed"


def test_products_are_listed_and_shown(shop: Shop, web: TestClient, write: Write) -> None:
    shop.catalog.import_products(write(FEED))
    listed = web.get("/v1/catalog/products", params={"q": "milk"}).json()
    assert listed["total"] == 1
    assert listed["items"][0]["price"] == {"amount_minor": 100, "currency": "USD"}
    shown = web.get("/v1/catalog/products/1").json()
    assert (shown["title"], shown["generation"], len(shown["price_history"])) == ("Milk <b>", 1, 1)
    assert shown["updated_at"] == "2026-11-23T12:00:00Z"


def test_events_are_taken_and_listed(web: TestClient) -> None:
    assert web.post("/v1/events", json={"events": [EVENT]}).json() == {"accepted": 1, "duplicates": 0}
    assert web.post("/v1/events", content=json.dumps(EVENT)).json() == {"accepted": 0, "duplicates": 1}
    listed = web.get("/v1/events", params={"name": "view_item"}).json()
    assert (listed["head"], listed["events"][0]["payload"]) == (1, {"items": [{"item_id": "1"}]})


def test_the_command_line_prints_one_json_document(cli: Callable[..., object], write: Write) -> None:
    done = cli("import", "catalog", write(FEED), "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["added"] == 2
    assert json.loads(cli("catalog", "list", "bread", "--json").stdout)["items"][0]["price"] == "2.00 USD"
    assert json.loads(cli("catalog", "show", "1", "--json").stdout)["title"] == "Milk <b>"
    assert len(json.loads(cli("catalog", "history", "1", "--json").stdout)["prices"]) == 1
    assert len(json.loads(cli("catalog", "imports", "--json").stdout)["imports"]) == 1
    done = cli("import", "events", write(json.dumps(EVENT) + "\n", "e.jsonl"), "--json")
    assert json.loads(done.stdout)["added"] == 1
    assert json.loads(cli("events", "list", "--name", "view_item", "--json").stdout)["events"][0]["subject"] == "ann"
    promotions = write(
        "promotion_id,long_title,item_id,promotion_effective_dates\na,Ten,1,2026-01-01/2027-01-01\n", "p.csv"
    )
    assert json.loads(cli("import", "promotions", promotions, "--json").stdout)["added"] == 1


def test_the_command_line_prints_tables_with_any_title(cli: Callable[..., object], write: Write) -> None:
    cli("import", "catalog", write("id,title\n1,[red]Milk[/nope] [bold\n"))
    for words in (("catalog", "list"), ("catalog", "show", "1"), ("catalog", "imports"), ("events", "list")):
        done = cli(*words)
        assert done.exit_code == 0
    assert "[red]Milk[/nope] [bold" in cli("catalog", "show", "1").stdout


def test_a_dry_run_from_the_command_line_publishes_nothing(
    cli: Callable[..., object], shop: Shop, write: Write
) -> None:
    done = cli("import", "catalog", write(FEED), "--dry-run", "--json")
    assert json.loads(done.stdout)["state"] == "rehearsed"
    assert shop.catalog.generation() == 0


def test_a_refused_feed_is_raised_for_the_edge_to_report(cli: Callable[..., object], write: Write) -> None:
    with pytest.raises(FeedRefused, match="is empty"):
        cli("import", "catalog", write(""))


def test_a_full_disk_publishes_nothing_and_the_import_goes_on_once_there_is_room(kernel: Kernel, write: Write) -> None:
    catalog = Catalog(kernel, CatalogConfig(chunk_rows=500))
    path = write("id,title,description\n" + "".join(f"{i},T{i},{'x' * 300}\n" for i in range(6000)))

    def limit(connection: object, _record: object) -> None:
        connection.execute("PRAGMA max_page_count=400")  # type: ignore[attr-defined]

    sa.event.listen(kernel.store.engine, "connect", limit)
    kernel.store.engine.dispose()
    with pytest.raises(Exhausted, match="The disk is full"):
        catalog.import_products(path)
    assert (catalog.generation(), catalog.page("").total) == (0, 0)
    sa.event.remove(kernel.store.engine, "connect", limit)
    kernel.store.engine.dispose()
    report = catalog.import_products(path)
    assert (report.rows, report.added, catalog.page("").total) == (6000, 6000, 6000)
