"""The back of the pipeline: queues, ports, loads and stores."""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.timing import caches
from yunqi.labs.riscv.engine.timing import words as w
from yunqi.labs.riscv.engine.timing.classify import latency

CALENDAR = 8192
VECTOR_BYTES = 16
STORES = 1024
BUFFERED = 30  # of the counters' array: the sixteen bytes that the last load over a border ended in
_SIZES = (1, 2, 4, 8, 1, 2, 4, 4, 8, 8, 1, 2, 4, 8, 4, 8)
"""Bytes of each load and store from LB on."""
# Ports, and rows of the queues.
ALU0, ALU1, BRANCH, LOAD, STORE, DATA, VECTOR0, VECTOR1, LOAD_QUEUE, STORE_QUEUE = range(10)


@inlined
def free_from(port, cycle, calendar):
    """Return the first cycle from ``cycle`` on in which a port is free."""
    while calendar[2 * (cycle & (CALENDAR - 1))] == cycle and (calendar[2 * (cycle & (CALENDAR - 1)) + 1] >> port) & 1:
        cycle += 1
    return cycle


@inlined
def take(port, cycle, calendar):
    """Use a port in a cycle."""
    at = 2 * (cycle & (CALENDAR - 1))
    if calendar[at] != cycle:
        calendar[at] = cycle
        calendar[at + 1] = 0
    calendar[at + 1] |= np.int64(1) << port


@inlined
def hold_port(port, cycle, count, calendar):
    """Use a port for so many cycles."""
    for ahead in range(count):
        take(port, cycle + ahead, calendar)


@inlined
def oldest(queue, size):
    """Return the entry of a queue that is free first."""
    best = 0
    for index in range(1, size):
        if queue[index] < queue[best]:
            best = index
    return best


@inlined
def free_for(queue, size, wanted):
    """Return the first cycle in which so many places of a queue (none, one or two) are free."""
    least, next_least = np.int64(1) << 60, np.int64(1) << 60
    for index in range(size):
        if queue[index] < least:
            least, next_least = queue[index], least
        elif queue[index] < next_least:
            next_least = queue[index]
    return np.int64(0) if wanted == 0 else (least if wanted == 1 else max(least, next_least))


@inlined
def chosen(kind, renamed, queues, t, p):
    """Return the queue that an instruction is put in when it is renamed, which it does not leave for another one.

    Arithmetic goes to the two queues in turn, beginning with the first in each cycle; where that holds two more than the
    other, the first two go to the other (ct_idu_ir_ctrl.v, "DLB").
    """
    if t[w.RENAMED_AT] != renamed:
        t[w.RENAMED_AT] = renamed
        t[w.FIRST_TAKEN], t[w.SECOND_TAKEN] = 0, 0
        more = waiting(queues[ALU0], renamed, p[w.Q_ALU]) - waiting(queues[ALU1], renamed, p[w.Q_ALU])
        t[w.BALANCE] = 2 if more >= 2 else 0
    if kind > w.K_SHIFT_ADD:
        if kind == w.K_MULTIPLY:
            t[w.SECOND_TAKEN] += 1
        elif kind == w.K_DIVIDE:
            t[w.FIRST_TAKEN] += 1
        return row_of(kind)
    if t[w.BALANCE] > 0:
        t[w.BALANCE] -= 1
        t[w.SECOND_TAKEN] += 1
        return ALU1
    if t[w.FIRST_TAKEN] <= t[w.SECOND_TAKEN]:
        t[w.FIRST_TAKEN] += 1
        return ALU0
    t[w.SECOND_TAKEN] += 1
    return ALU1


@inlined
def waiting(queue, cycle, size):
    """Return how many entries of a queue are taken in a cycle."""
    count = 0
    for index in range(size):
        count += queue[index] > cycle
    return count


@inlined
def is_waited_in(queue, cycle, size):
    """Whether an instruction that enters a queue finds another one there: then it may issue a cycle later at the earliest.

    Only the first that enters a queue in a cycle, and only where none waits in it, goes on in that cycle ("create bypass",
    ct_idu_is_aiq0.v, ct_idu_is_lsiq.v and their like).
    """
    for index in range(size):
        if queue[index] >= cycle:
            return 1
    return 0


@inlined
def stays(row):
    """Return when a place in a full queue is taken anew, in cycles after its issue, as renaming counts them.

    An entry is given up when registers are read, those of loads and stores three stages later (ct_lsu_ctrl.v, "lsiq_pop").
    """
    return 2 if row == LOAD else -1


@inlined
def row_of(kind):
    """Return the queue that a kind of work waits in, where there is one alone."""
    if kind == w.K_MULTIPLY:
        return ALU1
    if kind == w.K_LOAD or kind == w.K_STORE:
        return LOAD
    if kind == w.K_BRANCH or kind == w.K_JUMP or kind == w.K_INDIRECT:
        return BRANCH
    if kind == w.K_FLOAT or kind == w.K_FLOAT_LONG or kind == w.K_VECTOR:
        return VECTOR0
    return ALU0


@inlined
def capacity(row, p):
    """Return how many entries a queue has."""
    if row <= ALU1:
        return p[w.Q_ALU]
    if row == BRANCH:
        return p[w.Q_BRANCH]
    if row <= STORE:
        return p[w.Q_LOAD_STORE]
    if row == DATA:
        return p[w.Q_STORE_DATA]
    if row <= VECTOR1:
        return p[w.Q_VECTOR]
    if row == LOAD_QUEUE:
        return p[w.Q_LOADS]
    return p[w.Q_STORES]


@compiled
def execute(kind, row, d, ready, address, beats, queues, calendar, stores, memory, t, p, n):
    """Issue an instruction whose operands are ready; returns the cycle of issue and that of its result."""
    op = (d >> 48) & 1023
    if kind == w.K_LOAD:
        return load(op, ready, address, beats, calendar, stores, memory, p, n)
    if kind <= w.K_SHIFT_ADD:
        issue = free_from(row, ready, calendar)
        take(row, issue, calendar)
        return issue, issue + (1 if kind == w.K_ALU else p[w.SHIFT_ADD])
    if kind == w.K_FLOAT or kind == w.K_FLOAT_LONG or kind == w.K_VECTOR:
        first, second = free_from(VECTOR0, ready, calendar), free_from(VECTOR1, ready, calendar)
        port, issue = VECTOR0 if first <= second else VECTOR1, min(first, second)
        if kind == w.K_FLOAT_LONG:
            port, issue = VECTOR0, free_from(VECTOR0, max(ready, t[w.DIVIDER]), calendar)
            t[w.DIVIDER] = issue + latency(kind, op, 0, p) - 1
        busy = beats * p[w.VECTOR_BEAT] if kind == w.K_VECTOR else np.int64(1)
        hold_port(port, issue, busy, calendar)
        n[w.FLOATS if kind != w.K_VECTOR else w.VECTORS] += 1
        return issue, issue + latency(kind, op, (d >> 58) & 1, p) * (busy if (d >> 58) & 1 else 1) + busy - 1
    if kind == w.K_DIVIDE:
        ready = max(ready, t[w.DIVIDER])
    issue = free_from(row, ready, calendar)
    take(row, issue, calendar)
    done = issue + latency(kind, op, address, p)
    if kind == w.K_DIVIDE:
        t[w.DIVIDER] = done
    elif kind == w.K_MULTIPLY:
        n[w.MULTIPLIES] += 1
    return issue, done


@inlined
def arithmetic(row, ready, calendar):
    """Carry out the part of a split instruction that is arithmetic; returns the cycle of its result."""
    issue = free_from(row, ready, calendar)
    take(row, issue, calendar)
    return issue + 1


@inlined
def lanes(op, address):
    """Return which of the eight bytes around an address an access touches, one bit each."""
    size = _SIZES[op - ops.LB] if op >= ops.LB and op < ops.STORE_END else 8
    return (((1 << size) - 1) << (address & 7)) & 255


@inlined
def crosses(op, address):
    """Whether an access goes over a border of sixteen bytes, so that it takes two turns (ct_lsu_ld_ag.v, "boundary")."""
    return op >= ops.LB and op < ops.STORE_END and (address & 15) + _SIZES[op - ops.LB] > 16


@inlined
def is_pair(op):
    """Whether an instruction loads or stores two registers, which are two accesses (ct_idu_id_split_short.v, "lsd")."""
    return op >= ops.JUMP_END and op < ops.PAIR_END


@inlined
def load(op, ready, address, beats, calendar, stores, memory, p, n):
    """Issue a load: from the store queue, the caches, or memory."""
    tags1, ready1, tags2, ready2, fills, streams, tlb = memory
    issue = free_from(LOAD, ready, calendar)
    late = np.int64(0)
    if crosses(op, address):  # the upper half is kept: who begins in it needs one turn less (ct_lsu_cache_buffer.v)
        late = max(np.int64(0), p[w.CROSSING] - (1 if n[BUFFERED] == address >> 4 else 0))
        n[BUFFERED] = (address >> 4) + 1
    hold_port(LOAD, issue, beats + late + is_pair(op), calendar)
    n[w.LOADS] += 1
    key = address >> 3
    at = 3 * (key & (STORES - 1))
    if stores[at] >> 8 == key and stores[at] & lanes(op, address) and stores[at + 2] > issue:
        n[w.FORWARDS] += 1
        if stores[at + 1] <= issue:
            return issue, issue + p[w.FORWARD]
        return issue, stores[at + 1] + p[w.REPLAY]
    start = issue + caches.translate(address, tlb, p, n)
    there = caches.data(address, start, tags1, ready1, tags2, ready2, fills, streams, p, n)
    if beats > 1:  # neighbours: what is strided or gathered is taken for neighbours too
        for beat in range(1, beats):
            more = caches.data(
                address + beat * VECTOR_BYTES, start + beat, tags1, ready1, tags2, ready2, fills, streams, p, n
            )
            there = max(there, more)
    extra = 1 if op >= ops.VLOAD or op >= ops.LRW else 0
    return issue, there + p[w.LOAD] + extra + late


@compiled
def store(op, ready, data_ready, address, beats, queues, calendar, stores, p, n):
    """Issue both halves of a store; returns the cycle of issue and that in which it is complete."""
    issue = free_from(STORE, ready, calendar)
    hold_port(STORE, issue, 1 + crosses(op, address) + is_pair(op), calendar)
    given = free_from(DATA, data_ready, calendar)
    hold_port(DATA, given, beats + is_pair(op), calendar)
    n[w.STORES] += 1
    done = max(issue, given) + beats
    at = 3 * ((address >> 3) & (STORES - 1))
    stores[at] = (address >> 3) << 8 | lanes(op, address)
    stores[at + 1] = done
    stores[at + 2] = done + 1_000_000  # until it has retired and been written
    return issue, done


@compiled
def drain(address, retired, stores, memory, t, p, n):
    """Write a retired store to the cache; returns when its queue entry is free."""
    tags1, ready1, tags2, ready2, fills, streams, tlb = memory
    start = max(retired + 1, t[w.MEMBAR] + 1) + caches.translate(address, tlb, p, n)
    gone = caches.data(address, start, tags1, ready1, tags2, ready2, fills, streams, p, n)
    t[w.MEMBAR] = start
    at = 3 * ((address >> 3) & (STORES - 1))
    stores[at + 2] = gone + 1
    return gone + 1
