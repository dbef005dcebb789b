"""Robots on the floor and containers in the yard: documents in, checked plans out, within a time."""

import importlib
from functools import cache
from pathlib import Path
from typing import Any

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.robots import check
from yunqi.commerce.logistics.engine.robots.read import read_robots
from yunqi.commerce.logistics.engine.yard import fetch, store
from yunqi.commerce.logistics.engine.yard.read import read_yard
from yunqi.commerce.logistics.model.robots import RobotPlan, RobotProblem
from yunqi.commerce.logistics.model.yard import Retrieval, Storage, YardProblem
from yunqi.commerce.logistics.service.documents import load_json
from yunqi.commerce.logistics.service.extra import needs_extra
from yunqi.commerce.logistics.service.share import checked, share_of


@cache
def _compiled() -> None:
    """Compile the search before the clock starts: a fraction of a second where set-up did it."""
    with needs_extra("logistics"):
        importlib.import_module("yunqi.commerce.logistics.engine.robots.warm").warm()


class Yard:
    """Robots without collisions, and stacks with few shifts.

    Parameters
    ----------
    config
        The settings of the domain.
    """

    def __init__(self, config: LogisticsConfig) -> None:
        self._config = config

    def read_robots(self, source: Path | dict[str, Any]) -> RobotProblem:
        """Read a floor, robots and errands from a file or a document."""
        return read_robots(load_json(source))

    def read_yard(self, source: Path | dict[str, Any]) -> YardProblem:
        """Read stacks and arrivals from a file or a document."""
        return read_yard(load_json(source))

    def robots(self, problem: RobotProblem, *, seconds: float | None = None, seed: int | None = None) -> RobotPlan:
        """Return paths on which no robots meet.

        Raises
        ------
        Invalid
            A cell can't be reached, by name, or no plan was found in the time.
        """
        _compiled()
        from yunqi.commerce.logistics.engine.robots.solve import plan_robots  # loads numba

        used = share_of(self._config, seconds)
        found = plan_robots(problem, used=used, seed=self._config.seed if seed is None else seed)
        checked(check.violations(problem, found), "robot plan")
        return found

    def store(self, problem: YardProblem, *, seconds: float | None = None) -> Storage:
        """Return a stack for each arriving container, few of them above one that leaves earlier.

        Raises
        ------
        Invalid
            A container finds no place, by name.
        """
        found = store.store(problem, used=share_of(self._config, seconds))
        checked(fetch.storage_violations(problem, tuple(found.places.items()), found.blocking), "storage")
        return found

    def fetch(self, problem: YardProblem, *, seconds: float | None = None) -> Retrieval:
        """Return the moves that take out all containers that stand in the bay, with few shifts.

        Raises
        ------
        Invalid
            Too few places are free.
        """
        found = fetch.fetch(problem, used=share_of(self._config, seconds))
        checked(fetch.violations(problem, found), "retrieval")
        return found
