"""What dispatchers and drivers do with kept plans over HTTP: list, move by hand, try a change, follow one vehicle."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from yunqi.commerce.logistics.service import Logistics
from yunqi.kernel import Principal


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MoveRequest(_Body):
    """A task dragged to a vehicle."""

    task: str | int = Field(description="Id of the task; the other half of a shipment goes with it.")
    vehicle: str | int | None = Field(description="Id of the vehicle; null takes the task off the plan.")
    position: int | None = Field(None, ge=0, description="Place among its other stops, from 0; null: the best.")
    apply: bool = Field(False, description="Keep the move as the plan's new version; only one that breaks nothing.")
    pin: bool = Field(False, description="With apply: later plans leave the task with this vehicle.")
    version: int | None = Field(None, description="The version that was looked at; refused when there is a newer one.")


class WhatIfRequest(_Body):
    """What would be different."""

    changes: dict[str, Any] = Field(
        description="events (as for a change), vehicles and tasks (new values by id, * for all), vehicles_added, "
        "vehicles_removed"
    )
    seconds: float = Field(2.0, description="Wall-clock seconds for the plan of the changed day.")
    keep: float = Field(0.0, ge=0, le=1, description="Share of untouched stops that must keep their vehicle.")


class DoneRequest(_Body):
    """A stop that is done."""

    at_s: int | None = Field(
        None, ge=0, description="When it was done, in the problem's seconds; later than planned delays."
    )


def add(routes: APIRouter, logistics: Logistics, require: Callable[[str], Any]) -> None:
    """Add the routes of the dispatcher and the driver."""
    desk = logistics.dispatch

    @routes.get("/plans")
    def list_plans(
        state: str | None = None,
        before: str | None = None,
        limit: int = 50,
        principal: Principal = require("read"),
    ) -> dict[str, Any]:
        """List the newest plans; ``before`` is the last id of the page before, ``next`` what to give for the next one."""
        return desk.newest(state=state, before=before, limit=limit, workspace=principal.workspace)

    @routes.get("/plans/{plan_id}/places")
    def map_plan(plan_id: int, principal: Principal = require("read")) -> dict[str, Any]:
        """Show where a plan's tasks and depots lie: coordinates by id, empty where the problem has only a matrix."""
        return desk.places(plan_id, workspace=principal.workspace)

    @routes.post("/plans/{plan_id}:move")
    def move_task(plan_id: int, body: MoveRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Say at once what giving a task to another vehicle costs and breaks; keep it with ``apply``."""
        return desk.move(
            plan_id, str(body.task), None if body.vehicle is None else str(body.vehicle), position=body.position,
            apply=body.apply, pin=body.pin, version=body.version, workspace=principal.workspace,
        )  # fmt: skip

    @routes.post("/plans/{plan_id}:what-if")
    def try_change(plan_id: int, body: WhatIfRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Plan as if vehicles, costs, windows or orders were different, and show the difference; nothing is kept."""
        return desk.what_if(plan_id, body.changes, seconds=body.seconds, keep=body.keep, workspace=principal.workspace)

    @routes.get("/plans/{plan_id}/vehicles/{vehicle}")
    def drive(plan_id: int, vehicle: str, principal: Principal = require("read")) -> dict[str, Any]:
        """Show a driver's day: stops in order with places, times, loads, notes, and which is next."""
        return desk.vehicle(plan_id, vehicle, workspace=principal.workspace)

    @routes.post("/plans/{plan_id}/vehicles/{vehicle}/stops/{task}:done")
    def finish_stop(
        plan_id: int, vehicle: str, task: str, body: DoneRequest | None = None, principal: Principal = require("shop")
    ) -> dict[str, Any]:
        """Note that a stop (and all before it) is done; later than planned delays what follows."""
        at = None if body is None else body.at_s
        return desk.done(plan_id, vehicle, task, at=at, workspace=principal.workspace)
