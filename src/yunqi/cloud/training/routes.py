"""Training over HTTP: start a recipe, list and show runs, follow one, stop it; losses, cards, the leaderboard."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import BaseModel, Field

from yunqi.cloud.training.model import Run, RunState
from yunqi.cloud.training.service import Training
from yunqi.kernel import Principal


class StartRequest(BaseModel):
    """Starts a run, or only plans it."""

    recipe: str = Field(
        max_length=200_000, description="The recipe as TOML; paths start at the data folder's training/data."
    )
    dry_run: bool = False


def router(training: Training, require: Callable[[str], Any]) -> APIRouter:
    """Return the routes; ``require(scope)`` makes the dependency that yields who asks."""
    routes = APIRouter(prefix="/v1/training", tags=["training"])

    @routes.post("/runs", status_code=202)
    def start_run(body: StartRequest, principal: Principal = require("admin")) -> dict[str, Any]:
        """Queue a recipe as a background job, or plan it with dry_run."""
        recipe = training.read_text(body.recipe)
        plan = dataclasses.asdict(training.plan(recipe))
        if body.dry_run:
            return {"plan": plan}
        return {"name": recipe.name, "job": str(training.submit(recipe, workspace=principal.workspace)), "plan": plan}

    @routes.get("/runs")
    def list_runs(limit: int = 100, principal: Principal = require("read")) -> dict[str, Any]:
        """List training runs, newest first."""
        found = training.runs(limit=max(1, min(limit, 500)), workspace=principal.workspace)
        return {"runs": [_run(run) for run in found]}

    @routes.get("/runs/{name}")
    def show_run(name: str, principal: Principal = require("read")) -> dict[str, Any]:
        """Show a run with its results."""
        return _run(training.get(name, workspace=principal.workspace))

    @routes.get("/runs/{name}/losses")
    def run_losses(name: str, principal: Principal = require("read")) -> dict[str, Any]:
        """Return a run's loss curve, with the held-out loss where it was looked at."""
        return {"run": name, "losses": training.losses(name, workspace=principal.workspace)}

    @routes.get("/runs/{name}/card")
    def run_card(name: str, principal: Principal = require("read")) -> Response:
        """Return the model card of a finished run as Markdown."""
        return PlainTextResponse(training.card(name, workspace=principal.workspace), media_type="text/markdown")

    @routes.get("/runs/{name}/events")
    async def follow_run(name: str, principal: Principal = require("read")) -> Response:
        """Follow a run as server-sent events (progress with ETA, held-out losses, results) until it ends."""
        await asyncio.to_thread(training.get, name, workspace=principal.workspace)
        return StreamingResponse(
            _follow(training, name, principal.workspace),
            media_type="text/event-stream", headers={"Cache-Control": "no-store"},
        )  # fmt: skip

    @routes.post("/runs/{name}/cancel")
    def cancel_run(name: str, principal: Principal = require("admin")) -> dict[str, Any]:
        """Ask a run to stop after its current step; its checkpoint is kept."""
        return _run(training.cancel(name, workspace=principal.workspace))

    @routes.get("/leaderboard")
    def leaderboard(task: str = "", principal: Principal = require("read")) -> dict[str, Any]:
        """List all models' scores with their intervals, the best of each task and metric first."""
        scores = training.leaderboard(task=task or None, workspace=principal.workspace)
        return {"scores": [dataclasses.asdict(score) for score in scores]}

    return routes


async def _follow(training: Training, name: str, workspace: str) -> AsyncIterator[bytes]:
    sent = 0
    while True:
        run = await asyncio.to_thread(training.get, name, workspace=workspace)
        events = await asyncio.to_thread(training.events, name, after=sent, workspace=workspace)
        for event in events:
            yield b"event: " + event["event"].encode() + b"\ndata: " + msgspec.json.encode(event) + b"\n\n"
        sent += len(events)
        if run.state is not RunState.RUNNING:
            yield b"event: run\ndata: " + msgspec.json.encode(_run(run)) + b"\n\n"
            return
        await asyncio.sleep(training.config.poll_seconds)


def _run(run: Run) -> dict[str, Any]:
    found = dataclasses.asdict(run)
    found.pop("folder")
    return found | {
        "id": str(run.id),
        "job_id": str(run.job_id) if run.job_id else None,
        "state": run.state.value,
        "created_at": run.created_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
    }
