"""The catalog and activity on every store: the same imports give the same shop."""

import json
import threading
from pathlib import Path

import pytest

from yunqi.commerce.activity import Activity, ActivityConfig
from yunqi.commerce.catalog import Catalog, CatalogConfig, FeedRefused, Money, OutOfStock, ProductNotFound
from yunqi.kernel import Kernel

HEAD = "id,title,price,product_type,quantity\n"


def write(folder: Path, rows: list[str]) -> Path:
    path = folder / "feed.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_generations_prices_and_stock(kernel: Kernel, tmp_path: Path) -> None:
    catalog = Catalog(kernel, CatalogConfig(chunk_rows=40))
    rows = [f"p{i},Milk 牛奶 {i},{i + 1}.00 USD,Grocery > Milk,5" for i in range(100)]
    report = catalog.import_products(write(tmp_path, rows))
    assert (report.added, report.generation) == (100, 1)
    assert catalog.import_products(write(tmp_path, rows)).unchanged == 100
    changed = ["p0,Milk 牛奶 0,9.00 USD,Grocery > Milk,5", *rows[1:90], "P1,Upper case,1.00 USD,,"]
    report = catalog.import_products(write(tmp_path, changed))
    assert (report.added, report.updated, report.unchanged, report.retired) == (1, 1, 89, 10)
    assert [p.price for p in catalog.history("p0")] == [Money(100, "USD"), Money(900, "USD")]
    assert catalog.product("P1").title == "Upper case"
    assert catalog.product("p1").title == "Milk 牛奶 1"
    assert catalog.page("牛奶 10").total == 1
    assert len(catalog.cards()) == 101
    assert int(catalog.cards().live.sum()) == 91
    with pytest.raises(FeedRefused):
        catalog.import_products(write(tmp_path, ["p0,Milk,-1.00 USD,,"]))
    with pytest.raises(ProductNotFound):
        catalog.product("p95")
    assert catalog.generation() == 2


def test_an_interrupted_import_is_taken_up_and_another_one_cleared(kernel: Kernel, tmp_path: Path) -> None:
    catalog = Catalog(kernel, CatalogConfig(chunk_rows=20))

    def stop(done: int, total: int, message: str) -> None:
        raise KeyboardInterrupt

    old = [f"p{i},T{i},1.00 USD,," for i in range(50)]
    catalog.import_products(write(tmp_path, old), workspace="two")
    with pytest.raises(KeyboardInterrupt):
        catalog.import_products(
            write(tmp_path, [row.replace("1.00", "2.00") for row in old]), workspace="two", progress=stop
        )
    new = [row.replace("1.00", "3.00") for row in old]
    with pytest.raises(KeyboardInterrupt):
        catalog.import_products(write(tmp_path, new), workspace="two", progress=stop)
    assert catalog.product("p0", workspace="two").price == Money(100, "USD")
    report = catalog.import_products(write(tmp_path, new), workspace="two")
    assert (report.rows, report.updated) == (50, 50)
    assert [p.price for p in catalog.history("p49", workspace="two")] == [Money(100, "USD"), Money(300, "USD")]


def test_buyers_at_once_never_oversell(kernel: Kernel, tmp_path: Path) -> None:
    catalog = Catalog(kernel, CatalogConfig())
    catalog.import_products(write(tmp_path, ["a,Milk,1.00 USD,,5"]), workspace="stock")
    sold: list[str] = []

    def buy(buyer: int) -> None:
        for attempt in range(3):
            key = f"{buyer}-{attempt}"
            try:
                kernel.store.transact(lambda _, key=key: catalog.reserve(key, {"a": 1}, workspace="stock"))
                sold.append(key)
            except OutOfStock:
                pass

    threads = [threading.Thread(target=buy, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(sold), catalog.in_stock("a", workspace="stock")) == (5, 0)
    assert catalog.release(sold[0], workspace="stock")
    assert catalog.in_stock("a", workspace="stock") == 1


def test_events_and_identities(kernel: Kernel, tmp_path: Path) -> None:
    activity = Activity(kernel, ActivityConfig(chunk_events=100), catalog=Catalog(kernel, CatalogConfig()))
    base = {"event": "view_item", "timestamp": "2026-11-01T10:00:00Z", "properties": {"items": [{"item_id": "牛奶"}]}}
    rows = [{**base, "messageId": f"m{i}", "anonymousId": f"v{i % 3}"} for i in range(250)]
    rows.append({**base, "messageId": "last", "anonymousId": "v1", "userId": "ann"})
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    before = kernel.events.count(workspace="three")
    assert activity.import_events(path, workspace="three").added == 251
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    assert activity.import_events(path, workspace="three").unchanged == 251
    assert kernel.events.count(workspace="three") - before == 252
    assert (activity.subject("v1", workspace="three"), activity.visitors("ann", workspace="three")) == ("ann", ["v1"])
