"""Around every request: an id, a size limit, one log line, and its metrics."""

import json
import logging
import re
import time
import uuid
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("yunqi.access")

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class RequestMetrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("yunqi_http_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "yunqi_http_request_seconds", "Time to the last byte.", ("route",), registry=self.registry, buckets=_BUCKETS
        )
        self.running = Gauge("yunqi_http_requests_running", "Requests being answered now.", registry=self.registry)


class RequestEdge:
    """ASGI middleware: gives each request an id, refuses oversized bodies, logs one JSON line, counts.

    Parameters
    ----------
    body_limit
        Largest request body in bytes for paths not in ``upload_paths``.
    upload_limit
        Largest body for paths that take files.
    """

    upload_paths = (
        "/v1/berth-plans",
        "/v1/catalog/imports",
        "/v1/events",
        "/v1/forecasts",
        "/v1/labs/npu/networks",
        "/v1/labs/riscv/ports",
        "/v1/labs/riscv/profiles",
        "/v1/packings",
        "/v1/plans",
        "/v2/models",
    )

    def __init__(self, app: ASGIApp, metrics: RequestMetrics, *, body_limit: int, upload_limit: int) -> None:
        self.app = app
        self.metrics = metrics
        self.body_limit = body_limit
        self.upload_limit = upload_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        scope["request_id"] = _request_id(headers)
        started, status = time.perf_counter(), [500]
        limit = self.upload_limit if scope["path"].startswith(self.upload_paths) else self.body_limit

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", scope["request_id"].encode())]
            await send(message)

        self.metrics.running.inc()
        try:
            if _declared_length(headers) > limit:
                await _refuse(scope, send_with_id, limit)
            else:
                await self.app(scope, _counted(receive, limit), send_with_id)
        finally:
            self.metrics.running.dec()
            self._note(scope, status[0], time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or "unmatched"
        self.metrics.requests.labels(scope["method"], route, str(status)).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        line = {
            "request_id": scope["request_id"],
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "ms": round(seconds * 1000, 2),
        }
        principal = scope.get("state", {}).get("principal")
        if principal is not None:
            line["key"] = principal.name
        log.info("request", extra={"fields": line})


def _request_id(headers: dict[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    return given if _SAFE_ID.fullmatch(given) else f"req-{uuid.uuid4().hex[:20]}"


def _declared_length(headers: dict[bytes, bytes]) -> int:
    value = headers.get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


def _counted(receive: Receive, limit: int) -> Receive:
    """Wrap ``receive`` so that a body without a declared length cannot pass the limit either."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            return {"type": "http.disconnect"}
        return message

    return counted


async def _refuse(scope: Scope, send: Send, limit: int) -> None:
    text = f"The request body is larger than {limit} bytes. Send it in parts, or import a file with `yunqi import`."
    error = {"message": text, "type": "invalid_request_error", "code": "body_too_large", "param": None}
    body: dict[str, Any] = {
        "error": error,
        "code": "body_too_large",
        "message": text,
        "request_id": scope["request_id"],
    }
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
