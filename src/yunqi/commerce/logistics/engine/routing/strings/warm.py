"""Compile everything once; later processes load it in a fraction of a second."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from yunqi.commerce.logistics.engine.routing.strings import anneal, eject, folder, recreate
from yunqi.commerce.logistics.engine.routing.strings.arrays import new_state
from yunqi.commerce.logistics.engine.routing.strings.packed import packed
from yunqi.commerce.logistics.model import Problem, Task, Travel, Vehicle


def mark() -> Path:
    """Return the file that stands where everything is compiled."""
    return folder() / "ready"


def is_warm() -> bool:
    """Whether the compiled code is there."""
    return mark().exists()


@contextmanager
def compiling() -> Iterator[None]:
    """Hold the lock of those who compile: one process at a time does, and the next finds it done."""
    with (folder() / "compiling").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_compiling() -> bool:
    """Whether some process compiles at this moment."""
    with (folder() / "compiling").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def warm() -> None:
    """Compile every function that a search calls, by a small problem."""
    places = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0], [3.0, 0.0]])
    tasks = tuple(Task(str(k), k, load=(1,)) for k in range(1, 4))
    vehicles = (Vehicle("1", 0, 0, (3,)), Vehicle("2", 0, 0, (3,)))
    arrays = packed(Problem("warm", tasks, vehicles, Travel("coordinates", xy=places)))
    state, nothing = new_state(arrays.p, 1), np.zeros(0, np.int64)
    anneal.load(*arrays.args, state, nothing, np.zeros(1, np.int64), nothing, np.arange(3, dtype=np.int64))
    anneal.anneal(*arrays.args, state, 1, 1.0, 1.0)
    recreate.price(*arrays.args, state, 0)
    anneal.fewer(*arrays.args, state, 1, 1, 1.0)
    eject.eject(*arrays.args, state, 1, 1, 2, 1, 1.0)
