"""Journeys over HTTP."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from yunqi.commerce.logistics.model.journeys import Goal
from yunqi.commerce.logistics.service import Logistics
from yunqi.kernel import Principal


class JourneyRequest(BaseModel):
    """A network of scheduled services and what has to go where."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    network: dict[str, Any]
    start: str = Field(alias="from")
    end: str = Field(alias="to")
    ready: str = Field(description="ISO 8601 with offset.")
    weight_g: int = Field(1_000, gt=0)
    goal: Goal = Goal.PARETO
    promise: float = Field(0.95, ge=0.5, lt=1)
    deadline: str | None = None
    without: list[str] = Field(default_factory=list, description="Services that don't run, as id or id@day.")


def add(routes: APIRouter, logistics: Logistics, require: Callable[[str], Any]) -> None:
    """Add the route of journeys."""
    desk = logistics.journeys

    @routes.post("/journeys")
    def find_journeys(body: JourneyRequest, principal: Principal = require("read")) -> dict[str, Any]:
        """Find journeys: cost, promised time with its chance, departures, clearances."""
        network = desk.of(body.network)
        wish = desk.wish(
            body.start, body.end, body.ready, weight_g=body.weight_g, promise=body.promise, deadline=body.deadline,
            without=body.without,
        )  # fmt: skip
        return desk.document(network, wish, desk.find(network, wish, body.goal))
