"""Memory of a served graph: what is taken as it fills, and what only compiling took and goes back to the system."""

import ctypes
import math
import mmap
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_DONT_NEED = 4  # MADV_DONTNEED


def untouched(shape: Sequence[int], kind: DTypeLike) -> NDArray[Any]:
    """Return an array of zeros in small pages of its own, each of which takes memory when something is written there.

    NumPy and, as the child process is started, malloc would ask for pages of 2 MB.
    """
    dtype = np.dtype(kind)
    pages = mmap.mmap(-1, max(1, math.prod(shape) * dtype.itemsize))
    return np.frombuffer(pages, dtype=dtype, count=math.prod(shape)).reshape(shape)


def let_go(file: Path) -> int:
    """Let go of freed memory, and of a mapped file's pages, which come back from the file when they are read again.

    Returns
    -------
    int
        Bytes of the file's mappings that were let go; 0 where the system knows no such thing.
    """
    if sys.platform != "linux":
        return 0
    library = ctypes.CDLL(None)
    total = 0
    for start, size in _mappings(file):
        if library.madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), _DONT_NEED) == 0:
            total += size
    if trim := getattr(library, "malloc_trim", None):  # glibc's own
        trim(0)
    return total


def _mappings(file: Path) -> list[tuple[int, int]]:
    """Return where a file is mapped to be read only: there is nothing in such pages that the file does not hold."""
    found, mapped = [], str(file.resolve())
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        place, rights, *_, path = line.split(maxsplit=5) if line.count(" ") > 4 else (line, "", "")
        if path == mapped and "w" not in rights:
            start, end = (int(number, 16) for number in place.split("-"))
            found.append((start, end - start))
    return found
