"""Every domain's routes."""

from fastapi import FastAPI

from yunqi.app.application import App
from yunqi.app.http.principals import Principals
from yunqi.cloud.studio import routes as studio_routes
from yunqi.cloud.training import routes as training_routes
from yunqi.commerce.activity import routes as activity_routes
from yunqi.commerce.catalog import routes as catalog_routes
from yunqi.commerce.experiments import routes as experiments_routes
from yunqi.commerce.logistics import routes as logistics_routes
from yunqi.commerce.payments import routes as payments_routes
from yunqi.commerce.ranking import routes as ranking_routes
from yunqi.labs.npu import routes as npu_routes
from yunqi.labs.riscv import routes as riscv_routes


def add_routes(web: FastAPI, app: App, principals: Principals) -> None:
    """Add every domain's routes."""
    web.include_router(catalog_routes.router(app.catalog, principals.require))
    web.include_router(activity_routes.router(app.activity, principals.require))
    web.include_router(ranking_routes.router(app.ranking, principals.require))
    web.include_router(experiments_routes.router(app.experiments, principals.require))
    web.include_router(logistics_routes.router(app.logistics, principals.require))
    web.include_router(riscv_routes.router(app.riscv, principals.require))
    web.include_router(payments_routes.router(app.payments, principals.require))
    web.include_router(training_routes.router(app.training, principals.require))
    web.include_router(npu_routes.router(app.npu, principals.require))
    web.include_router(studio_routes.router(app.deployments, principals.require))
    web.router.routes.extend(studio_routes.routes(app.studio, principals.of))
