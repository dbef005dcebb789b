"""The web application: every router under one origin."""

from collections.abc import Callable

from fastapi import FastAPI

from yunqi.app.application import App
from yunqi.app.http import errors
from yunqi.app.http.domains import add_routes
from yunqi.app.http.health import health_router
from yunqi.app.http.operator import jobs_router, keys_router, session_router, settings_router
from yunqi.app.http.overview import overview_router
from yunqi.app.http.pages import add_pages
from yunqi.app.http.principals import Principals
from yunqi.app.http.requests import RequestEdge, RequestMetrics
from yunqi.app.http.storefront import storefront_router


def create(app: App, *, worker_alive: Callable[[], bool] = lambda: True) -> FastAPI:
    """Build the ASGI application over an opened one.

    Parameters
    ----------
    worker_alive
        Says whether a background worker runs, for `/readyz`.
    """

    web = FastAPI(
        title="Yunqi",
        version=app.version,
        description="Search, recommendation, payments and models of one shop, behind one key.",
        docs_url=None,
        redoc_url=None,
    )
    principals, metrics = Principals(app.kernel), RequestMetrics()
    errors.install(web)
    web.include_router(health_router(app, principals, metrics, worker_alive=worker_alive))
    web.include_router(session_router(principals))
    web.include_router(keys_router(app, principals))
    web.include_router(jobs_router(app, principals))
    web.include_router(settings_router(app, principals))
    web.include_router(overview_router(app, principals, worker_alive=worker_alive))
    web.include_router(storefront_router(app, principals))
    add_routes(web, app, principals)
    add_pages(web, app)
    limits = app.settings.sections["storefront"]
    web.add_middleware(
        RequestEdge, metrics=metrics, body_limit=limits.body_limit_bytes, upload_limit=limits.upload_limit_bytes
    )
    return web
