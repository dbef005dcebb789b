"""Plans over HTTP: submit, follow, change, check, explain; quotes of delivery slots."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from yunqi.commerce.logistics.service import Logistics
from yunqi.kernel import Principal

FINAL = ("done", "cancelled", "failed")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PlanRequest(_Body):
    """A problem to plan: our form or VROOM's."""

    problem: dict[str, Any]
    seconds: float = Field(10.0, description="Wall-clock seconds of the solve.")
    seed: int = 1
    expected: int = Field(0, ge=0, description="Orders still to come, less cancelled ones: room is kept for so many.")


class CheckRequest(_Body):
    """A plan to price and to check."""

    problem: dict[str, Any]
    plan: dict[str, Any]


class ChangeRequest(_Body):
    """What happened since the plan was made."""

    events: list[dict[str, Any]]
    seconds: float = Field(2.0, description="Wall-clock seconds for the new plan.")
    keep: float = Field(0.9, ge=0, le=1, description="Share of untouched stops that must keep their vehicle.")


def add(routes: APIRouter, logistics: Logistics, require: Callable[[str], Any]) -> None:
    """Add the routes of routing."""
    desk = logistics.routing

    @routes.post("/plans", status_code=202)
    def submit_plan(body: PlanRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Queue a solve; follow it at /v1/plans/{id}."""
        return desk.submit(
            body.problem,
            seconds=body.seconds,
            seed=body.seed,
            workspace=principal.workspace,
            expected=body.expected,
        )

    @routes.get("/plans/{plan_id}")
    def get_plan(plan_id: int, principal: Principal = require("read")) -> dict[str, Any]:
        """Show a plan: its state and the best answer so far."""
        return desk.get(plan_id, workspace=principal.workspace)

    @routes.get("/plans/{plan_id}/events")
    async def follow_plan(plan_id: int, principal: Principal = require("read")) -> StreamingResponse:
        """Follow a plan as server-sent events: every improvement, until it is final."""
        await asyncio.to_thread(desk.get, plan_id, workspace=principal.workspace)

        async def follow() -> AsyncIterator[bytes]:
            last = -1
            while True:
                found = await asyncio.to_thread(desk.get, plan_id, workspace=principal.workspace)
                if found["version"] != last:
                    last = found["version"]
                    yield b"data: " + msgspec.json.encode(found) + b"\n\n"
                if found["state"] in FINAL:
                    return
                await asyncio.sleep(0.25)

        return StreamingResponse(follow(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    @routes.patch("/plans/{plan_id}")
    def change_plan(plan_id: int, body: ChangeRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Plan again after events of the day: order_added, stop_done, vehicle_down, delay, position and others."""
        return desk.change(plan_id, body.events, seconds=body.seconds, keep=body.keep, workspace=principal.workspace)

    @routes.post("/plans/{plan_id}/cancel")
    def cancel_plan(plan_id: int, principal: Principal = require("shop")) -> dict[str, Any]:
        """Stop a solve; its best plan so far is kept."""
        return desk.cancel(plan_id, workspace=principal.workspace)

    @routes.post("/plans/{plan_id}/explain")
    def explain_task(plan_id: int, task: str, principal: Principal = require("read")) -> dict[str, Any]:
        """Say why a task is not served, or why by this vehicle and at this hour."""
        return desk.explain(plan_id, task, workspace=principal.workspace)

    @routes.post("/plans:check")
    def check_plan(body: CheckRequest, principal: Principal = require("read")) -> dict[str, Any]:
        """Price a given plan and list every rule that it breaks."""
        return desk.check(body.problem, body.plan)

    @routes.post("/slots:quote")
    def quote_slots(body: dict[str, Any], principal: Principal = require("read")) -> dict[str, Any]:
        """Price delivery slots for a new order: plan, location (or lat and lon, x and y), load, service_s, slots."""
        plan = body.get("plan")
        return desk.quote(int(str(plan)) if str(plan).isdigit() else 0, body, workspace=principal.workspace)
