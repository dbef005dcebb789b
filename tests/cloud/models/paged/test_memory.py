"""Memory of a graph: given back where it can be, without losing a byte."""

import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

from yunqi.cloud.models.service.paged.memory import let_go, untouched

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets pages go")


def resident(path: Path) -> int:
    """Return the kilobytes of a file's mapping that lie in memory."""
    lines = iter(Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines())
    for line in lines:
        if line.endswith(str(path)):
            return next(int(one.split()[1]) for one in lines if one.startswith("Rss:"))
    raise AssertionError(f"{path} is not mapped")


def test_pages_of_a_mapped_file_are_let_go_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "weights with a space.bin"
    held = np.arange(1 << 18, dtype=np.int64)
    path.write_bytes(held.tobytes())
    with path.open("rb") as stream:
        pages = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    view = np.frombuffer(pages, dtype=np.int64)
    assert view.sum() == held.sum()
    assert resident(path) == 2048
    assert let_go(path) == 2 << 20
    assert resident(path) < 2048
    assert np.array_equal(view, held)


def test_a_mapping_that_can_be_written_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(bytes(8192))
    with path.open("rb") as stream:
        pages = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)
    pages[5000] = 7
    assert let_go(path) == 0
    assert pages[5000] == 7


def test_a_cache_takes_memory_as_it_is_filled() -> None:
    def rss() -> int:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * mmap.PAGESIZE

    before = rss()
    cache = untouched([64, 4, 32, 1024], np.uint8)
    assert rss() - before < 4 << 20
    cache[:] = 1
    assert rss() - before > 6 << 20
    assert cache.sum() == cache.size
