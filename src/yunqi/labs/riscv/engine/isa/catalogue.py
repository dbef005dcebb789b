"""The rows as arrays that compiled code can search."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from yunqi.labs.riscv.engine.isa import formats, ops
from yunqi.labs.riscv.engine.isa.rows import BASE, FLOATING, THEAD
from yunqi.labs.riscv.engine.isa.vector_rows import VECTOR


@dataclass(frozen=True, slots=True)
class Row:
    """One instruction.

    Parameters
    ----------
    name
        Its mnemonic.
    format
        The name of its format.
    match, mask
        Its fixed bits and where they stand.
    operation
        The number of the operation that carries it out.
    code
        A further number for operations that are told apart by one (vector arithmetic).
    """

    name: str
    format: str
    match: int
    mask: int
    operation: int
    code: int = 0


@cache
def rows() -> tuple[Row, ...]:
    """Return every instruction, in the order in which they are tried."""
    found = []
    for line in (BASE + FLOATING + THEAD + VECTOR).strip().splitlines():
        if not line:
            continue
        name, form, bits, operation, *more = line.split()
        mask = ~formats.FREE[form] & 0xFFFFFFFF
        match = int(bits, 16)
        code = int(more[0]) if more else 0
        found.append(Row(name, form, match, mask, int(getattr(ops, operation)), code))
    return tuple(found)


@cache
def table() -> NDArray[np.int64]:
    """Return the rows grouped by major opcode.

    Returns
    -------
    array
        Shape (33 + rows, 5): the first 33 rows hold in column 0 where the rows of each major opcode (bits 6 to 2) start;
        then mask, match, format, operation, code.
    """
    by_major: list[list[Row]] = [[] for _ in range(32)]
    for row in rows():
        by_major[(row.match >> 2) & 31].append(row)
    flat = [row for group in by_major for row in group]
    made = np.zeros((33 + len(flat), 5), np.int64)
    start = 33
    for major, group in enumerate(by_major):
        made[major, 0] = start
        start += len(group)
    made[32, 0] = start
    for index, row in enumerate(flat, 33):
        made[index] = row.mask, row.match, getattr(formats, row.format), row.operation, row.code
    return made
