"""Wall-clock budgets that count from the start of the process."""

import os
import time
from collections.abc import Callable
from pathlib import Path


def age() -> float:
    """Return how many seconds ago this process began."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError, AttributeError):
        return time.process_time()


class Budget:
    """A span of wall-clock time.

    Parameters
    ----------
    seconds
        Its length.
    spent
        How much of it is gone already.
    """

    def __init__(self, seconds: float, spent: float = 0.0) -> None:
        self._begun = time.monotonic() - spent
        self.seconds = seconds
        self._until = self._begun + seconds
        self._is_stopped = False

    def left(self) -> float:
        """Return the seconds that are left; below 0 when it is over."""
        return self._until - time.monotonic()

    def used(self) -> float:
        """Return the seconds since it began."""
        return time.monotonic() - self._begun

    def span(self, *, reserve: float, least: float) -> tuple[float, Callable[[], float]]:
        """Return the seconds of a search, and what tells the share of them that is left (0 or below: it is over).

        Parameters
        ----------
        reserve
            Seconds of this budget that come after the search.
        least
            Seconds that the search gets however late it starts; a budget that is ended ends it all the same.
        """
        seconds = max(self.left() - reserve, least)
        end = self.used() + seconds

        def share() -> float:
            self.left()  # a watched budget learns here that it was cancelled
            return -1.0 if self._is_stopped else (end - self.used()) / seconds

        return seconds, share

    def stop(self) -> None:
        """End it now."""
        self._is_stopped = True
        self._until = self._begun
