"""Reads the header of a GGUF file: what the model is and where its tensors lie, without loading it.

Every length in the header is checked before it is believed, because the file may come from anywhere. Layout: llama.cpp's
GGUF specification, versions 2 and 3.
"""

import math
import struct
from dataclasses import dataclass
from typing import IO, Any

from yunqi.kernel.errors import Invalid

_MAX_ITEMS = 4_000_000
_MAX_STRING = 16 << 20
_MAX_DIMENSIONS = 4
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9

# llama.cpp's general.file_type numbers.
_FILE_TYPES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    32: "BF16",
}


@dataclass(frozen=True, slots=True)
class GgufEntry:
    """One tensor as the header lists it.

    ``shape`` has rows first (the file keeps it reversed), ``kind`` is ggml's number of the packing, ``offset`` counts
    bytes from the start of the data.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int


@dataclass(frozen=True, slots=True)
class GgufListing:
    """All that a header says; ``size`` is its length in bytes. Lists among the values may have been passed over."""

    values: dict[str, Any]
    entries: tuple[GgufEntry, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF header says; ``parameters`` is the sum over all tensors."""

    architecture: str
    name: str
    licence: str
    context: int
    quantisation: str
    parameters: int
    chat_template: str

    @property
    def tools(self) -> bool:
        """Whether the chat template speaks of tools."""
        return "tools" in self.chat_template


def read_gguf(stream: IO[bytes], *, lists: bool = True) -> GgufListing:
    """Read the whole header from the start of a GGUF file.

    Parameters
    ----------
    stream
        The file, at its start.
    lists
        False leaves None where the value is a list (a vocabulary has some 150,000 texts).

    Raises
    ------
    Invalid
        When the bytes are not a whole GGUF header of version 2 or 3.
    """
    reader = _Reader(stream, lists)
    if reader.take(4) != b"GGUF":
        raise Invalid("This is not a GGUF file: it does not begin with 'GGUF'. Convert the model to GGUF first.")
    version = reader.number("I")
    if version not in (2, 3):
        raise Invalid(f"GGUF version {version} is not readable here; versions 2 and 3 are. Convert the file again.")
    tensors, pairs = reader.count("tensors"), reader.count("metadata entries")
    values: dict[str, Any] = {}
    for _ in range(pairs):
        key = reader.text()
        values[key] = reader.value(reader.number("I"))
    entries = tuple(reader.entry() for _ in range(tensors))
    return GgufListing(values, entries, reader.place)


def read_header(stream: IO[bytes]) -> Header:
    """Return what kind of model the header describes; raises as :func:`read_gguf` does."""
    found = read_gguf(stream, lists=False)
    return _header(found.values, sum(math.prod(entry.shape) for entry in found.entries))


def _header(values: dict[str, Any], parameters: int) -> Header:
    architecture = values.get("general.architecture")
    if not isinstance(architecture, str):
        raise Invalid("The GGUF header does not name an architecture; the file is damaged or not a language model.")
    file_type = values.get("general.file_type")
    context = values.get(f"{architecture}.context_length")
    return Header(
        architecture=architecture,
        name=str(values.get("general.name") or architecture),
        licence=str(values.get("general.license") or ""),
        context=context if isinstance(context, int) else 0,
        quantisation=_FILE_TYPES.get(file_type, f"type {file_type}") if isinstance(file_type, int) else "unknown",
        parameters=parameters,
        chat_template=str(values.get("tokenizer.chat_template") or ""),
    )


class _Reader:
    def __init__(self, stream: IO[bytes], lists: bool) -> None:
        self._stream, self._lists = stream, lists
        self.place = 0

    def take(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) != size:
            raise Invalid("The GGUF header ends in the middle; the file is cut short. Fetch it again.")
        self.place += size
        return data

    def number(self, code: str) -> Any:
        return struct.unpack(f"<{code}", self.take(struct.calcsize(code)))[0]

    def count(self, what: str) -> int:
        found: int = self.number("Q")
        if found > _MAX_ITEMS:
            raise Invalid(f"The GGUF header claims {found} {what}; that is not a real model file.")
        return found

    def text(self) -> str:
        size: int = self.number("Q")
        if size > _MAX_STRING:
            raise Invalid(f"The GGUF header holds a text of {size} bytes; that is not a real model file.")
        return self.take(size).decode("utf-8", "replace")

    def value(self, kind: int, depth: int = 0) -> Any:
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY or depth > 2:
            raise Invalid(f"The GGUF header holds a value of unknown kind {kind}; the file is damaged.")
        return self._items(depth)

    def _items(self, depth: int) -> list[Any] | None:
        kind, size = self.number("I"), self.count("array items")
        if kind in _SCALARS:
            code = _SCALARS[kind]
            data = self.take(struct.calcsize(code) * size)
            return list(struct.unpack(f"<{size}{code}", data)) if self._lists else None
        items = (self.value(kind, depth + 1) for _ in range(size))
        if self._lists:
            return list(items)
        for _ in items:
            pass
        return None

    def entry(self) -> GgufEntry:
        name, dimensions = self.text(), self.number("I")
        if dimensions > _MAX_DIMENSIONS:
            raise Invalid(f"The GGUF header holds tensor {name!r} of {dimensions} dimensions; the file is damaged.")
        shape = tuple(reversed([self.number("Q") for _ in range(dimensions)]))
        return GgufEntry(name, shape, kind=self.number("I"), offset=self.number("Q"))
