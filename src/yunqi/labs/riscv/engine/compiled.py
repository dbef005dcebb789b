"""How the lab's inner loops are compiled: Numba, cached on disk, stale caches recognised by the content of the source."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function of numbers and arrays at its first call, and keep the code on disk."""
    return _compile(function)


def inlined(function: Function) -> Function:
    """Compile a small function into the place of each of its calls."""
    return _compile(function, forceinline=True)


def _compile(function: Function, **options: Any) -> Function:
    # Without Numba's counting of references: nothing here makes an array, all of them belong to the caller, and each
    # tuple taken apart and each row looked at cost two atomic operations, nine tenths of the timing model's run.
    options |= {"error_model": "numpy", "_nrt": False}
    try:
        made: Any = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder that a cache could be written to
        plain: Function = numba.njit(**options)(function)
        return plain
    # Numba looks at the time stamp of one file only; these functions are built from each other across files.
    kept = getattr(getattr(made, "_cache", None), "_cache_file", None)
    if kept is not None:
        kept._source_stamp = sources(timing=".timing." in function.__module__)
    done: Function = made
    return done


@cache
def sources(*, timing: bool) -> str:
    """Return a hash over the source text of the compiled parts: the machine, and with it the timing, which uses it."""
    digest = hashlib.sha256(numba.__version__.encode() + Path(__file__).read_bytes())
    for part in ("isa", "machine", "timing") if timing else ("isa", "machine"):
        for path in sorted((Path(__file__).parent / part).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
