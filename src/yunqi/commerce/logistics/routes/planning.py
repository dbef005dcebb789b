"""Packings, berth plans and forecasts over HTTP: answered within the request, for problems of seconds."""

import json
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from yunqi.commerce.logistics.engine.berth.read import read as read_berths
from yunqi.commerce.logistics.engine.forecast.read import read_csv as read_demand
from yunqi.commerce.logistics.engine.packing.read import read_json as read_packing
from yunqi.commerce.logistics.model.forecast import Bucket
from yunqi.commerce.logistics.service import Logistics
from yunqi.commerce.logistics.service.plain import (
    berth_document,
    forecast_rows,
    hierarchy_rows,
    judged_row,
    packing_document,
)
from yunqi.commerce.logistics.service.queued import BERTH, PACK
from yunqi.kernel import Principal

LONGEST = 60.0
"""Seconds that one request may compute; longer work is for the command line or a job."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PackingRequest(_Body):
    """Items and bins in our form."""

    problem: dict[str, Any]
    seconds: float = Field(5.0, gt=0, le=LONGEST, description="Wall-clock seconds.")


class PackingCheck(_Body):
    """Items and bins in our form, and the placements of a packing, as an answer has them."""

    problem: dict[str, Any]
    packing: dict[str, Any]


class BerthRequest(_Body):
    """A quay in our form, or the published table as text."""

    problem: dict[str, Any] | str
    seconds: float = Field(10.0, gt=0, le=LONGEST, description="Wall-clock seconds.")


class LongPackingRequest(_Body):
    """Items and bins in our form, for a job."""

    problem: dict[str, Any]
    seconds: float = Field(120.0, gt=0, description="Wall-clock seconds.")


class LongBerthRequest(_Body):
    """A quay in our form, or the published table as text, for a job."""

    problem: dict[str, Any] | str
    seconds: float = Field(120.0, gt=0, description="Wall-clock seconds.")


class ForecastRequest(_Body):
    """Past demand as CSV text with the columns id, date, quantity."""

    table: str = Field(max_length=20_000_000)
    by: Bucket = Bucket.WEEK
    horizon: int = Field(4, ge=1, le=92)
    level: float = Field(0.95, ge=0.5, lt=1)
    known: str | None = Field(
        None, max_length=20_000_000, description="What is known ahead as CSV: id, date, quantities."
    )
    hierarchy: bool = Field(False, description="Also sums by the parts of ids and in all, which add up.")
    report: bool = Field(False, description="Also hold out the last days and report errors by class of demand.")


def add(routes: APIRouter, logistics: Logistics, require: Callable[[str], Any]) -> None:
    """Add the routes of packing, berths and forecasts."""

    @routes.post("/packings")
    def pack(body: PackingRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Pack boxes into bins."""
        read = read_packing(json.dumps(body.problem))
        return packing_document(logistics.packing.pack(read.problem, seconds=body.seconds), read.scale)

    @routes.post("/packings:check")
    def check_packing(body: PackingCheck, principal: Principal = require("read")) -> dict[str, Any]:
        """Judge a packing that was made elsewhere or changed by hand: every rule that it breaks, in words."""
        return logistics.packing.check(read_packing(json.dumps(body.problem)), body.packing)

    @routes.post("/berth-plans")
    def plan_berths(body: BerthRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Plan vessels to berths, with a bound."""
        text = body.problem if isinstance(body.problem, str) else json.dumps(body.problem)
        return berth_document(logistics.berths.plan(read_berths(text), seconds=body.seconds))

    @routes.post("/packings:submit", status_code=202)
    def submit_packing(body: LongPackingRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Queue a packing that takes longer than a request may; its job's result is the answer."""
        return logistics.queued.submit(PACK, body.problem, seconds=body.seconds, workspace=principal.workspace)

    @routes.post("/berth-plans:submit", status_code=202)
    def submit_berths(body: LongBerthRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Queue a berth plan that takes longer than a request may; its job's result is the answer."""
        return logistics.queued.submit(BERTH, body.problem, seconds=body.seconds, workspace=principal.workspace)

    @routes.post("/forecasts")
    def forecast(body: ForecastRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Forecast demand with intervals."""
        desk, panel = logistics.forecasts, read_demand(body.table)
        span: dict[str, Any] = {"bucket": body.by, "buckets": body.horizon}
        ahead = None if body.known is None else desk.known(body.known, panel, **span)
        found = desk.forecast(panel, level=body.level, known=ahead, **span)
        reply = {
            "method": found.method,
            "level": found.level,
            "by": found.bucket.value,
            "forecasts": forecast_rows(found),
        }
        if body.hierarchy:
            reply["hierarchy"] = hierarchy_rows(desk.hierarchy(panel, **span))
        if body.report:
            reply["report"] = [judged_row(one) for one in desk.judge(panel, level=body.level, known=ahead, **span)]
        return reply
