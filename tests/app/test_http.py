"""The HTTP edge: keys on every route, tenants apart, one error body, ids, limits."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from yunqi.app.application import App

PUBLIC = {
    "/healthz", "/readyz", "/metrics", "/v1/session", "/openapi.json",
}  # fmt: skip


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def operations(shop: App, web: TestClient) -> list[tuple[str, str]]:
    paths = web.get("/openapi.json").json()["paths"]
    found = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    return [*found, ("POST", "/v1/chat/completions"), ("GET", "/v1/models"), ("GET", "/v1/studio/models")]


def test_every_route_needs_a_key_unless_it_is_public_by_design(shop: App, web: TestClient) -> None:
    checked = 0
    for method, path in operations(shop, web):
        if path in PUBLIC or path.startswith("/v1/storefront/"):
            continue
        reply = web.request(method, path.replace("{", "").replace("}", ""), json={})
        assert reply.status_code == 401, (method, path, reply.status_code)
        assert reply.json()["code"] == "unauthenticated"
        checked += 1
    assert checked > 20


def test_an_error_has_one_body_that_every_client_reads(web: TestClient) -> None:
    reply = web.get("/v1/keys", headers={"X-Request-Id": "my-id-1"})
    found = reply.json()
    assert found["request_id"] == reply.headers["x-request-id"] == "my-id-1"
    assert found["error"]["message"] == found["message"]
    assert found["error"]["type"] == "authentication_error"
    assert "Bearer sk-" in found["message"]
    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("bad", ["a b", "x" * 65, "<script>"])
def test_a_hostile_request_id_is_replaced(web: TestClient, bad: str) -> None:
    assert web.get("/healthz", headers={"X-Request-Id": bad}).headers["x-request-id"].startswith("req-")


def test_scopes_are_kept_apart(web: TestClient, keys: dict[str, str]) -> None:
    assert web.get("/v1/keys", headers=bearer(keys["read"])).status_code == 403
    assert web.get("/v1/keys", headers=bearer(keys["models"])).status_code == 403
    assert web.get("/v1/overview", headers=bearer(keys["models"])).status_code == 403
    assert web.get("/v1/overview", headers=bearer(keys["read"])).status_code == 200
    assert web.get("/v1/keys", headers=bearer(keys["admin"])).status_code == 200
    assert web.post("/v1/events", headers=bearer(keys["read"]), json={"events": []}).status_code == 403


def test_tenants_do_not_see_each_other(shop: App, web: TestClient, keys: dict[str, str]) -> None:
    job = shop.kernel.jobs.submit("catalog.import", {"path": "/nowhere"})
    made = web.post("/v1/keys", headers=bearer(keys["admin"]), json={"name": "k", "scopes": ["read"]}).json()
    shop.kernel.jobs.cancel(job.id)
    mine, other = bearer(keys["admin"]), bearer(keys["other"])
    assert web.get(f"/v1/jobs/{job.id}", headers=mine).status_code == 200
    assert web.get(f"/v1/jobs/{job.id}", headers=other).status_code == 404
    assert web.post(f"/v1/jobs/{job.id}/cancel", headers=other).status_code == 404
    assert web.delete(f"/v1/keys/{made['id']}", headers=other).status_code == 404
    assert [key["name"] for key in web.get("/v1/keys", headers=other).json()["keys"]] == ["other"]
    assert web.get("/v1/catalog/products", headers=other).json()["total"] == 0
    assert web.get("/v1/catalog/products", headers=mine).json()["total"] == 8


def test_a_revoked_key_is_refused_at_once(web: TestClient, keys: dict[str, str]) -> None:
    made = web.post("/v1/keys", headers=bearer(keys["admin"]), json={"name": "short", "scopes": ["read"]}).json()
    assert web.get("/v1/overview", headers=bearer(made["secret"])).status_code == 200
    assert web.delete(f"/v1/keys/{made['id']}", headers=bearer(keys["admin"])).status_code == 200
    assert web.get("/v1/overview", headers=bearer(made["secret"])).status_code == 401


def test_a_console_session_reads_with_its_cookie_and_writes_only_with_the_header(
    shop: App, keys: dict[str, str]
) -> None:
    from yunqi.app.http import create

    with TestClient(create(shop)) as browser:
        assert browser.post("/v1/session", json={"key": "sk-wrong"}).status_code == 401
        assert browser.get("/v1/session").status_code == 401
        opened = browser.post("/v1/session", json={"key": keys["admin"]})
        cookie = opened.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert keys["admin"] not in cookie
        assert browser.get("/v1/session").json()["name"] == "admin"
        assert browser.get("/v1/keys").status_code == 200
        refused = browser.post("/v1/keys", json={"name": "x", "scopes": ["read"]})
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
        made = browser.post("/v1/keys", json={"name": "x", "scopes": ["read"]}, headers={"X-Yunqi": "1"})
        assert made.status_code == 201
        browser.delete("/v1/session")
        assert browser.get("/v1/keys").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "match"),
    [
        ("POST", "/v1/keys", {"name": "x"}, "scopes"),
        ("POST", "/v1/keys", {"name": "x", "scopes": ["root"]}, "Unknown scopes"),
        ("GET", "/v1/usage?by=hour", None, "use day, model or key"),
        ("GET", "/v1/usage?since=yesterday", None, "ISO 8601"),
        ("GET", "/v1/jobs/abc", None, "job_id"),
    ],
)
def test_bad_input_is_named(
    web: TestClient, keys: dict[str, str], method: str, path: str, body: Any, match: str
) -> None:
    reply = web.request(method, path, json=body, headers=bearer(keys["admin"]))
    assert reply.status_code == 400
    assert match in reply.json()["message"]


def test_a_body_over_the_limit_is_refused_before_it_is_read(web: TestClient) -> None:
    reply = web.post("/v1/session", content=b"x" * 2_000_001)
    assert (reply.status_code, reply.json()["code"]) == (413, "body_too_large")


def test_health_readiness_and_metrics(web: TestClient) -> None:
    assert web.get("/healthz").json()["status"] == "ok"
    ready = web.get("/readyz")
    assert ready.status_code == 200
    assert {check["name"] for check in ready.json()["checks"]} >= {"database", "catalog", "search", "worker"}
    text = web.get("/metrics").text
    for name in (
        "yunqi_http_requests_total",
        "yunqi_http_request_seconds_bucket",
        "yunqi_event_log_head",
        "yunqi_jobs{",
    ):
        assert name in text


def test_settings_show_no_secret(web: TestClient, keys: dict[str, str]) -> None:
    found = web.get("/v1/settings", headers=bearer(keys["admin"])).json()["settings"]
    assert all(row["doc"] for row in found)
    assert {row["section"] for row in found} >= {"kernel", "catalog", "ranking", "studio", "storefront"}
    assert all(row["value"] in ("", "***") for row in found if row["secret"])


def test_a_job_is_followed_to_its_end(shop: App, web: TestClient, keys: dict[str, str]) -> None:
    job = shop.kernel.jobs.submit("catalog.import", {"path": "/nowhere/feed.csv"})
    shop.kernel.jobs.run_once(kinds=["catalog.import"])
    frames = web.get(f"/v1/jobs/{job.id}/events", headers=bearer(keys["read"])).text.strip().split("\n\n")
    last = json.loads(frames[-1].removeprefix("data: "))
    assert last["state"] == "failed"
    assert "/nowhere/feed.csv" in last["error"]


def test_an_inner_failure_shows_no_trace_and_names_the_request(
    shop: App, web: TestClient, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(shop.kernel.usage, "report", broken)
    reply = web.get("/v1/usage", headers=bearer(keys["read"]))
    assert reply.status_code == 500
    assert "secret detail" not in reply.text
    assert reply.json()["request_id"] in reply.json()["message"]
