"""Wall-clock budgets that count from the start of the process."""

import os
import time
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
        self.is_stopped = False

    def left(self) -> float:
        """Return the seconds that are left; below 0 when it is over."""
        return self._until - time.monotonic()

    def used(self) -> float:
        """Return the seconds since it began."""
        return time.monotonic() - self._begun

    def stop(self) -> None:
        """End it now."""
        self.is_stopped = True
        self._until = self._begun
