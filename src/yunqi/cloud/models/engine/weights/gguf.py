"""Reads GGUF: metadata, and tensors of every common quantisation, unpacked to float32.

The quantised blocks are those of llama.cpp (MIT), whose layouts are stated beside each. Nothing here runs them fast:
this is how weights come in to be compared, converted and tuned; serving them is the embedded engine's work.
"""

import math
import mmap
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from yunqi.cloud.hub import GgufEntry, GgufListing, read_gguf
from yunqi.cloud.models.engine.weights.blocks import KINDS
from yunqi.cloud.models.model import BadCheckpoint
from yunqi.kernel import Invalid


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
                listing = read_gguf(stream)
                self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)
        except OSError as error:
            raise BadCheckpoint(f"{path} cannot be read: {error.strerror}.") from error
        except Invalid as error:
            raise BadCheckpoint(f"{path}: {error.message}") from error
        self.values = listing.values
        start = self._start_of_data(listing)
        self.entries = {entry.name: self._placed(entry, start) for entry in listing.entries}

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

    def _start_of_data(self, listing: GgufListing) -> int:
        align = listing.values.get("general.alignment", 32)
        if not isinstance(align, int) or align <= 0 or align & (align - 1):
            raise BadCheckpoint(f"{self.path} claims an alignment of {align!r}.")
        return (listing.size + align - 1) // align * align

    def _placed(self, entry: GgufEntry, start: int) -> Entry:
        name, kind, shape = entry.name, entry.kind, entry.shape
        if kind not in KINDS:
            raise BadCheckpoint(f"{self.path}: tensor {name!r} is packed as type {kind}, which is not read here.")
        count, block = math.prod(shape), KINDS[kind]
        if count % block.values or (shape and shape[-1] % block.values):
            raise BadCheckpoint(f"{self.path}: tensor {name!r} of shape {list(shape)} is no whole number of blocks.")
        size = count // block.values * block.bytes
        if start + entry.offset + size > len(self._map):
            raise BadCheckpoint(f"{self.path} is cut short: tensor {name!r} ends past the file. Fetch it again.")
        return Entry(kind, shape, start + entry.offset, size)
