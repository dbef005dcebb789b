"""Packing: files in, a checked packing out, within a time."""

import importlib
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.packing.check import use, violations
from yunqi.commerce.logistics.engine.packing.read import Read, read_csv, read_json, read_packing
from yunqi.commerce.logistics.model.packing import Packing, PackingProblem
from yunqi.commerce.logistics.service.extra import needs_extra
from yunqi.commerce.logistics.service.files import read_text
from yunqi.kernel import Error, Invalid

PAIR = "NAME_items.csv with NAME_bins.csv beside it, or a .json file"
OnProgress = Callable[[float, str], None]
"""Told what share of the time is used, and how the best packing does so far."""


@cache
def _compiled() -> None:
    """Compile the search before the clock starts: a quarter of a second where set-up did it, half a minute where not."""
    importlib.import_module("yunqi.commerce.logistics.engine.packing.warm").warm()


class BrokenPacking(Error):
    """The search returned a packing that the checker refuses: a fault of ours, never shown as an answer."""

    code = "broken_packing"


class PackingDesk:
    """Boxes into bins.

    Parameters
    ----------
    config
        The settings of the domain.
    """

    def __init__(self, config: LogisticsConfig) -> None:
        self._config = config

    def read(self, path: Path, *, support: bool = True) -> Read:
        """Read our JSON, or a pair ``NAME_items.csv`` and ``NAME_bins.csv`` of which any one, or ``NAME``, is given."""
        if path.suffix.lower() == ".json":
            return read_json(read_text(path, "a .json problem"))
        stem = path.name.removesuffix("_items.csv").removesuffix("_bins.csv")
        items, bins = path.with_name(f"{stem}_items.csv"), path.with_name(f"{stem}_bins.csv")
        if path.is_dir():
            items, bins = path / "items.csv", path / "bins.csv"
        return read_csv(read_text(items, PAIR), read_text(bins, PAIR), support=support)

    def check(self, read: Read, document: Any) -> dict[str, Any]:
        """Judge a packing that was made elsewhere or changed by hand: its use, and every rule that it breaks, in words.

        Parameters
        ----------
        document
            ``{"placements": [{"item", "x", "y", "z", "dx", "dy", "dz", "bin", "number"}]}``, as an answer has them; ``bin`` may
            be absent where there is one kind, ``number`` where there is one of it.

        Raises
        ------
        Invalid
            A row is no placement; named.
        """
        packing = read_packing(read, document)
        broken = violations(read.problem, packing, scale=read.scale)
        return {"valid": not broken, "use": use(read.problem, packing), "broken": broken}

    def pack(
        self,
        problem: PackingProblem,
        *,
        seconds: float | None = None,
        workers: int | None = None,
        on_progress: OnProgress = lambda share, text: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> Packing:
        """Pack as much as the time allows; the answer has passed the checker.

        Parameters
        ----------
        seconds
            Wall-clock time; the setting ``solve_seconds`` when not given.
        is_cancelled
            Asked often; the best packing so far is returned soon after it says so.

        Raises
        ------
        Invalid
            The time is not above 0.
        """
        with needs_extra("logistics"):
            from yunqi.commerce.logistics.engine.packing.solve import solve  # numba comes with the extra
        budget = self._config.solve_seconds if seconds is None else seconds
        if not 0 < budget <= self._config.max_seconds:
            raise Invalid(f"seconds must be above 0 and at most {self._config.max_seconds:g}", "seconds")
        _compiled()
        started = time.monotonic()

        def stop_at(share: float) -> Callable[[float, int], bool]:
            end = started + budget * share
            return lambda _, fills: fills > 0 and (time.monotonic() >= end or is_cancelled())

        def tell(step: object) -> None:
            packed = getattr(step, "packed", 0) / max(bin_.volume for bin_ in problem.bins)
            on_progress(min(1.0, (time.monotonic() - started) / budget), f"{packed:.1%} used")

        packing = solve(problem, stop_at=stop_at, workers=workers or self._config.workers, on_step=tell)
        if broken := violations(problem, packing):
            raise BrokenPacking(
                f"The packing breaks {len(broken)} rules, the first: {broken[0]}. Please report this file."
            )
        return replace(packing, seconds=time.monotonic() - started)
