"""The list of benches."""

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yunqi.app.bench import serving
from yunqi.app.bench.model import Row


@dataclass(frozen=True, slots=True)
class Bench:
    """A bench: what it measures, beside whom, and how to run it so many times."""

    what: str
    peer: str
    run: Callable[[int], list[Row]]


BENCHES: dict[str, Bench] = {
    "serve": Bench("the whole shop under a mixed load from a second process", "Starlette + SQLite FTS5", serving.run),
}


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    model = "unknown"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "system": platform.platform(),
    }
