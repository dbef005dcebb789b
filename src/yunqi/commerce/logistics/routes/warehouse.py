"""The warehouse floor over HTTP: answered within the request, for problems of seconds."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from yunqi.commerce.logistics.service import Logistics
from yunqi.commerce.logistics.service.plain_floor import batching_document, refill_document, slotting_document
from yunqi.kernel import Principal


class TimedRequest(BaseModel):
    """A problem in our form, and how long to search."""

    model_config = ConfigDict(extra="forbid")
    problem: dict[str, Any]
    seconds: float = Field(5.0, gt=0, le=60, description="Wall-clock seconds.")


class PlainRequest(BaseModel):
    """A problem in our form that needs no time."""

    model_config = ConfigDict(extra="forbid")
    problem: dict[str, Any]


def add(routes: APIRouter, logistics: Logistics, require: Callable[[str], Any]) -> None:
    """Add the routes of the warehouse floor."""
    floor = logistics.floor

    @routes.post("/warehouse/batches")
    def batch_orders(body: TimedRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Divide orders into batches for one cart, with a bound and two simpler ways beside it."""
        return batching_document(floor.batch(floor.read_batches(body.problem), seconds=body.seconds))

    @routes.post("/warehouse/slots")
    def slot_products(body: TimedRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Place products so that orders are short walks; judged on orders held out."""
        return slotting_document(floor.slot(floor.read_slots(body.problem), seconds=body.seconds))

    @routes.post("/warehouse/refills")
    def refill_faces(body: PlainRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Plan the refills of pick faces for the waves to come, with due times."""
        return refill_document(floor.refill(floor.read_refills(body.problem)))
