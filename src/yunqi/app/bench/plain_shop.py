"""The peer of the `serve` bench: the shop that a competent engineer writes in a day with Starlette and SQLite's own FTS5.

Same requests, same products, same web server, no ranking, no decisions, no durable event semantics: it inserts what it
gets. It shows what those cost.
"""

import json
import sqlite3
import sys
import threading
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_LOCAL = threading.local()
_CARD = ("id", "title", "price", "brand", "category", "size")


def database(path: str) -> sqlite3.Connection:
    """Return this thread's connection."""
    if not hasattr(_LOCAL, "connection"):
        _LOCAL.connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        _LOCAL.connection.execute("PRAGMA journal_mode=WAL")
        _LOCAL.connection.execute("PRAGMA synchronous=NORMAL")
    found: sqlite3.Connection = _LOCAL.connection
    return found


def build(path: str, rows: list[tuple[Any, ...]]) -> None:
    """Fill the database with products."""
    connection = database(path)
    connection.execute("CREATE TABLE product (id TEXT PRIMARY KEY, title, price, brand, category, size)")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5(title, category, brand, id UNINDEXED)")
    connection.execute("CREATE TABLE event (id TEXT PRIMARY KEY, body)")
    connection.execute("CREATE TABLE basket (shopper, product, quantity, PRIMARY KEY (shopper, product))")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO product VALUES (?,?,?,?,?,?)", rows)
    connection.executemany(
        "INSERT INTO words (title, category, brand, id) VALUES (?,?,?,?)", [(r[1], r[4], r[3], r[0]) for r in rows]
    )
    connection.execute("COMMIT")


class PlainShop:
    """The endpoints."""

    def __init__(self, path: str) -> None:
        self.path = path

    def _cards(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        return [dict(zip(_CARD, row, strict=True)) for row in database(self.path).execute(query, arguments)]

    def search(self, request: Request) -> Any:
        """Full-text search, best 24 by BM25, with the total."""
        words = " OR ".join(f'"{word}"' for word in request.query_params.get("q", "").split())
        if not words:
            items = self._cards(
                "SELECT * FROM product WHERE category LIKE ? LIMIT 24", request.query_params["category"] + "%"
            )
            return {"items": items, "total": len(items)}
        items = self._cards(
            "SELECT p.* FROM words w JOIN product p ON p.id = w.id WHERE words MATCH ? ORDER BY bm25(words) LIMIT 24",
            words,
        )
        total = database(self.path).execute("SELECT COUNT(*) FROM words WHERE words MATCH ?", (words,)).fetchone()[0]
        return {"items": items, "total": total}

    def suggest(self, request: Request) -> Any:
        """Titles that begin so."""
        prefix = request.query_params.get("q", "")
        rows = database(self.path).execute("SELECT title FROM product WHERE title LIKE ? LIMIT 8", (prefix + "%",))
        return {"suggestions": [row[0] for row in rows]}

    def home(self, _: Request) -> Any:
        """The first products."""
        return {"items": self._cards("SELECT * FROM product LIMIT 48")}

    def product(self, request: Request) -> Any:
        """A product and others of its category."""
        [found] = self._cards("SELECT * FROM product WHERE id = ?", request.path_params["id"])
        return {
            "product": found,
            "similar": self._cards("SELECT * FROM product WHERE category = ? LIMIT 12", found["category"]),
        }

    def basket(self, request: Request, body: Any) -> Any:
        """Set a quantity."""
        row = (request.client.port if request.client else 0, request.path_params["id"], body["quantity"])
        database(self.path).execute("INSERT OR REPLACE INTO basket VALUES (?,?,?)", row)
        return {"ok": True}

    def events(self, _: Request, body: Any) -> Any:
        """Insert events."""
        for event in body["events"]:
            database(self.path).execute(
                "INSERT OR IGNORE INTO event VALUES (?,?)", (event["messageId"], json.dumps(event))
            )
        return {"ok": True}


def application(path: str) -> Starlette:
    """Return the ASGI application over a database."""
    shop = PlainShop(path)

    def reading(work: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            return JSONResponse(await run_in_threadpool(work, request))

        return endpoint

    def writing(work: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            return JSONResponse(await run_in_threadpool(work, request, await request.json()))

        return endpoint

    prefix = "/v1/storefront"
    routes = [
        Route(f"{prefix}/search", reading(shop.search)),
        Route(f"{prefix}/suggest", reading(shop.suggest)),
        Route(f"{prefix}/home", reading(shop.home)),
        Route(f"{prefix}/products/{{id}}", reading(shop.product)),
        Route(f"{prefix}/basket/items/{{id}}", writing(shop.basket), methods=["PUT"]),
        Route(f"{prefix}/events", writing(shop.events), methods=["POST"]),
        Route("/healthz", reading(lambda _: {})),
    ]
    return Starlette(routes=routes)


if __name__ == "__main__":
    uvicorn.run(application(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), log_config=None, access_log=False)
