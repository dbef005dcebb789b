"""The console's first page: what happens in the shop now, in live figures."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter

from yunqi.app.application import App
from yunqi.app.http.operator import iso
from yunqi.app.http.principals import Principals
from yunqi.commerce.activity import NAMES
from yunqi.commerce.catalog import Money
from yunqi.kernel import Principal


def overview_router(app: App, principals: Principals, *, worker_alive: Callable[[], bool]) -> APIRouter:
    """Return the overview's route."""
    router = APIRouter(prefix="/v1/overview", tags=["overview"])

    @router.get("")
    def overview(range: str = "24h", principal: Principal = principals.require("read")) -> dict[str, Any]:
        """Return the shop's figures, its last day by the hour (or 30 days by the day), and the state of each part."""
        now = app.kernel.clock()
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return {
            "now": iso(now),
            "shop": _shop(app),
            "today": _today(app, day),
            "series": _series(app, now, days=30 if range == "30d" else 1),
            "top_queries": [{"query": query, "count": count} for query, count in app.search.top_queries()],
            "health": [check._asdict() for check in app.health(worker_alive=worker_alive())],
            "demo_note": app.storefront.demo_note(),
        }

    return router


def _shop(app: App) -> dict[str, int]:
    cards = app.catalog.cards()
    orders, _ = app.payments.sales(datetime.fromisoformat("1970-01-01T00:00:00+00:00"))
    return {
        "products": int(cards.live.sum()),
        "in_stock": int(cards.available.sum()),
        "events": app.kernel.events.head(),
        "orders": orders,
        "shoppers": app.shoppers(),
    }


def _today(app: App, day: datetime) -> dict[str, Any]:
    orders, revenue = app.payments.sales(day)
    counts: Counter[str] = Counter()
    for (_, name), count in app.kernel.events.histogram(day, seconds=86_400).items():
        counts[name] += count
    return {
        "events": sum(counts[name] for name in NAMES),
        "orders": orders,
        "revenue": {"amount_minor": revenue, "currency": Money(0, app.catalog.config.currency).currency},
        "searches": counts["search"],
        "chat_requests": counts["ModelCalled"],
    }


def _series(app: App, now: datetime, *, days: int) -> list[dict[str, Any]]:
    seconds = 3600 if days == 1 else 86_400
    since = now - timedelta(days=days)
    found = app.kernel.events.histogram(since, seconds=seconds, names=NAMES)
    by_slice: dict[datetime, Counter[str]] = defaultdict(Counter)
    for (start, name), count in found.items():
        by_slice[start]["events"] += count
        by_slice[start]["orders"] += count if name == "purchase" else 0
    first = int(since.timestamp()) // seconds * seconds
    starts = [datetime.fromtimestamp(first + i * seconds, now.tzinfo) for i in range(int(days * 86_400 / seconds) + 1)]
    return [{"at": iso(at), "events": by_slice[at]["events"], "orders": by_slice[at]["orders"]} for at in starts]
