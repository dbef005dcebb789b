"""Writes GGUF files: metadata and tensors, plain or packed as Q4_0 or Q8_0."""

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from yunqi.kernel.errors import Invalid

_ALIGN = 32
_SHARES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 1.05, -0.95, -0.9)
_SCALARS = {bool: (7, "?"), int: (4, "I"), float: (6, "f")}


@dataclass(frozen=True, slots=True)
class Item:
    """One tensor to write: its shape rows first, how it is packed, and what gives its bytes when its turn comes."""

    name: str
    shape: tuple[int, ...]
    kind: int
    size: int
    make: Callable[[], bytes]


def plain(name: str, value: Tensor) -> Item:
    """Return a tensor written as float32."""
    return Item(name, tuple(value.shape), 0, value.numel() * 4, lambda: value.float().contiguous().numpy().tobytes())


def packed(name: str, shape: tuple[int, ...], kind: str, value: Callable[[], Tensor]) -> Item:
    """Return a tensor written as ``Q4_0`` or ``Q8_0``; its last axis must hold whole blocks of 32."""
    if shape[-1] % 32:
        raise Invalid(f"Tensor {name} has rows of {shape[-1]}; {kind} needs a multiple of 32.")
    number, each, pack = {"Q4_0": (2, 18, _q4_0), "Q8_0": (8, 34, _q8_0)}[kind]
    count = 1
    for part in shape:
        count *= part
    return Item(name, shape, number, count // 32 * each, lambda: pack(value()))


def _q4_0(value: Tensor) -> bytes:
    """Pack with the scale that loses least in the mean square, among those around the largest value's."""
    blocks = value.float().reshape(-1, 32)
    peak = blocks.gather(1, blocks.abs().argmax(dim=1, keepdim=True)) / -8
    best = torch.full_like(peak, float("inf"))
    scales = peak.half()
    for share in _SHARES:
        tried = (peak * share).half()
        lost = (_numbers(blocks, tried) * tried.float() - 8 * tried.float() - blocks).square().sum(1, keepdim=True)
        scales = torch.where(lost < best, tried, scales)
        best = torch.minimum(lost, best)
    numbers = _numbers(blocks, scales).to(torch.uint8)
    both = numbers[:, :16] | (numbers[:, 16:] << 4)
    return torch.cat((scales.view(torch.uint8), both), dim=1).numpy().tobytes()


def _numbers(blocks: Tensor, scales: Tensor) -> Tensor:
    inverse = torch.where(scales == 0, 0.0, 1.0 / scales.float())
    return (blocks * inverse + 8.5).floor().clamp(0, 15)


def _q8_0(value: Tensor) -> bytes:
    blocks = value.float().reshape(-1, 32)
    scales = (blocks.abs().amax(dim=1, keepdim=True) / 127).half()
    inverse = torch.where(scales == 0, 0.0, 1.0 / scales.float())
    numbers = (blocks * inverse).round().clamp(-127, 127).to(torch.int8)
    return torch.cat((scales.view(torch.uint8), numbers.view(torch.uint8)), dim=1).numpy().tobytes()


def write(path: Path, values: Mapping[str, Any], items: Iterable[Item]) -> int:
    """Write a file and return its bytes.

    Parameters
    ----------
    values
        Metadata: text, whole numbers (32 bits), fractions, booleans, or lists of one of these.
    """
    listed = list(items)
    with path.open("wb") as stream:
        stream.write(b"GGUF" + struct.pack("<IQQ", 3, len(listed), len(values)))
        for key, value in values.items():
            _text(stream, key)
            _value(stream, value)
        offset = 0
        for item in listed:
            _text(stream, item.name)
            stream.write(struct.pack(f"<I{len(item.shape)}Q", len(item.shape), *reversed(item.shape)))
            stream.write(struct.pack("<IQ", item.kind, offset))
            offset += _up(item.size)
        stream.write(b"\0" * (_up(stream.tell()) - stream.tell()))
        for item in listed:
            data = item.make()
            stream.write(data + b"\0" * (_up(len(data)) - len(data)))
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
