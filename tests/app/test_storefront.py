"""The shop over HTTP: browse, fill a basket, buy, once."""

import json
import uuid

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from yunqi.app.application import App
from yunqi.app.http import create

ANN = {"email": "ann@example.com", "name": "Ann", "address": "Road 1", "payment_token": "tok_visa"}


@pytest.fixture(scope="module")
def application(shop: App) -> FastAPI:
    return create(shop)


@pytest.fixture
def browser(application: FastAPI) -> TestClient:
    return TestClient(application, raise_server_exceptions=False)


def fill(browser: TestClient, product: str = "1001", quantity: int = 2) -> dict:  # type: ignore[type-arg]
    return browser.put(f"/v1/storefront/basket/items/{product}", json={"quantity": quantity}).json()


def buy(browser: TestClient, key: str | None = None, **changes: str):  # type: ignore[no-untyped-def]
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    return browser.post("/v1/storefront/checkout", json={**ANN, **changes}, headers=headers)


def test_a_search_finds_and_its_decision_is_logged(shop: App, browser: TestClient) -> None:
    found = browser.get("/v1/storefront/search?q=milk&in_stock=true").json()
    assert {item["id"] for item in found["items"]} >= {"1001", "1002"}
    assert found["items"][0]["price"]["currency"] == "USD"
    assert shop.ranking.explain(found["decision_id"]).decision.query == "milk"


def test_a_typo_and_a_beginning_are_understood(browser: TestClient) -> None:
    assert browser.get("/v1/storefront/search?q=piza").json()["items"]
    assert any("milk" in s["text"].lower() for s in browser.get("/v1/storefront/suggest?q=mil").json()["suggestions"])
    assert [item["id"] for item in browser.get("/v1/storefront/search?q=红色T恤").json()["items"]] == ["1008"]


def test_nothing_found_is_an_empty_page_and_a_bad_sort_is_refused(browser: TestClient) -> None:
    assert browser.get("/v1/storefront/search?q=zzqqxx").json()["items"] == []
    assert browser.get("/v1/storefront/search?q=milk&sort=magic").status_code == 400


def test_a_basket_becomes_one_order_and_is_empty_then(shop: App, browser: TestClient) -> None:
    basket = fill(browser)
    assert (basket["count"], basket["total"]) == (2, {"amount_minor": 298, "currency": "USD"})
    key = uuid.uuid4().hex
    first, again = buy(browser, key), buy(browser, key)
    assert (first.status_code, again.status_code) == (201, 201)
    order = first.json()
    assert again.json() == order
    assert (order["status"], order["total"]["amount_minor"]) == ("paid", 298)
    assert browser.get("/v1/storefront/basket").json()["count"] == 0
    assert browser.get(f"/v1/storefront/orders/{order['id']}").json() == order
    assert len(browser.get("/v1/storefront/orders").json()["orders"]) == 1
    log = [event for event in shop.kernel.events.read(names=["purchase"]) if order["number"].encode() in event.payload]
    assert len(log) == 1
    assert json.loads(log[0].payload)["value"] == 2.98


def test_a_declined_card_takes_nothing_and_keeps_the_basket(shop: App, browser: TestClient) -> None:
    before = shop.payments.balances()
    fill(browser)
    refused = buy(browser, payment_token="tok_declined")
    assert (refused.status_code, refused.json()["code"]) == (402, "card_declined")
    assert browser.get("/v1/storefront/basket").json()["count"] == 2
    assert shop.payments.balances() == before
    assert buy(browser).status_code == 201


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"email": "nobody"}, "email"),
        ({"name": " "}, "name"),
        ({"address": ""}, "address"),
        ({"payment_token": "4111"}, "payment_token"),
    ],
)
def test_a_bad_checkout_names_the_field_and_changes_nothing(
    browser: TestClient, changes: dict[str, str], param: str
) -> None:
    fill(browser)
    refused = buy(browser, **changes)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)
    assert browser.get("/v1/storefront/basket").json()["count"] == 2
    assert browser.get("/v1/storefront/orders").json()["orders"] == []


def test_checkout_needs_a_key_and_a_basket(browser: TestClient) -> None:
    assert buy(browser).json()["code"] == "basket_empty"
    fill(browser)
    assert browser.post("/v1/storefront/checkout", json=ANN).json()["error"]["param"] == "Idempotency-Key"


def test_a_key_used_for_another_order_is_a_conflict(browser: TestClient) -> None:
    fill(browser)
    key = uuid.uuid4().hex
    assert buy(browser, key).status_code == 201
    fill(browser)
    assert buy(browser, key, name="Bob").status_code == 409


def test_what_is_out_of_stock_cannot_be_put_into_a_basket(browser: TestClient) -> None:
    refused = browser.put("/v1/storefront/basket/items/1005", json={"quantity": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "out_of_stock")
    assert browser.put("/v1/storefront/basket/items/none", json={"quantity": 1}).status_code == 404
    assert browser.put("/v1/storefront/basket/items/1001", json={"quantity": -1}).status_code == 400


def test_shoppers_do_not_see_each_others_baskets_and_orders(shop: App, browser: TestClient) -> None:
    fill(browser)
    order = buy(browser).json()
    stranger = TestClient(create(shop))
    assert stranger.get(f"/v1/storefront/orders/{order['id']}").status_code == 404
    assert stranger.get("/v1/storefront/basket").json()["count"] == 0


def test_a_forged_visitor_cookie_gives_a_new_visitor(shop: App, browser: TestClient) -> None:
    fill(browser)
    forged = TestClient(create(shop), cookies={"yunqi_visitor": "v-000000000000000000000000.0000"})
    reply = forged.get("/v1/storefront/basket")
    assert reply.json()["count"] == 0
    assert "yunqi_visitor=v-" in reply.headers["set-cookie"]


def test_what_was_bought_shows_in_the_next_recommendation(browser: TestClient) -> None:
    fill(browser, "1006", 1)
    assert buy(browser).status_code == 201
    again = {section["id"]: section for section in browser.get("/v1/storefront/home").json()["sections"]}["again"]
    assert "1006" in [item["id"] for item in again["items"]]


def test_a_page_reports_once_and_for_its_own_shopper_only(shop: App, browser: TestClient) -> None:
    event = {"event": "view_item", "messageId": uuid.uuid4().hex, "userId": "somebody-else",
             "properties": {"items": [{"item_id": "1006"}]}}  # fmt: skip
    assert browser.post("/v1/storefront/events", json={"events": [event]}).json() == {"accepted": 1, "duplicates": 0}
    assert browser.post("/v1/storefront/events", json={"events": [event]}).json() == {"accepted": 0, "duplicates": 1}
    assert shop.kernel.events.read(subject="somebody-else") == []


def test_a_page_cannot_claim_a_sale(browser: TestClient) -> None:
    event = {"event": "purchase", "messageId": "forged", "properties": {"items": [{"item_id": "1006"}]}}
    assert browser.post("/v1/storefront/events", json={"events": [event]}).status_code == 403


@pytest.mark.parametrize(
    "event",
    [
        {"event": "explode", "messageId": "1"},
        {"event": "view_item", "messageId": "", "properties": {"items": [{"item_id": "1"}]}},
        {"event": "view_item", "messageId": "2", "properties": {"items": []}},
        {"event": "view_item"},
    ],
)
def test_an_event_that_breaks_the_contract_is_refused(browser: TestClient, event: dict[str, object]) -> None:
    assert browser.post("/v1/storefront/events", json={"events": [event]}).status_code == 400


def test_the_public_routes_are_limited(shop: App) -> None:
    from yunqi.app.http.limits import AddressLimit
    from yunqi.kernel import Exhausted

    limit = AddressLimit(1, 3)
    for _ in range(3):
        limit.take("a")
    with pytest.raises(Exhausted) as refused:
        limit.take("a")
    assert refused.value.retry_after is not None
    limit.take("b")
