"""Arrivals and returns over HTTP."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from yunqi.commerce.logistics.service import Logistics
from yunqi.commerce.logistics.service.arrivals import arrival_rows, eta_document, report_row, returns_document
from yunqi.kernel import Principal

LARGEST = 50_000_000
"""Characters of a table; longer ones are for the command line."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EtaRequest(_Body):
    """Past trips, and those under way, as CSV text; with a report how well intervals held on the last fifth."""

    history: str = Field(max_length=LARGEST)
    under_way: str | None = Field(None, max_length=LARGEST)
    by: str | None = Field(None, description="Column of classes that have intervals of their own.")
    level: float = Field(0.95, ge=0.5, le=0.995)
    report: bool = True


class ReturnsRequest(_Body):
    """Order lines as CSV text: id, ordered, returned (empty while out), product, category."""

    orders: str = Field(max_length=LARGEST)
    as_of: str | None = Field(None, description="Day up to which the table is complete; by default today.")
    horizon: int = Field(28, ge=1, le=90)
    level: float = Field(0.95, ge=0.5, le=0.995)
    report: bool = False


def add(routes: APIRouter, logistics: Logistics, require: Callable[[str], Any]) -> None:
    """Add the routes of arrivals and returns."""
    desk = logistics.arrivals

    @routes.post("/etas")
    def forecast_arrivals(body: EtaRequest, principal: Principal = require("read")) -> dict[str, Any]:
        """Forecast when trips under way end, with intervals that hold their level."""
        trips = desk.trips(body.history)
        found: dict[str, Any] = {"level": body.level}
        if body.report:
            found["report"] = eta_document(desk.judge(trips, by=body.by, level=body.level))
        if body.under_way is not None:
            asked = desk.trips(body.under_way, like=trips)
            found["arrivals"] = arrival_rows(asked, desk.arrivals(trips, asked, by=body.by, level=body.level))
        return found

    @routes.post("/returns:forecast")
    def forecast_returns(body: ReturnsRequest, principal: Principal = require("read")) -> dict[str, Any]:
        """Forecast what comes back: each line's chance, each day's returns with their interval, products."""
        lines = desk.orders(body.orders, as_of=body.as_of)
        found = returns_document(lines, desk.returns(lines, horizon=body.horizon, level=body.level))
        if body.report:
            found["report"] = report_row(desk.judge_returns(lines, horizon=body.horizon, level=body.level))
        return found
