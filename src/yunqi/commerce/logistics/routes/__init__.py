"""The HTTP edge of logistics; each family of routes is a module of its own beside this one."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter

from yunqi.commerce.logistics.routes import arrivals, border, dispatch, journeys, planning, routing, warehouse
from yunqi.commerce.logistics.service import Logistics


def router(logistics: Logistics, require: Callable[[str], Any]) -> APIRouter:
    """Return the routes; ``require(scope)`` makes the dependency that yields who asks."""
    found = APIRouter(prefix="/v1", tags=["logistics"])
    dispatch.add(found, logistics, require)
    routing.add(found, logistics, require)
    planning.add(found, logistics, require)
    border.add(found, logistics, require)
    journeys.add(found, logistics, require)
    arrivals.add(found, logistics, require)
    warehouse.add(found, logistics, require)
    return found
