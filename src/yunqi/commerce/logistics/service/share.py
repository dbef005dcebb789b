"""The share of a wall-clock budget that is gone, for searches that stop at 1."""

import time
from collections.abc import Callable

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.kernel import Error, Invalid


class BrokenAnswer(Error):
    """A search returned what its checker refuses: a fault of ours, never shown as an answer."""

    code = "broken_answer"


def share_of(
    config: LogisticsConfig, seconds: float | None, is_cancelled: Callable[[], bool] = lambda: False
) -> Callable[[], float]:
    """Start a budget; the function returned tells which share of it is gone, 1 once it is cancelled.

    Raises
    ------
    Invalid
        The time is not above 0, or longer than the settings allow.
    """
    budget = config.solve_seconds if seconds is None else seconds
    if not 0 < budget <= config.max_seconds:
        raise Invalid(f"seconds must be above 0 and at most {config.max_seconds:g}", "seconds")
    started = time.monotonic()
    return lambda: 1.0 if is_cancelled() else (time.monotonic() - started) / budget


def checked(broken: list[str], what: str) -> None:
    """Raise `BrokenAnswer` when a checker found something."""
    if broken:
        raise BrokenAnswer(
            f"The {what} breaks {len(broken)} rules, the first: {broken[0]}. Please report this problem."
        )
