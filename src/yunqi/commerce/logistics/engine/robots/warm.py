"""Compile the searches of robots once; later processes load them in a fraction of a second."""

from collections.abc import Callable

from yunqi.commerce.logistics.engine.robots.generate import fleet
from yunqi.commerce.logistics.engine.robots.solve import plan_robots


def warm() -> None:
    """Compile every function that robot plans call, by small problems."""
    plan_robots(fleet(8, 12, 18, seed=1), used=_looks(40))
    plan_robots(fleet(8, 12, 3, errands=6, seed=1), used=_looks(40))


def _looks(most: int) -> Callable[[], float]:
    """Return a clock by which the time is over after so many looks."""
    looks = iter(range(most))
    return lambda: next(looks, most) / most
