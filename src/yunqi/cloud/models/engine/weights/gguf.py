"""Reads GGUF: metadata, and tensors of every common quantisation, unpacked to float32.

The quantised blocks are those of llama.cpp (MIT), whose layouts are stated beside each. Nothing here runs them fast:
this is how weights come in to be compared, converted and tuned; serving them is the embedded engine's work.
"""

import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from yunqi.cloud.models.engine.weights.blocks import KINDS
from yunqi.cloud.models.model import BadCheckpoint

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_MAX_ITEMS = 4_000_000
_MAX_TEXT = 16 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one tensor lies; ``shape`` is in PyTorch's order, rows first."""

    kind: int
    shape: tuple[int, ...]
    start: int
    size: int


class GgufFile:
    """One GGUF file, mapped.

    Raises
    ------
    BadCheckpoint
        When the header is damaged or the file is cut short.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as stream:
                if path.stat().st_size < 24:
                    raise BadCheckpoint(f"{path} is too short for a GGUF file. Fetch it again.")
                self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)
        except OSError as error:
            raise BadCheckpoint(f"{path} cannot be read: {error.strerror}.") from error
        reader = _Reader(path, self._map)
        self.values, self.entries = reader.read()

    def names(self) -> list[str]:
        """Return the names of all tensors."""
        return list(self.entries)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return a tensor's shape."""
        return self.entries[name].shape

    def tensor(self, name: str) -> Tensor:
        """Return a tensor, unpacked to float32 when it is quantised."""
        entry = self.entries[name]
        raw = torch.frombuffer(self._map, dtype=torch.uint8, count=entry.size, offset=entry.start)
        return KINDS[entry.kind].unpack(raw).reshape(entry.shape)


class _Reader:
    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self._path = path
        self._data = data
        self._place = 0

    def read(self) -> tuple[dict[str, Any], dict[str, Entry]]:
        if self._take(4) != b"GGUF":
            raise BadCheckpoint(f"{self._path} is no GGUF file: it does not begin with 'GGUF'.")
        if (version := self._number("I")) not in (2, 3):
            raise BadCheckpoint(f"{self._path} is GGUF version {version}; versions 2 and 3 are read here.")
        tensors, pairs = self._count(), self._count()
        values: dict[str, Any] = {}
        for _ in range(pairs):
            key = self._text()
            values[key] = self._value(self._number("I"))
        listed = [self._tensor() for _ in range(tensors)]
        align = values.get("general.alignment", 32)
        if not isinstance(align, int) or align <= 0 or align & (align - 1):
            raise BadCheckpoint(f"{self._path} claims an alignment of {align!r}.")
        base = (self._place + align - 1) // align * align
        return values, {name: self._placed(name, entry, base) for name, entry in listed}

    def _tensor(self) -> tuple[str, Entry]:
        name, dimensions = self._text(), self._number("I")
        if dimensions > 4:
            raise BadCheckpoint(f"{self._path}: tensor {name!r} claims {dimensions} dimensions.")
        shape = tuple(reversed([self._number("Q") for _ in range(dimensions)]))
        kind, offset = self._number("I"), self._number("Q")
        if kind not in KINDS:
            raise BadCheckpoint(f"{self._path}: tensor {name!r} is packed as type {kind}, which is not read here.")
        count = math.prod(shape)
        block = KINDS[kind]
        if count % block.values or (shape and shape[-1] % block.values):
            raise BadCheckpoint(f"{self._path}: tensor {name!r} of shape {list(shape)} is no whole number of blocks.")
        return name, Entry(kind, shape, offset, count // block.values * block.bytes)

    def _placed(self, name: str, entry: Entry, base: int) -> Entry:
        if base + entry.start + entry.size > len(self._data):
            raise BadCheckpoint(f"{self._path} is cut short: tensor {name!r} ends past the file. Fetch it again.")
        return Entry(entry.kind, entry.shape, base + entry.start, entry.size)

    def _take(self, size: int) -> bytes:
        end = self._place + size
        if end > len(self._data):
            raise BadCheckpoint(f"{self._path} ends in the middle of its header. Fetch it again.")
        found = self._data[self._place : end]
        self._place = end
        return found

    def _number(self, code: str) -> int:
        found: int = struct.unpack(f"<{code}", self._take(struct.calcsize(code)))[0]
        return found

    def _count(self) -> int:
        if (found := self._number("Q")) > _MAX_ITEMS:
            raise BadCheckpoint(f"{self._path} claims {found} entries; that is no real model file.")
        return found

    def _text(self) -> str:
        if (size := self._number("Q")) > _MAX_TEXT:
            raise BadCheckpoint(f"{self._path} claims a text of {size} bytes; that is no real model file.")
        return self._take(size).decode("utf-8", "replace")

    def _value(self, kind: int, depth: int = 0) -> Any:
        if kind in _SCALARS:
            return self._number(_SCALARS[kind])
        if kind == _STRING:
            return self._text()
        if kind != _ARRAY or depth > 2:
            raise BadCheckpoint(f"{self._path} holds a value of unknown kind {kind}.")
        inner, size = self._number("I"), self._count()
        if inner in _SCALARS:
            code = _SCALARS[inner]
            return list(struct.unpack(f"<{size}{code}", self._take(struct.calcsize(code) * size)))
        return [self._value(inner, depth + 1) for _ in range(size)]
