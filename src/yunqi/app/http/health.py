"""Health, readiness and metrics."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from prometheus_client import REGISTRY as PROCESS
from starlette.responses import JSONResponse

from yunqi.app.application import App
from yunqi.app.http.principals import Principals
from yunqi.app.http.requests import RequestMetrics

_LOOPBACK = ("127.0.0.1", "::1", "testclient")


def health_router(
    app: App, principals: Principals, metrics: RequestMetrics, *, worker_alive: Callable[[], bool]
) -> APIRouter:
    """Return the probes. They are public by design: a load balancer carries no key, and they tell only states."""
    router = APIRouter(tags=["health"])
    head = Gauge("yunqi_event_log_head", "Newest sequence number of the event log.", registry=metrics.registry)
    lag = Gauge("yunqi_consumer_lag", "Events a consumer has not seen.", ("consumer",), registry=metrics.registry)
    jobs = Gauge("yunqi_jobs", "Jobs by state.", ("state",), registry=metrics.registry)

    @router.get("/healthz")
    def healthz() -> dict[str, Any]:
        """Say that the process answers."""
        return {"status": "ok", "checks": []}

    @router.get("/readyz")
    def readyz() -> Response:
        """Say whether the shop can serve: 200, or 503 with the part that is missing."""
        checks = [check._asdict() for check in app.health(worker_alive=worker_alive())]
        down = any(check["state"] == "down" for check in checks)
        state = "down" if down else "degraded" if any(c["state"] != "ok" for c in checks) else "ok"
        return JSONResponse({"status": state, "checks": checks}, status_code=503 if down else 200)

    @router.get("/metrics")
    def show_metrics(request: Request) -> Response:
        """Metrics in Prometheus' text form; from this machine without a key, from elsewhere with an admin key."""
        if request.client is None or request.client.host not in _LOOPBACK:
            principals.of(request).require("admin")
        head.set(app.kernel.events.head())
        for consumer, behind in app.kernel.events.lag().items():
            lag.labels(consumer).set(behind)
        for state, count in app.kernel.jobs.counts().items():
            jobs.labels(state).set(count)
        body = generate_latest(metrics.registry) + generate_latest(PROCESS)
        return Response(body, media_type=CONTENT_TYPE_LATEST)

    return router
