"""How busy the machine's cores are with the work of others."""

import os
import time
from pathlib import Path


def cores() -> int:
    """Return the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LoadMeter:
    """Measures, between two calls, how many cores were busy with anything but one process."""

    def __init__(self) -> None:
        self._ticks = os.sysconf("SC_CLK_TCK")
        self._last: tuple[float, float, float] | None = None
        self._pid: int | None = None

    def foreign(self, pid: int | None) -> float:
        """Return the cores kept busy by others since the last call for the same ``pid``."""
        try:
            now = (time.monotonic(), _busy() / self._ticks, _used(pid) / self._ticks)
        except (OSError, ValueError, IndexError):
            return 0.0  # no /proc: assume a calm machine
        last, self._last = self._last, now
        if last is None or self._pid != pid or now[0] <= last[0]:
            self._pid = pid
            return 0.0
        return max(0.0, ((now[1] - last[1]) - (now[2] - last[2])) / (now[0] - last[0]))


def _busy() -> int:
    fields = [int(field) for field in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]]
    return sum(fields) - fields[3] - fields[4] - sum(fields[8:])  # without idle, waiting and guest time counted twice


def _used(pid: int | None) -> int:
    if pid is None:
        return 0
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])
