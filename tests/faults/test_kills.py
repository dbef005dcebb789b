"""kill -9 at random moments of orders and chats: nothing acknowledged is lost, nothing doubled.

With the 20 kills of imports in `tests/commerce/test_killed_import.py` these are 50 on SQLite; further ones on OceanBase,
where the engine's own process is killed too.
"""

import http.client
import json
import os
import random
import threading
import time
import uuid
from pathlib import Path

import pytest
from killable import Server

from yunqi.app.application import open_shop
from yunqi.app.settings import load_settings

pytestmark = [pytest.mark.slow]

KILLS_ORDERS = int(os.environ.get("YUNQI_TEST_KILLS_ORDERS", "24"))
KILLS_CHAT = int(os.environ.get("YUNQI_TEST_KILLS_CHAT", "6"))
KILLS_OCEANBASE = int(os.environ.get("YUNQI_TEST_KILLS_OCEANBASE", "5"))


def feed(path: Path, count: int, *, price: str = "1.49 USD") -> Path:
    rows = ["id,title,price,availability,product_type,quantity"]
    rows += [f"p{i},Product {i},{price},in_stock,Grocery > Things,100000" for i in range(count)]
    path.write_text("\n".join(rows) + "\n")
    return path


class Buyers:
    """Shoppers who buy as fast as they can and remember what was acknowledged."""

    def __init__(self, server: Server, *, buyers: int = 3) -> None:
        self.server = server
        self.cookies = [self._cookie() for _ in range(buyers)]
        self.attempts: dict[str, tuple[int, dict[str, str]]] = {}
        self.acknowledged: dict[str, str] = {}
        self.events: set[str] = set()
        self.sent_events: set[str] = set()
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def _cookie(self) -> str:
        return self.server.get("/v1/storefront/basket")[2]["set-cookie"].split(";")[0]

    def run(self, seconds: float) -> None:
        """Buy until the server is killed after so many seconds."""
        self._stop.clear()
        threads = [threading.Thread(target=self._buy, args=(i,)) for i in range(len(self.cookies))]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.server.kill()
        self._stop.set()
        for thread in threads:
            thread.join()

    def _buy(self, buyer: int) -> None:
        headers = {"Cookie": self.cookies[buyer]}
        rng = random.Random(buyer)
        while not self._stop.is_set():
            product = f"p{rng.randrange(200)}"
            message = str(uuid.uuid4())
            event = {"event": "add_to_cart", "messageId": message, "properties": {"items": [{"item_id": product}]}}
            try:
                self.sent_events.add(message)
                path = f"/v1/storefront/basket/items/{product}"
                if self.server.request("PUT", path, {"quantity": 2}, headers=headers)[0] != 200:
                    continue
                if self.server.request("POST", "/v1/storefront/events", {"events": [event]}, headers=headers)[0] == 200:
                    self.events.add(message)
                self.checkout(buyer, uuid.uuid4().hex)
            except (OSError, http.client.HTTPException, ValueError):
                continue  # the server was killed in the middle of an answer

    def checkout(self, buyer: int, key: str) -> int:
        """Buy the basket under a key; remember the acknowledgement."""
        headers = {"Cookie": self.cookies[buyer], "Idempotency-Key": key}
        body = {"email": "a@example.com", "name": "Ann", "address": "Road 1", "payment_token": "tok_visa"}
        self.attempts.setdefault(key, (buyer, headers))
        status, found, _ = self.server.request("POST", "/v1/storefront/checkout", body, headers=headers)
        if status == 201:
            with self._lock:
                earlier = self.acknowledged.setdefault(key, found["id"])
            assert earlier == found["id"], "the same key gave two orders"
        return status

    def retry(self) -> None:
        """Send again what was never answered, as a shopper's page does."""
        for key, (buyer, _) in list(self.attempts.items()):
            if key not in self.acknowledged:
                status = self.checkout(buyer, key)
                assert status in (201, 400), status  # 400: it never arrived, and the basket is empty now
                if status == 400:
                    del self.attempts[key]


def orders_under_fire(server: Server, folder: Path, kills: int) -> Buyers:
    server.cli("import", "catalog", str(feed(folder / "feed.csv", 200)), "--json")
    rng = random.Random(1)
    buyers: Buyers | None = None
    for _ in range(kills):
        server.start()
        buyers = buyers or Buyers(server)
        buyers.retry()
        buyers.run(rng.uniform(0.05, 1.2))
    server.start()
    assert buyers is not None
    buyers.retry()
    server.stop()
    return buyers


@pytest.mark.timeout(1200)
def test_orders_and_events_survive_kills(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", YUNQI_PAYMENTS_SETTLE_AFTER="0", YUNQI_WORKER="false")
    check(server.data_dir, orders_under_fire(server, tmp_path, KILLS_ORDERS), KILLS_ORDERS)


@pytest.mark.oceanbase
@pytest.mark.xdist_group("oceanbase")
@pytest.mark.timeout(1200)
def test_orders_and_events_survive_kills_on_oceanbase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pylibseekdb", reason="needs the oceanbase extra")
    url = f"oceanbase://{tmp_path}/engine"
    monkeypatch.setenv("YUNQI_DATABASE_URL", url)
    server = Server(tmp_path / "data", YUNQI_PAYMENTS_SETTLE_AFTER="0", YUNQI_WORKER="false", YUNQI_DATABASE_URL=url)
    server.kill_also = f"--base-dir={tmp_path}/engine", str(tmp_path / "engine")
    try:
        check(server.data_dir, orders_under_fire(server, tmp_path, KILLS_OCEANBASE), KILLS_OCEANBASE)
    finally:
        server.kill_engine()


@pytest.mark.model
@pytest.mark.timeout(900)
def test_chats_are_metered_once_whatever_is_killed(tmp_path: Path, small_model: Path) -> None:
    server = Server(tmp_path / "data", YUNQI_STUDIO_DEFAULT_MODEL="smollm2-135m-instruct", YUNQI_WORKER="false")
    server.cli("hub", "add", str(small_model), "--id", "smollm2-135m-instruct", "--json")
    key = json.loads(server.cli("keys", "create", "chat", "--scope", "models", "--json").stdout)["secret"]
    headers = {"Authorization": f"Bearer {key}"}
    rng, answered = random.Random(2), {}
    for number in range(KILLS_CHAT):
        server.start()
        timer = threading.Timer(rng.uniform(1.0, 4.0), server.kill)
        timer.start()
        for turn in range(1000):
            body = {
                "model": "default",
                "messages": [{"role": "user", "content": f"Count to {turn}."}],
                "max_tokens": 12,
            }
            try:
                status, found, _ = server.request("POST", "/v1/chat/completions", body, headers=headers)
            except (OSError, http.client.HTTPException, ValueError):
                break
            if status == 200:
                answered[found["id"]] = found["usage"]["completion_tokens"]
        timer.join()
        assert number < 1 or answered, "no answer arrived before the kills"
    with open_shop(settings=load_settings(data_dir=server.data_dir), start=False) as shop:
        calls = [event.data() for event in shop.kernel.events.replay(names=["ModelCalled"])]
        ids = [call["call_id"] for call in calls]
        assert len(ids) == len(set(ids))
        metered = {call["call_id"]: call["output_tokens"] for call in calls}
        for answer, tokens in answered.items():
            assert metered[answer] == tokens, "an answered chat was not metered, or not as it was answered"
        rows = shop.kernel.usage.report("default", by="model")
        assert sum(row.quantity for row in rows if row.meter == "model.output_tokens") == sum(metered.values())


def check(data_dir: Path, buyers: Buyers, kills: int) -> None:
    with open_shop(settings=load_settings(data_dir=data_dir), start=False) as shop:
        shop.payments.settle_pending()
        log = list(shop.kernel.events.replay())
        purchases = [json.loads(event.payload)["transaction_id"] for event in log if event.name == "purchase"]
        orders = {str(o.id): o for c in buyer_ids(log) for o in shop.payments.orders(c, limit=100_000)}
        assert len(buyers.acknowledged) > kills / 2, "the test bought too little to show anything"
        assert set(buyers.acknowledged.values()) == set(orders), "an order was lost or doubled"
        assert {order.status.value for order in orders.values()} == {"paid"}
        assert sorted(purchases) == sorted(order.number for order in orders.values())
        messages = [event.message_id for event in log]
        assert len(messages) == len(set(messages))
        assert buyers.events <= set(messages), "an acknowledged event was lost"
        assert {m for m in messages if "-" in m and ":" not in m and not m.startswith("order")} <= buyers.sent_events
        balances = {balance.account: balance.amount_minor for balance in shop.payments.balances()}
        total = sum(order.total_minor for order in orders.values())
        assert balances == {"receivable:test": total, "revenue:sales": -total}
        sold: dict[str, int] = {}
        for order in orders.values():
            for line in order.lines:
                sold[line.product_id] = sold.get(line.product_id, 0) + line.quantity
        for product, quantity in sold.items():
            assert shop.catalog.in_stock(product) == 100_000 - quantity


def buyer_ids(log: list) -> set[str]:  # type: ignore[type-arg]
    return {event.subject for event in log if event.name == "purchase" and event.subject}
