"""Budgets of time: the wall's, counted from the start of the process, or for benches on busy machines the processor's."""

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
    """A span of time.

    Parameters
    ----------
    seconds
        Its length.
    spent
        How much of it is gone already.
    clock
        Tells the seconds; the wall's by default.
    whole
        The budget that this one is a part of: it ends when that one is ended.
    """

    def __init__(
        self, seconds: float, spent: float = 0.0, *, clock: Callable[[], float] = time.monotonic, whole: "Budget | None" = None
    ) -> None:  # fmt: skip
        self._clock = clock
        self._whole = whole
        self._begun = clock() - spent
        self.seconds = seconds
        self._until = self._begun + seconds
        self._is_stopped = False

    @classmethod
    def of_processor(cls, seconds: float, *, threads: int) -> "Budget":
        """Return one that counts this process's CPU seconds over so many threads: what a calm machine's wall would tell."""
        return cls(seconds, clock=lambda: time.process_time() / threads)

    def part(self, seconds: float) -> "Budget":
        """Return a budget of the same clock that begins now and ends with this one if somebody ends it."""
        return Budget(seconds, clock=self._clock, whole=self)

    def left(self) -> float:
        """Return the seconds that are left; below 0 when it is over."""
        if self._whole is not None and not self._is_stopped:
            self._whole.left()  # a watched budget learns here that it was cancelled
            if self._whole._is_stopped:
                self.stop()
        return self._until - self._clock()

    def grace(self, share: float) -> float:
        """Return the seconds that are left and a share of all more, for what has to follow; below 0 once somebody ended it."""
        left = self.left()
        return -1.0 if self._is_stopped else left + share * self.seconds

    def used(self) -> float:
        """Return the seconds since it began."""
        return self._clock() - self._begun

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
