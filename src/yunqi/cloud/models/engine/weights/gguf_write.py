"""Writes GGUF files, the format of llama.cpp (version 3): counts, metadata, the table of tensors, their bytes, aligned."""

import os
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from yunqi.kernel.errors import Invalid

_ALIGN = 32
_SCALARS = {bool: (7, "?"), int: (4, "I"), float: (6, "f")}


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """One tensor to write.

    Parameters
    ----------
    shape
        Rows first.
    kind
        The format's number of how it is packed.
    size
        Bytes.
    make
        Gives the bytes when its turn comes.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    size: int
    make: Callable[[], bytes]


def write_gguf(path: Path, values: Mapping[str, Any], tensors: Iterable[GgufTensor]) -> int:
    """Write a file and return its bytes.

    Parameters
    ----------
    values
        Metadata: text, whole numbers (32 bits), fractions, booleans, or lists of one of these.
    """
    listed = list(tensors)
    with path.open("wb") as stream:
        stream.write(b"GGUF" + struct.pack("<IQQ", 3, len(listed), len(values)))
        for key, value in values.items():
            _text(stream, key)
            _value(stream, value)
        offset = 0
        for tensor in listed:
            _text(stream, tensor.name)
            stream.write(struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *reversed(tensor.shape)))
            stream.write(struct.pack("<IQ", tensor.kind, offset))
            offset += _up(tensor.size)
        stream.write(b"\0" * (_up(stream.tell()) - stream.tell()))
        for tensor in listed:
            data = tensor.make()
            stream.write(data + b"\0" * (_up(len(data)) - len(data)))
        stream.flush()
        os.fsync(stream.fileno())
        return stream.tell()


def _up(size: int) -> int:
    return (size + _ALIGN - 1) // _ALIGN * _ALIGN


def _text(stream: IO[bytes], text: str) -> None:
    raw = text.encode("utf-8")
    stream.write(struct.pack("<Q", len(raw)) + raw)


def _value(stream: IO[bytes], value: Any) -> None:
    if isinstance(value, str):
        stream.write(struct.pack("<I", 8))
        _text(stream, value)
    elif isinstance(value, list | tuple):
        _list(stream, value)
    else:
        kind, code = _kind(value)
        stream.write(struct.pack(f"<I{code}", kind, value))


def _list(stream: IO[bytes], value: list[Any] | tuple[Any, ...]) -> None:
    if value and isinstance(value[0], str):
        stream.write(struct.pack("<IIQ", 9, 8, len(value)))
        for text in value:
            _text(stream, text)
        return
    kind, code = _kind(value[0]) if value else (5, "i")
    kind, code = (5, "i") if code == "I" else (kind, code)  # readers expect signed numbers in lists
    stream.write(struct.pack(f"<IIQ{len(value)}{code}", 9, kind, len(value), *value))


def _kind(value: Any) -> tuple[int, str]:
    if isinstance(value, int) and not isinstance(value, bool) and value < 0:
        return 5, "i"
    try:
        return _SCALARS[type(value)]
    except KeyError:
        raise Invalid(f"GGUF metadata cannot hold {value!r}.") from None
