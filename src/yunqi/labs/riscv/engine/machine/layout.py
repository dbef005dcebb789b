"""Where the words of the machine's control array stand, and why it stopped."""

PC, STOP, FAULT, FLAGS, ROUNDING, RESERVED, RESERVED_VALUE, LIMIT, RETIRED, TRACED, TRACING = range(11)
VL, VTYPE, VSTART, VXRM, VXSAT, CYCLES, TIME, BITS, ACCESS = range(11, 20)
CONTROL_WORDS = 64

# Why the loop came back.
(
    RUNNING,
    LIMIT_REACHED,
    TRACE_FULL,
    SYSTEM_CALL,
    BREAKPOINT,
    ILLEGAL,
    NO_CODE,
    NO_LOAD,
    NO_STORE,
    MISALIGNED,
    UNKNOWN_CSR,
) = range(11)

PAGE = 4096
PAGE_BITS = 12
SLOTS = 2048
"""Decoded slots of one page: one for each halfword."""

READ, WRITE, EXECUTE, DECODED = 1, 2, 4, 8
"""What may be done with a page, and whether instructions of it have been decoded; the low bits of its entry."""

TLB_ENTRIES = 512
TLB_WORDS = 4
"""Of each entry: page for loads, page for stores, distance from virtual address to arena offset, spare."""

EMPTY = -(1 << 60)
"""A page number that no address has."""
