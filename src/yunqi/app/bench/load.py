"""A realistic mixed load on a shop, from a process of its own: ``python -m yunqi.app.bench.load URL``.

Open loop: requests start on a fixed schedule whether or not earlier ones have been answered, so a slow server cannot
hide its queue. A latency is counted from the moment a request should have started.
"""

import asyncio
import json
import random
import sys
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import aiohttp

_QUERIES = (
    "milk", "frozen pizza", "bread", "apples", "chicken", "ice cream", "cheese", "yogurt", "coffee", "dog food",
    "toothpaste", "tomato soup", "orange juice", "paper towels", "chocolate", "rice", "shampoo", "eggs", "bacon", "chips",
)  # fmt: skip
_MIX = (("search", 35), ("product", 25), ("home", 10), ("suggest", 12), ("basket", 8), ("events", 8), ("category", 2))


@dataclass(slots=True)
class Shopper:
    """One browser: its cookies and what it has seen."""

    session: aiohttp.ClientSession
    seen: list[str] = field(default_factory=list)
    decision: str = ""


class Load:
    """Sends the mix to one server and keeps every latency in milliseconds."""

    def __init__(self, url: str, *, seed: int = 7) -> None:
        self.url = url
        self._random = random.Random(seed)
        self.latencies: dict[str, list[float]] = defaultdict(list)
        self.failures: dict[str, int] = defaultdict(int)

    async def run(self, *, rate: float, seconds: float, shoppers: int = 40) -> None:
        """Send ``rate`` requests a second for so long."""
        sessions = [aiohttp.ClientSession(self.url) for _ in range(shoppers)]
        crowd = [Shopper(session) for session in sessions]
        try:
            started, tasks = time.perf_counter(), []
            for number in range(int(rate * seconds)):
                due = started + number / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                kind = self._random.choices([k for k, _ in _MIX], [w for _, w in _MIX])[0]
                tasks.append(asyncio.create_task(self._one(self._random.choice(crowd), kind, due)))
            await asyncio.gather(*tasks)
        finally:
            for session in sessions:
                await session.close()

    async def _one(self, shopper: Shopper, kind: str, due: float) -> None:
        method, path, body = self._request(shopper, kind)
        try:
            async with shopper.session.request(method, path, json=body) as reply:
                data = await reply.read()
                if reply.status >= 400:
                    self.failures[f"{kind} {reply.status}"] += 1
        except aiohttp.ClientError as error:
            self.failures[f"{kind} {type(error).__name__}"] += 1
            return
        self.latencies[kind].append((time.perf_counter() - due) * 1000)
        if kind in ("search", "category") and reply.status == 200:
            found = json.loads(data)
            sold = [item["id"] for item in found["items"] if item.get("availability") != "out_of_stock"]
            shopper.seen = sold or shopper.seen
            shopper.decision = found.get("decision_id") or ""

    def _request(self, shopper: Shopper, kind: str) -> tuple[str, str, Any]:
        product = self._random.choice(shopper.seen) if shopper.seen else None
        query = self._random.choice(_QUERIES)
        if kind == "home":
            return "GET", "/v1/storefront/home", None
        if kind == "suggest":
            return "GET", f"/v1/storefront/suggest?q={query[: self._random.randint(2, len(query))]}", None
        if kind == "category":
            return "GET", "/v1/storefront/search?q=&category=Grocery", None
        if product is None or kind == "search":
            return "GET", f"/v1/storefront/search?q={query}", None
        if kind == "product":
            return "GET", f"/v1/storefront/products/{product}", None
        if kind == "basket":
            return "PUT", f"/v1/storefront/basket/items/{product}", {"quantity": self._random.randint(0, 3)}
        return "POST", "/v1/storefront/events", {"events": [self._event(shopper, product)]}

    def _event(self, shopper: Shopper, product: str) -> dict[str, Any]:
        properties = {"items": [{"item_id": product}], "attribution_token": shopper.decision}
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        name = self._random.choice(["view_item", "view_item", "select_item", "add_to_cart"])
        message = str(uuid.UUID(int=self._random.getrandbits(128)))
        return {"type": "track", "event": name, "messageId": message, "timestamp": stamp, "properties": properties}


def main() -> None:
    """Run from the command line: URL, rate, seconds; prints latencies and failures as JSON."""
    url, rate, seconds, seed = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    load = Load(url, seed=seed)
    asyncio.run(load.run(rate=rate, seconds=seconds))
    print(json.dumps({"latencies": load.latencies, "failures": load.failures}))


if __name__ == "__main__":
    main()
