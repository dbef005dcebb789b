"""The wire form of protocol buffers, as far as OpenStreetMap extracts use it: every length is checked before it is used."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.model import BadProblem

Ints = npt.NDArray[np.int64]
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LONGEST = 10
"""Bytes of the longest varint."""


class Message:
    """The fields of one message.

    Parameters
    ----------
    data
        Its bytes.
    where
        What error messages call it.
    """

    def __init__(self, data: memoryview, where: str) -> None:
        self._data = data
        self._where = where

    def fields(self) -> Iterator[tuple[int, int | memoryview]]:
        """Yield number and value of each field: an integer, or the bytes of a nested message, string or packed list.

        Raises
        ------
        BadProblem
            When a length points outside of the message or a wire type is unknown.
        """
        at, end = 0, len(self._data)
        while at < end:
            key, at = self._varint(at)
            number, kind = key >> 3, key & 7
            if kind == VARINT:
                value, at = self._varint(at)
                yield number, value
                continue
            if kind == BYTES:
                size, at = self._varint(at)
            elif kind in (FIXED64, FIXED32):
                size = 8 if kind == FIXED64 else 4
            else:
                raise self.broken(f"field {number} has the wire type {kind}")
            if size > end - at:
                raise self.broken(f"field {number} claims {size} bytes, {end - at} are left")
            yield number, self._data[at : at + size]
            at += size

    def broken(self, what: str) -> BadProblem:
        """Return the error that names the place."""
        return BadProblem(f"{self._where}: {what}; the extract is damaged or no .osm.pbf file.", param="extract")

    def _varint(self, at: int) -> tuple[int, int]:
        value = shift = 0
        for k in range(at, min(at + LONGEST, len(self._data))):
            byte = self._data[k]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, k + 1
            shift += 7
        raise self.broken("a number runs past its end")


def nested(value: int | memoryview, where: str) -> Message:
    """Return a field's value as a message."""
    return Message(text_of(value, where), where)


def text_of(value: int | memoryview, where: str) -> memoryview:
    """Return a field's value as bytes."""
    if isinstance(value, int):
        raise BadProblem(f"{where}: a number stands where bytes belong; the extract is damaged.", param="extract")
    return value


def packed(value: int | memoryview, where: str) -> Ints:
    """Return a packed list of varints; the unsigned values are wrapped into 64 signed bits."""
    data = np.frombuffer(text_of(value, where), np.uint8)
    if not len(data):
        return np.zeros(0, np.int64)
    ends = np.flatnonzero(data < 0x80)
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    if not len(ends) or ends[-1] != len(data) - 1 or int((ends - starts).max()) >= LONGEST:
        raise BadProblem(f"{where}: a list of numbers is cut off; the extract is damaged.", param="extract")
    bits = (data & 0x7F).astype(np.uint64)
    place = np.arange(len(data)) - np.repeat(starts, ends - starts + 1)
    return np.add.reduceat(bits << (7 * place).astype(np.uint64), starts).view(np.int64)


def signed(values: Ints) -> Ints:
    """Undo the zigzag form of signed numbers."""
    plain = values.view(np.uint64)
    return (plain >> np.uint64(1)).view(np.int64) ^ -(plain & np.uint64(1)).view(np.int64)


def signed_one(value: int | memoryview, where: str) -> int:
    """Undo the zigzag form of one number."""
    plain = number(value, where)
    return (plain >> 1) ^ -(plain & 1)


def number(value: int | memoryview, where: str) -> int:
    """Return a field's value as a number."""
    if not isinstance(value, int):
        raise BadProblem(f"{where}: bytes stand where a number belongs; the extract is damaged.", param="extract")
    return value if value < 1 << 63 else value - (1 << 64)
