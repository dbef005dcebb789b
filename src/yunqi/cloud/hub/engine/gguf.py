"""Reads the header of a GGUF file: what the model is, without loading it.

Every length in the header is checked before it is believed, because the file may come from anywhere.
"""

import struct
from dataclasses import dataclass
from typing import IO

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

Value = str | int | float | bool | None


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


def read_header(stream: IO[bytes]) -> Header:
    """Read the header from the start of a GGUF file.

    Raises
    ------
    Invalid
        When the bytes are not a whole GGUF header of version 2 or 3.
    """
    reader = _Reader(stream)
    if reader.take(4) != b"GGUF":
        raise Invalid("This is not a GGUF file: it does not begin with 'GGUF'. Convert the model to GGUF first.")
    version = reader.number("I")
    if version not in (2, 3):
        raise Invalid(f"GGUF version {version} is not readable here; versions 2 and 3 are. Convert the file again.")
    tensors, pairs = reader.count("tensors"), reader.count("metadata entries")
    values: dict[str, Value] = {}
    for _ in range(pairs):
        key = reader.text()
        values[key] = reader.value(reader.number("I"))
    parameters = sum(reader.tensor() for _ in range(tensors))
    return _header(values, parameters)


def _header(values: dict[str, Value], parameters: int) -> Header:
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
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def take(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) != size:
            raise Invalid("The GGUF header ends in the middle; the file is cut short. Fetch it again.")
        return data

    def number(self, code: str) -> int:
        return int(struct.unpack(f"<{code}", self.take(struct.calcsize(code)))[0])

    def count(self, what: str) -> int:
        found = self.number("Q")
        if found > _MAX_ITEMS:
            raise Invalid(f"The GGUF header claims {found} {what}; that is not a real model file.")
        return found

    def text(self) -> str:
        size = self.number("Q")
        if size > _MAX_STRING:
            raise Invalid(f"The GGUF header holds a text of {size} bytes; that is not a real model file.")
        return self.take(size).decode("utf-8", "replace")

    def value(self, kind: int, depth: int = 0) -> Value:
        if kind in _SCALARS:
            code = _SCALARS[kind]
            found: Value = struct.unpack(f"<{code}", self.take(struct.calcsize(code)))[0]
            return found
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY or depth > 2:
            raise Invalid(f"The GGUF header holds a value of unknown kind {kind}; the file is damaged.")
        self._skip_array(depth)
        return None

    def _skip_array(self, depth: int) -> None:
        kind = self.number("I")
        size = self.count("array items")
        if kind in _SCALARS:
            self.take(struct.calcsize(_SCALARS[kind]) * size)
            return
        for _ in range(size):
            self.value(kind, depth + 1)

    def tensor(self) -> int:
        self.text()
        dimensions = self.number("I")
        if dimensions > _MAX_DIMENSIONS:
            raise Invalid(f"The GGUF header holds a tensor of {dimensions} dimensions; the file is damaged.")
        elements = 1
        for _ in range(dimensions):
            elements *= self.number("Q")
        self.take(12)
        return elements
