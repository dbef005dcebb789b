"""The warehouse floor: batches of orders, places of products, refills of pick faces; each answer is checked."""

import importlib
from functools import cache
from pathlib import Path
from typing import Any

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.warehouse import read, refill
from yunqi.commerce.logistics.model.floor import (
    Batching,
    BatchProblem,
    RefillPlan,
    RefillProblem,
    SlotProblem,
    Slotting,
)
from yunqi.commerce.logistics.model.zones import ZoneProblem, Zoning
from yunqi.commerce.logistics.service.documents import load_json
from yunqi.commerce.logistics.service.extra import needs_extra
from yunqi.commerce.logistics.service.share import checked, share_of


@cache
def _engines() -> tuple[Any, Any, Any]:
    """Load and compile the searches before a clock starts."""
    with needs_extra("logistics"):
        importlib.import_module("yunqi.commerce.logistics.engine.warehouse.warm").warm()
        batching = importlib.import_module("yunqi.commerce.logistics.engine.warehouse.batching")
        slotting = importlib.import_module("yunqi.commerce.logistics.engine.warehouse.slotting")
        zoning = importlib.import_module("yunqi.commerce.logistics.engine.warehouse.zoning")
    return batching, slotting, zoning


class Floor:
    """What is decided on a warehouse floor.

    Parameters
    ----------
    config
        The settings of the domain.
    """

    def __init__(self, config: LogisticsConfig) -> None:
        self._config = config

    def read_batches(self, source: Path | dict[str, Any]) -> BatchProblem:
        """Read orders to batch from a file or a document."""
        return read.read_batches(load_json(source))

    def read_slots(self, source: Path | dict[str, Any]) -> SlotProblem:
        """Read products to place from a file or a document."""
        return read.read_slots(load_json(source))

    def read_refills(self, source: Path | dict[str, Any]) -> RefillProblem:
        """Read pick faces, reserve and waves from a file or a document."""
        return read.read_refills(load_json(source))

    def read_zones(self, source: Path | dict[str, Any]) -> ZoneProblem:
        """Read a block to divide among pickers from a file or a document."""
        return read.read_zones(load_json(source))

    def batch(self, problem: BatchProblem, *, seconds: float | None = None, seed: int | None = None) -> Batching:
        """Divide orders into batches with the shortest walks found in the time.

        Raises
        ------
        Unavailable
            Without the extra.
        """
        engine, _, _ = _engines()
        used = share_of(self._config, seconds)
        found: Batching = engine.batch_orders(problem, used=used, seed=self._config.seed if seed is None else seed)
        checked(engine.violations(problem, found), "batching")
        return found

    def slot(self, problem: SlotProblem, *, seconds: float | None = None, seed: int | None = None) -> Slotting:
        """Place products so that learned orders are short walks, judged on the orders held out.

        Raises
        ------
        Invalid
            A product fits nowhere.
        Unavailable
            Without the extra.
        """
        _, engine, _ = _engines()
        used = share_of(self._config, seconds)
        found: Slotting = engine.slot(problem, used=used, seed=self._config.seed if seed is None else seed)
        checked(engine.violations(problem, found), "placement")
        return found

    def zone(self, problem: ZoneProblem) -> Zoning:
        """Divide a block among pickers so that the busiest has least to do, judged on the orders held out.

        Raises
        ------
        Unavailable
            Without the extra.
        """
        _, _, engine = _engines()
        found: Zoning = engine.zone(problem)
        checked(engine.violations(problem, found), "division into zones")
        return found

    def refill(self, problem: RefillProblem) -> RefillPlan:
        """Return the refill tasks with their due times."""
        found = refill.refill(problem)
        checked(refill.violations(problem, found), "refill plan")
        return found
