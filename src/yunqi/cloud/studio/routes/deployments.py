"""Deployments over HTTP: make, list, remove them; ask them by the Open Inference Protocol or with a picture."""

from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from yunqi.cloud.studio.engine.tensors import answered, described, read
from yunqi.cloud.studio.model import Deployment
from yunqi.cloud.studio.service import Deployments
from yunqi.kernel import Invalid, Principal

_HEADER = "inference-header-content-length"


class DeploymentBody(BaseModel):
    """What to deploy."""

    asset: str = Field(description="The hub's name of a published network.")
    name: str = Field("", description="The name it answers under; by default the asset's.")
    target: str = Field("", description="Where it runs; by default the first hardware that takes it.")


def router(deployments: Deployments, require: Callable[[str], Any]) -> APIRouter:
    """Return the routes; ``require(scope)`` makes the dependency that yields who asks."""
    routes = APIRouter(tags=["deployments"])
    _manage(routes, deployments, require)
    _protocol(routes, deployments, require)
    return routes


def _manage(routes: APIRouter, deployments: Deployments, require: Callable[[str], Any]) -> None:
    @routes.get("/v1/studio/deployments")
    def list_deployments(principal: Principal = require("models")) -> dict[str, Any]:
        """List deployments, and the hardware there is."""
        targets = [{"name": one.name, "form": one.form, "simulated": one.simulated} for one in deployments.targets()]
        found = deployments.list(principal.workspace)
        return {"deployments": [_row(deployments, one) for one in found], "targets": targets}

    @routes.post("/v1/studio/deployments", status_code=201)
    def deploy(body: DeploymentBody, principal: Principal = require("admin")) -> dict[str, Any]:
        """Let a published network answer under a name."""
        found = deployments.deploy(principal.workspace, body.asset, target=body.target, name=body.name)
        return _row(deployments, found)

    @routes.delete("/v1/studio/deployments/{name}", status_code=204)
    def remove(name: str, principal: Principal = require("admin")) -> None:
        """Stop answering under a name; the published network stays."""
        deployments.remove(principal.workspace, name)


def _protocol(routes: APIRouter, deployments: Deployments, require: Callable[[str], Any]) -> None:
    @routes.get("/v2/models/{name}")
    def describe(name: str, principal: Principal = require("models")) -> dict[str, Any]:
        """Describe a deployment's inputs and outputs (Open Inference Protocol)."""
        found, runner = deployments.show(principal.workspace, name)
        note = " (simulated)" if deployments.simulated(found) else ""
        return described(name, f"{found.target}{note}", runner.inputs, runner.outputs)

    @routes.get("/v2/models/{name}/ready")
    def ready(name: str, principal: Principal = require("models")) -> dict[str, Any]:
        """Say that a deployment answers (Open Inference Protocol)."""
        deployments.show(principal.workspace, name)
        return {"name": name, "ready": True}

    @routes.post("/v2/models/{name}/infer")
    async def infer(name: str, request: Request, principal: Principal = require("models")) -> Response:
        """Run a deployment on tensors (Open Inference Protocol), or on a PNG or JPEG sent as the body itself."""
        body = await request.body()
        data = await run_in_threadpool(_answer, deployments, principal, name, body, request)
        return Response(data, media_type="application/json")


def _answer(deployments: Deployments, principal: Principal, name: str, body: bytes, request: Request) -> bytes:
    if request.headers.get("content-type", "").startswith("image/"):
        return answered(name, "", *deployments.infer(principal, name, image=body))
    given = request.headers.get(_HEADER)
    if given is not None and not given.isdigit():
        raise Invalid(f"{_HEADER} is no number of bytes.", _HEADER)
    asked, inputs = read(body, header=None if given is None else int(given))
    return answered(name, asked, *deployments.infer(principal, name, inputs))


def _row(deployments: Deployments, found: Deployment) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(found)
    return row | {"simulated": deployments.simulated(found)}
