"""Warehouse and border: waves, picker routes and landed cost, from files or nouns."""

import importlib
import importlib.util
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.customs.duties import read_table
from yunqi.commerce.logistics.engine.customs.landed import landed_cost, read_shipment
from yunqi.commerce.logistics.engine.warehouse import read, touring
from yunqi.commerce.logistics.model.customs import DutyLine, LandedCost
from yunqi.commerce.logistics.model.warehouse import Block, PickRoute, WalkProblem, Wave, WaveProblem
from yunqi.commerce.logistics.service.documents import load_json
from yunqi.commerce.logistics.service.files import read_text
from yunqi.commerce.logistics.service.share import checked
from yunqi.kernel import Error, Invalid


class BrokenWave(Error):
    """The search returned a wave that the checker refuses: a fault of ours, never shown as an answer."""

    code = "broken_wave"


class Depot:
    """What a warehouse and a customs desk decide.

    Parameters
    ----------
    config
        The settings of the domain.
    """

    def __init__(self, config: LogisticsConfig) -> None:
        self._config = config

    def read_waves(self, source: Path | dict[str, Any] | str) -> WaveProblem:
        """Read a wave problem: in the form of the SBPO 2025 challenge (a file or its text), our JSON file, or a document."""
        from yunqi.commerce.logistics.engine.warehouse.waves import read_waves  # HiGHS takes half a second to load

        if isinstance(source, str):
            return read_waves(source)
        if not isinstance(source, Path) or source.suffix.lower() == ".json":
            return read.read_waves(load_json(source))
        return read_waves(read_text(source, "a wave problem: orders, items, aisles"))

    def wave(self, problem: WaveProblem, *, seconds: float | None = None) -> Wave:
        """Return the wave with most units an aisle, checked, with a bound."""
        budget = self._config.solve_seconds if seconds is None else seconds
        if not 0 < budget <= self._config.max_seconds:
            raise Invalid(f"seconds must be above 0 and at most {self._config.max_seconds:g}", "seconds")
        from yunqi.commerce.logistics.engine.warehouse.waves import best_wave, violations  # HiGHS, as above

        few = None
        if importlib.util.find_spec("numba") is not None:  # comes with the extra; without it HiGHS does all
            few = importlib.import_module("yunqi.commerce.logistics.engine.warehouse.few").few_aisles
            few(WaveProblem(({"a": 1},), ({"a": 1},), 1, 1), left=lambda: 1.0)  # compile before the clock starts
        end = time.monotonic() + budget
        known: Wave | None = (
            few(problem, left=lambda: end - 0.2 * budget - time.monotonic(), workers=self._config.workers)
            if few
            else None
        )
        if known is not None and known.is_proven:
            wave = known
        else:
            wave = best_wave(problem, left=lambda: end - time.monotonic(), known=known)
        if broken := violations(problem, wave):
            raise BrokenWave(f"The wave breaks a rule: {broken[0]}. Please report this file.")
        return wave

    def pick(self, block: Block, picks: Sequence[tuple[int, float]]) -> PickRoute:
        """Return the shortest walk of a picker from the front of aisle 0."""
        return self.walk(WalkProblem(block, tuple(picks)))

    def read_walk(self, source: Path | dict[str, Any]) -> tuple[WalkProblem, tuple[str, ...]]:
        """Read picks to fetch in one walk, and their ids, from a file or a document."""
        return read.read_walk(load_json(source))

    def walk(self, problem: WalkProblem) -> PickRoute:
        """Return the shortest walk past all picks, through any number of cross aisles, and the order of the picks in it."""
        found = touring.tour(problem)
        checked(touring.violations(problem, found), "walk")
        return found

    def read_duties(self, path: Path) -> tuple[DutyLine, ...]:
        """Read a duty table."""
        return read_table(read_text(path, "a duty table as CSV"))

    def read_shipment(self, source: Path | dict[str, Any]) -> dict[str, Any]:
        """Read a shipment: destination, currency, day, freight, insurance, rates and goods, amounts in minor units."""
        return read_shipment(load_json(source))

    def landed_cost(self, table: Sequence[DutyLine], **shipment: Any) -> LandedCost:
        """Return what a shipment costs at the door; see `engine.customs.landed.landed_cost`."""
        return landed_cost(shipment.pop("goods"), table, **shipment)
