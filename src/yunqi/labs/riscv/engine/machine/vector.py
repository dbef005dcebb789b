"""The vector extension 0.7.1."""

from yunqi.labs.riscv.engine.compiled import compiled
from yunqi.labs.riscv.engine.machine import layout as at


@compiled
def vector(op, word, a, b, bits, x, fb, c, tlb, pages, m8, code, index_of, vectors):
    """Carry out a vector instruction."""
    c[at.STOP] = at.ILLEGAL
