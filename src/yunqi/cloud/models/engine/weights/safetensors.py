"""Reads safetensors by memory mapping: no byte is copied until it is used, and no length is believed unchecked."""

import json
import math
import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from yunqi.cloud.models.model import BadCheckpoint

_MAX_HEADER = 100 << 20
_DTYPES: dict[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one tensor lies in its file."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int
    end: int


class SafeFile:
    """One safetensors file, mapped; tensors are views into the map, private to this process.

    Raises
    ------
    BadCheckpoint
        When the header is damaged, lies about lengths, or the file is cut short.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as stream:
                size = path.stat().st_size
                self.entries, self._base = _header(path, stream.read(8), stream, size)
                self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY) if size else None
        except OSError as error:
            raise BadCheckpoint(f"{path} cannot be read: {error.strerror}.") from error
        if self._map is not None and hasattr(mmap, "MADV_SEQUENTIAL"):
            self._map.madvise(mmap.MADV_SEQUENTIAL)  # long read-ahead; measured quicker than to ask for all at once

    def names(self) -> list[str]:
        """Return the names of all tensors."""
        return list(self.entries)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return a tensor's shape without reading it."""
        return self.entries[name].shape

    def tensor(self, name: str) -> Tensor:
        """Return a tensor as a view into the map (copied only when it lies unaligned)."""
        entry = self.entries[name]
        count = math.prod(entry.shape)
        if count == 0 or self._map is None:
            return torch.empty(entry.shape, dtype=entry.dtype)
        start = self._base + entry.start
        if start % entry.dtype.itemsize:
            data = bytearray(self._map[start : self._base + entry.end])
            return torch.frombuffer(data, dtype=entry.dtype).view(entry.shape)
        return torch.frombuffer(self._map, dtype=entry.dtype, count=count, offset=start).view(entry.shape)


def _header(path: Path, head: bytes, stream: Any, size: int) -> tuple[dict[str, Entry], int]:
    if len(head) != 8:
        raise BadCheckpoint(f"{path} is cut short: it has no safetensors header. Fetch it again.")
    length = int.from_bytes(head, "little")
    if length > _MAX_HEADER or 8 + length > size:
        raise BadCheckpoint(
            f"{path} is no safetensors file, or cut short: its header claims {length} bytes of {size}. Fetch it again."
        )
    try:
        found = json.loads(stream.read(length), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise BadCheckpoint(f"{path} has a damaged safetensors header: {error}.") from error
    if not isinstance(found, dict):
        raise BadCheckpoint(f"{path} has a damaged safetensors header: it is no object.")
    found.pop("__metadata__", None)
    entries = {name: _entry(path, name, value, size - 8 - length) for name, value in found.items()}
    _no_overlap(path, entries)
    return entries, 8 + length


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _entry(path: Path, name: str, value: Any, room: int) -> Entry:
    try:
        dtype, shape, (start, end) = _DTYPES[value["dtype"]], tuple(value["shape"]), value["data_offsets"]
        whole = all(isinstance(part, int) and part >= 0 for part in (*shape, start, end))
    except (KeyError, TypeError, ValueError) as error:
        raise BadCheckpoint(f"{path}: the header entry of tensor {name!r} is damaged or of an unknown type.") from error
    if not whole or not start <= end or end - start != math.prod(shape) * dtype.itemsize:
        raise BadCheckpoint(
            f"{path}: tensor {name!r} claims shape {list(shape)} in bytes {start} to {end}; they differ."
        )
    if end > room:
        raise BadCheckpoint(f"{path} is cut short: tensor {name!r} ends at byte {end} of {room}. Fetch it again.")
    return Entry(dtype, shape, start, end)


def _no_overlap(path: Path, entries: dict[str, Entry]) -> None:
    last, before = 0, ""
    for name, entry in sorted(entries.items(), key=lambda pair: (pair[1].start, pair[1].end)):
        if entry.start < last:
            raise BadCheckpoint(f"{path}: tensors {before!r} and {name!r} overlap.")
        last, before = entry.end, name
