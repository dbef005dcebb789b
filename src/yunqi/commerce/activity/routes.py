"""Events over HTTP: taking them in, and looking at the log."""

from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from yunqi.commerce.activity.service import Activity
from yunqi.kernel import Event, Principal
from yunqi.kernel.clock import iso


def router(activity: Activity, require: Callable[[str], Any]) -> APIRouter:
    """Return the routes; ``require(scope)`` makes the dependency that yields who asks."""
    routes = APIRouter(prefix="/v1/events", tags=["events"])

    @routes.post("")
    async def post_events(request: Request, principal: Principal = require("shop")) -> dict[str, int]:
        """Take ``{"events": [...]}`` or one JSON event a line; all or none are kept."""
        body = await request.body()
        recorded = await run_in_threadpool(activity.record_json, body, workspace=principal.workspace)
        return {"accepted": recorded.accepted, "duplicates": recorded.duplicates}

    @routes.get("")
    def list_events(
        after: int = 0,
        limit: int = 100,
        name: str = "",
        newest: bool = False,
        principal: Principal = require("read"),
    ) -> dict[str, Any]:
        """List events after a place in the log, or the newest ones."""
        events = activity.kernel.events
        found = events.read(
            after,
            max(1, min(limit, 1000)),
            names=[name] if name else None,
            workspace=principal.workspace,
            newest_first=newest,
        )
        return {"events": [event_json(event) for event in found], "head": events.head()}

    return routes


def event_json(event: Event) -> dict[str, Any]:
    """Return an event as the API shows it."""
    return {
        "seq": event.seq,
        "name": event.name,
        "at": iso(event.at),
        "subject": event.subject,
        "message_id": event.message_id,
        "payload": msgspec.json.decode(event.payload),
    }
