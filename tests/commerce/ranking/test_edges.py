"""Routes, commands and jobs of everything that ranks, on a real shop."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from yunqi.commerce.experiments import cli as experiments_cli
from yunqi.commerce.experiments import routes as experiments_routes
from yunqi.commerce.ranking import cli as ranking_cli
from yunqi.commerce.ranking import jobs as ranking_jobs
from yunqi.commerce.ranking import routes as ranking_routes
from yunqi.commerce.recommend import cli as recommend_cli
from yunqi.commerce.recommend import jobs as recommend_jobs
from yunqi.commerce.search import cli as search_cli
from yunqi.commerce.search import jobs as search_jobs
from yunqi.kernel import JobState, Principal

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def stocked(shop: Any) -> Any:
    shop.feed()
    for day in range(1, 20):
        shop.happen("purchase", "ann", ["p1", f"p{day + 20}"], NOW - timedelta(days=day))
    shop.live()
    return shop


@pytest.fixture
def web(stocked: Any) -> TestClient:
    def require(scope: str) -> Any:
        return Depends(lambda: Principal("default", 1, "test", frozenset({scope})))

    app = FastAPI()
    app.include_router(experiments_routes.router(stocked.experiments, require))
    app.include_router(ranking_routes.router(stocked.ranking, require))
    return TestClient(app)


@pytest.fixture
def run(stocked: Any) -> Callable[..., Any]:
    @contextmanager
    def open_app() -> Iterator[Any]:
        stocked.start = lambda: None
        yield stocked

    root = typer.Typer()
    root.add_typer(experiments_cli.policies(open_app))
    root.add_typer(experiments_cli.decisions(open_app))
    root.add_typer(ranking_cli.commands(open_app))
    root.add_typer(recommend_cli.commands(open_app))
    root.add_typer(search_cli.commands(open_app))

    def run(*words: str) -> Any:
        done = CliRunner().invoke(root, [*words, "--json"], catch_exceptions=False)
        return done.exit_code, json.loads(done.stdout)

    return run


def test_an_explained_decision_has_the_contracts_fields(stocked: Any, web: TestClient) -> None:
    answer = stocked.recommend.strip("for_you", "ann")
    stocked.happen("add_to_cart", "ann", [answer.items[0].id], NOW, attribution_token=answer.decision_id)
    stocked.kernel.events.pump()
    found = web.get(f"/v1/decisions/{answer.decision_id}").json()
    assert (found["surface"], found["policy_id"], found["subject"]) == ("for_you", "for_you-1", "ann")
    first = found["items"][0]
    assert (first["position"], first["product_id"], first["shown"]) == (1, answer.items[0].id, True)
    assert sum(first["contributions"].values()) == pytest.approx(first["score"], rel=1e-4)
    assert [(one["event"], one["product_id"]) for one in found["outcomes"]] == [("add_to_cart", answer.items[0].id)]
    assert {"name", "in", "out", "ms"} == set(found["stages"][0])
    listed = web.get("/v1/decisions", params={"surface": "for_you", "limit": 1}).json()["decisions"]
    assert [(one["id"], one["items"]) for one in listed] == [(answer.decision_id, 12)]


def test_policies_are_listed_and_promoted(stocked: Any, web: TestClient) -> None:
    stocked.recommend.strip("again", "ann")
    spec = next(surface for surface in stocked.ranking.surfaces() if surface.name == "again")
    stocked.ranking.policies.by_hand(spec)
    assert web.post("/v1/policies/again-2/promote").json()["stage"] == "production"
    stages = {one["id"]: one["stage"] for one in web.get("/v1/policies?surface=again").json()["policies"]}
    assert stages == {"again-1": "retired", "again-2": "production"}


def test_jobs_rebuild_and_train(stocked: Any, web: TestClient) -> None:
    jobs = stocked.kernel.jobs
    ranking_jobs.register(jobs, stocked.ranking)
    recommend_jobs.register(jobs, stocked.recommend)
    search_jobs.register(jobs, stocked.search)
    submitted = [
        jobs.submit("recommend.rebuild", {}).id,
        jobs.submit("search.rebuild", {}).id,
        int(web.post("/v1/policies/train", json={}).json()["job_id"]),
        int(web.post("/v1/policies/train", json={"surface": "for_you"}).json()["job_id"]),
    ]
    while jobs.run_once():
        pass
    neighbours, index, everything, one = (jobs.get(job) for job in submitted)
    assert (neighbours.state, neighbours.result["products"]) == (JobState.DONE, 20)
    assert (index.state, index.result["products"]) == (JobState.DONE, 120)
    assert everything.state is JobState.DONE
    assert set(everything.result) == {"basket", "for_you"}
    assert all("Import more history" in found["skipped"] for found in everything.result.values())
    assert one.state is JobState.FAILED
    assert "Import more history" in one.error


def test_commands_print_one_document(stocked: Any, run: Callable[..., Any]) -> None:
    code, found = run("search", "find", "milk number 7")
    assert (code, found["total"], found["items"][0]["id"]) == (0, 1, "p7")
    assert run("search", "suggest", "chee")[1]["suggestions"][0]["kind"] == "category"
    assert run("search", "rebuild")[1]["products"] == 120
    strips = {strip["surface"]: strip for strip in run("recommend", "home", "--subject", "ann")[1]}
    assert strips["again"]["items"][0]["id"] == "p1"
    assert [strip["surface"] for strip in run("recommend", "product", "p1")[1]] == ["similar", "together"]
    assert run("recommend", "rebuild")[1]["products"] == 20
    code, found = run("ranking", "explain", strips["again"]["decision_id"])
    assert (code, found["items"][0]["item"]["product_id"]) == (0, "p1")
    code, found = run("ranking", "verify")
    assert (code, found["different"]) == (0, [])
    assert found["checked"] == len(run("decisions", "list", "--limit", "100")[1]["decisions"])
    assert run("decisions", "prune")[1] == {"removed": 0}
    assert {policy["stage"] for policy in run("policies", "list")[1]["policies"]} == {"production"}
