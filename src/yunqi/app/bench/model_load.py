"""`yunqi bench model-load`: a gigabyte of safetensors, opened by the lineage's reader and read in order, in one run.

The file is written on the spot and dropped from the page cache before each side (posix_fadvise; where the system does
not let go, the figure says cached). The peer is the disk itself: `read` into one buffer. Yunqi's side touches every
page of every tensor, since mapping alone reads nothing.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from yunqi.app.bench.model import Row
from yunqi.kernel import Invalid

_TENSORS, _ROWS, _COLUMNS = 32, 4096, 4096
_BLOCK = 8 << 20


def run(runs: int = 3) -> list[Row]:
    """Measure both sides in turn, cold, and once more warm."""
    try:
        import torch
        from safetensors.torch import save_file
    except ModuleNotFoundError as error:
        raise Invalid(f"This bench needs the package {error.name}: run scripts/setup models.") from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        noise = torch.randint(-(1 << 15), 1 << 15, (_ROWS, _COLUMNS), dtype=torch.int16).view(torch.bfloat16)
        save_file({f"layer.{index}": noise.roll(index) for index in range(_TENSORS)}, path)
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
        return [row for cold in (True, False) for row in _rows(path, runs, cold=cold)]


def _rows(path: Path, runs: int, *, cold: bool) -> list[Row]:
    size = path.stat().st_size
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for side, read in enumerate((mapped, in_order)):
            if cold:
                forget(path)
            rates[side].append(size / _seconds(read, path) / 1e6)
    mine, theirs = (statistics.median(rate) for rate in rates)
    name = "load_cold_mb_s" if cold else "load_cached_mb_s"
    spread = (max(rates[0]) - min(rates[0])) / mine
    return [Row(name, mine, "MB/s", "read in order", theirs, mine / theirs, runs, spread)]


def mapped(path: Path) -> int:
    """Open the file by the lineage's reader and touch a byte of each page of each tensor."""
    import torch

    from yunqi.cloud.models import open_weights

    total = 0
    for _, tensor in open_weights(path):
        total += int(tensor.reshape(-1).view(torch.uint8)[::4096].sum(dtype=torch.int64))
    return total


def in_order(path: Path) -> int:
    """Read the file from its beginning to its end into one buffer."""
    buffer, total = bytearray(_BLOCK), 0
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(buffer):
            total += count
    return total


def forget(path: Path) -> None:
    """Ask the system to drop the file from its page cache."""
    with path.open("rb") as stream:
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _seconds(read: Callable[[Path], int], path: Path) -> float:
    started = time.perf_counter()
    read(path)
    return time.perf_counter() - started
