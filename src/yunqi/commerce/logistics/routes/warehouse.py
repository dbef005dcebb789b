"""Warehouse, yard and stock over HTTP: answered within the request, for problems of seconds."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from yunqi.commerce.logistics.service import Logistics
from yunqi.commerce.logistics.service.plain_floor import (
    batching_document,
    refill_document,
    slotting_document,
    walk_document,
    wave_document,
    zoning_document,
)
from yunqi.commerce.logistics.service.plain_yard import (
    chain_document,
    reorder_document,
    retrieval_document,
    robots_document,
    stock_document,
    storage_document,
)
from yunqi.kernel import Principal


class TimedRequest(BaseModel):
    """A problem in our form, and how long to search."""

    model_config = ConfigDict(extra="forbid")
    problem: dict[str, Any]
    seconds: float = Field(5.0, gt=0, le=60, description="Wall-clock seconds.")


class WaveRequest(BaseModel):
    """Orders and aisles in our form, or the form of the SBPO 2025 challenge as text, and how long to search."""

    model_config = ConfigDict(extra="forbid")
    problem: dict[str, Any] | str
    seconds: float = Field(5.0, gt=0, le=60, description="Wall-clock seconds.")


class PlainRequest(BaseModel):
    """A problem in our form that needs no time."""

    model_config = ConfigDict(extra="forbid")
    problem: dict[str, Any]


def add(routes: APIRouter, logistics: Logistics, require: Callable[[str], Any]) -> None:
    """Add the routes of the warehouse, the yard and its stock."""
    _add_yard(routes, logistics, require)
    floor = logistics.floor

    @routes.post("/warehouse/batches")
    def batch_orders(body: TimedRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Divide orders into batches for one cart, with a bound and two simpler ways beside it."""
        return batching_document(floor.batch(floor.read_batches(body.problem), seconds=body.seconds))

    @routes.post("/warehouse/walks")
    def walk_past_picks(body: PlainRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Find the shortest walk of a picker past all picks, through any number of cross aisles."""
        problem, names = logistics.depot.read_walk(body.problem)
        return walk_document(logistics.depot.walk(problem), names)

    @routes.post("/warehouse/waves")
    def choose_wave(body: WaveRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Choose orders and aisles so that each visited aisle yields most units, with a bound."""
        return wave_document(logistics.depot.wave(logistics.depot.read_waves(body.problem), seconds=body.seconds))

    @routes.post("/warehouse/slots")
    def slot_products(body: TimedRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Place products so that orders are short walks; judged on orders held out."""
        return slotting_document(floor.slot(floor.read_slots(body.problem), seconds=body.seconds))

    @routes.post("/warehouse/zones")
    def divide_zones(body: PlainRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Divide aisles among pickers so that the busiest has least to do; judged on orders held out."""
        return zoning_document(floor.zone(floor.read_zones(body.problem)))

    @routes.post("/warehouse/refills")
    def refill_faces(body: PlainRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Plan the refills of pick faces for the waves to come, with due times."""
        return refill_document(floor.refill(floor.read_refills(body.problem)))


def _add_yard(routes: APIRouter, logistics: Logistics, require: Callable[[str], Any]) -> None:
    yard, stock = logistics.yard, logistics.stock

    @routes.post("/warehouse/robots")
    def plan_robots(body: TimedRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Plan paths on which no robots meet, to goals of their own or on shared errands."""
        return robots_document(yard.robots(yard.read_robots(body.problem), seconds=body.seconds))

    @routes.post("/yard/storage")
    def store_containers(body: TimedRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Give arriving containers stacks, so that few stand on one that leaves earlier."""
        return storage_document(yard.store(yard.read_yard(body.problem), seconds=body.seconds))

    @routes.post("/yard/retrieval")
    def fetch_containers(body: TimedRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Plan the moves that fetch all containers of a bay, with few shifts."""
        return retrieval_document(yard.fetch(yard.read_yard(body.problem), seconds=body.seconds))

    @routes.post("/stock/reorders")
    def reorder_goods(body: PlainRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Find when to order and how much: (s, S) for goods in stock, the newsvendor's order for a season."""
        return reorder_document(stock.reorder(stock.read_reorders(body.problem)))

    @routes.post("/stock/network")
    def plan_network(body: PlainRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Find the promises between stages of a tree that make safety stock cheapest."""
        return stock_document(stock.network(stock.read(body.problem)))

    @routes.post("/stock/chain")
    def plan_chain(body: PlainRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Find the best base-stock levels of a chain with Poisson demand."""
        return chain_document(stock.chain(body.problem))
