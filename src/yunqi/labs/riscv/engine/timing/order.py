"""Accesses to the same bytes out of order: the older one makes the core carry out anew all that comes after it.

A load or store asks the load queue for younger loads of its bytes that were carried out before it (ct_lsu_lq_entry.v, "RAR",
"RAW"); where there is one, everything behind the older access is thrown away when that retires (ct_rtu_retire.v) and fetched
again. The model takes instructions in program order and sees it at the younger load: it keeps its state behind every access
that had to wait, and goes back to it. What the core learns of stores (ct_ifu_sfp.v) is not modelled.
"""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.timing import back, front
from yunqi.labs.riscv.engine.timing import words as w

KEPT = 32
TABLE = 1024
# Of a state that is kept: running words, counters, queues, registers' cycles and causes; before all, its place in the trace.
T = 1
N = T + w.WORDS
QUEUES = N + w.COUNTED
READY = QUEUES + w.QUEUES * w.ENTRIES
WHY = READY + w.REGISTERS
STATE = WHY + w.REGISTERS
_RUNS_ON = (w.ORDER, w.LATE_COUNTER, w.LATE_SELECTOR, w.LATE_END)
"""Words that are not turned back: what executed branches teach, and the count of kept states."""
_STAYS = (w.L1I_MISSES, w.L1D_MISSES, w.L2_MISSES, w.TLB_MISSES, w.PREFETCHES)
"""Counters that are not: lines that were fetched stay."""


@inlined
def overtaken(op, issue, address, loads, states, t):
    """Return where an older access stands that this load, carried out before it, has overtaken, or -1.

    Parameters
    ----------
    op, issue, address
        Of the younger load.
    loads
        Table by address: bytes, cycle of issue and number of the last access that had to wait.
    states
        What is kept of the latest of these.
    """
    key = address >> 3
    at = 3 * (key & (TABLE - 1))
    if loads[at] >> 8 != key or not loads[at] & back.lanes(op, address) or loads[at + 1] <= issue:
        return np.int64(-1)
    number = loads[at + 2]
    if t[w.ORDER] - number > KEPT or states[number % KEPT, 0] < 0:
        return np.int64(-1)
    return number % KEPT


@compiled
def keep(op, index, issue, address, loads, states, queues, ready, why, t, n):
    """Keep the state behind an access that had to wait."""
    number = t[w.ORDER]
    key = address >> 3
    at = 3 * (key & (TABLE - 1))
    loads[at], loads[at + 1], loads[at + 2] = key << 8 | back.lanes(op, address), issue, number
    t[w.ORDER] = number + 1
    state = states[number % KEPT]
    state[0] = index
    copied(t, state[T:N])
    copied(n, state[N:QUEUES])
    for row in range(queues.shape[0]):
        first = QUEUES + w.ENTRIES * row
        copied(queues[row], state[first : first + w.ENTRIES])
    copied(ready, state[READY:WHY])
    copied(why, state[WHY:STATE])


@inlined
def copied(source, target):
    """Copy whole numbers (an assignment of slices would ask for memory)."""
    for index in range(target.size):
        target[index] = source[index]


@compiled
def back_to(state, index, slots, rings, queues, ready, why, stack, executions, cycles, t, p, n):
    """Go back behind the load of a kept state and fetch anew there; returns the next instruction's place in the trace."""
    first = state[0] + 1
    unbook(state[T + w.COUNT], slots[first:index], rings, stack, executions, cycles)
    for word in range(t.size):
        if word not in _RUNS_ON:
            t[word] = state[T + word]
    for counter in range(w.COUNTERS):
        if counter not in _STAYS:
            n[counter] = state[N + counter]
    for row in range(queues.shape[0]):
        begin = QUEUES + w.ENTRIES * row
        copied(state[begin : begin + w.ENTRIES], queues[row])
    copied(state[READY:WHY], ready)
    copied(state[WHY:STATE], why)
    n[w.ORDER_FLUSHES] += 1
    t[w.LOOP_PC] = -1
    front.begin_anew(t[w.RETIRED_AT] + p[w.REFETCH] - p[w.REDIRECT], t, p)
    return first


@inlined
def unbook(count, slots, rings, stack, executions, cycles):
    """Take out of the books what is carried out again; ``count`` is the first one's number."""
    ring = rings.shape[1] - 1
    for offset in range(slots.size):
        number = count + offset
        step = rings[0, number & ring] - rings[0, (number - 1) & ring]
        if step > 0:
            stack[w.BASE] -= 1
            stack[rings[4, number & ring]] -= step - 1
        executions[slots[offset]] -= 1
        cycles[slots[offset]] -= step


@inlined
def is_checked(kind, op):
    """Whether the load queue compares this instruction's bytes: a plain load or a pair."""
    return kind == w.K_LOAD and op < ops.PAIR_END
