"""What this machine has: cores, free memory, and how fast one core multiplies matrices."""

import os
import time
from functools import cache
from pathlib import Path

import numpy as np

from yunqi.cloud.training.config import TrainingConfig
from yunqi.cloud.training.engine.plan import Machine

_SIZE = 60  # small enough that the library multiplies in one thread
_PRODUCTS = 200
_RUNS = 5


def machine(config: TrainingConfig, *, threads: int) -> Machine:
    """Return the machine as plans see it."""
    free = config.memory_mb << 20 if config.memory_mb else free_memory()
    return Machine(rate(), threads, free, config.price_per_core_hour, config.currency)


def free_memory() -> int:
    """Return the bytes that a new process can take, the limit of this process's control group included."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    info = Path("/proc/meminfo")
    if info.exists():
        found = [line.split()[1] for line in info.read_text().splitlines() if line.startswith("MemAvailable")]
        free = int(found[0]) << 10 if found else free
    limit, used = (Path(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    if limit.exists() and used.exists() and (text := limit.read_text().strip()).isdigit():
        free = min(free, int(text) - int(used.read_text()))
    return max(0, free)


@cache
def rate() -> float:
    """Return the floating point operations a second that one core does in a float32 matrix product."""
    random = np.random.default_rng(0)
    left, right = (random.standard_normal((_SIZE, _SIZE), dtype=np.float32) for _ in range(2))
    left @ right
    best = 0.0
    for _ in range(_RUNS):
        started = time.process_time()
        for _ in range(_PRODUCTS):
            left @ right
        best = max(best, _PRODUCTS * 2 * _SIZE**3 / max(1e-6, time.process_time() - started))
    return best
