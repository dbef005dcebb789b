"""The model's loop: each instruction of the trace through fetch, decode, issue, completion and retirement.

The instructions are taken in program order, each finding the first cycle in which everything that it needs is free; what
waits and why is counted where retirement stood still.
"""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.timing import back, front, order
from yunqi.labs.riscv.engine.timing import words as w
from yunqi.labs.riscv.engine.timing.classify import LINKS, PARTS, UPDATES, WHOLE, classify

RING = 1024
LOG_COLUMNS = 7
_CYCLE_REGISTER = 0xC00
_BEATS = 44
_ADDRESS = (1 << _BEATS) - 1
"""A vector instruction's address in the trace, and above it the registers that it goes over (`machine.vector`)."""


@compiled
def advance(slots, addresses, count, code, page_of, info, fronts, memory, machine, books, t, p, n):
    """Time ``count`` instructions of the trace; all state is in the arrays."""
    rings, queues, calendar, stores, ready, why, loads, states = machine
    stack, executions, cycles, log, marks = books
    tags2, ready2 = memory[2], memory[3]
    states[:, 0] = -1  # what was kept of an earlier part of the trace
    index = 0
    while index < count:
        slot = slots[index]
        d = described(slot, code, info)
        kind = d & 63
        pc = (page_of[slot >> 11] << 12) + ((slot & 2047) << 1)
        length = (d >> 34) & 7
        before = t[w.LAST_SLOT]
        if before != 0 and (before & 63) >= w.K_BRANCH and (before & 63) <= w.K_INDIRECT:
            front.resolve(before, t[w.NEXT_PC], (before >> 34) & 7, t[w.REDIRECTED], pc, fronts, t, p, n)
        fetched = front.fetch(pc, length, fronts, tags2, ready2, rings[3], t, p, n)
        waits = t[w.DECODED_AT] < fetched + p[w.FRONT]
        split = (d >> PARTS) & 3
        decoded = front.decode(fetched, 1 + (split != WHOLE), t, p)
        decoded = front.dispatch(kind, split, t, p)
        held = decoded
        if t[w.GROUP_PARTS] == 1 + (split != WHOLE) and fetched + p[w.FRONT] < decoded:
            held = max(held, room_for_group(slots, index, count, code, info, queues, t, p))
        row = back.chosen(kind, max(held, decoded), queues, t, p)
        held = max(held, room(kind, row, d, rings, queues, t, p))
        by_room = held > decoded
        decoded = front.hold(held, kind, split, t)
        fold(kind, split, t)
        leave_buffer(length, decoded, rings, t)
        address, beats = reached(addresses[index], (d >> 48) & 1023)
        issue, done, cause = issued(
            kind, row, d, decoded, address, beats, ready, why, queues, calendar, stores, memory, t, p, n
        )
        checked = order.is_checked(kind, (d >> 48) & 1023)
        if checked:
            older = order.overtaken((d >> 48) & 1023, issue, address, loads, states, t)
            if older >= 0:
                index = order.back_to(
                    states[older], index, slots, rings, queues, ready, why, stack, executions, cycles, t, p, n
                )
                continue
        if cause == w.BASE:
            cause = t[w.FETCH_CAUSE] if waits else (w.RESOURCE if by_room else w.BASE)
        retired = retire(done, cause, stack, t, p)
        rings[4, t[w.COUNT] & (RING - 1)] = cause
        leave(kind, row, d, issue, retired, address, rings, queues, stores, memory, t, p, n)
        executions[slot] += 1
        cycles[slot] += t[w.STEP]
        if t[w.LOGGED] < log.shape[0]:
            note(log[t[w.LOGGED]], slot, fetched, decoded, issue, done, retired, pc)
            t[w.LOGGED] += 1
        if kind == w.K_CSR and code[2 * slot + 1] == _CYCLE_REGISTER and t[w.MARKS] < marks.size:
            marks[t[w.MARKS]] = retired
            t[w.MARKS] += 1
        t[w.LAST_SLOT], t[w.NEXT_PC], t[w.REDIRECTED] = d, pc, issue + 1
        if (checked or kind == w.K_STORE) and issue > decoded + p[w.DISPATCH]:
            order.keep((d >> 48) & 1023, index, issue, address, loads, states, queues, ready, why, t, n)
        index += 1


@inlined
def described(slot, code, info):
    """Return what the model knows of an instruction, worked out when it is first met."""
    if info[2 * slot + 1] != code[2 * slot]:
        info[2 * slot + 1] = code[2 * slot]
        info[2 * slot] = classify(code[2 * slot], code[2 * slot + 1])
    return info[2 * slot]


@compiled
def room_for_group(slots, index, count, code, info, queues, t, p):
    """Return the first cycle in which the queues have room for this instruction and those that are renamed with it.

    Of a cycle's group none is renamed before there is room for all (ct_idu_is_ctrl.v, "ctrl_is_iq_full"). The group is taken to
    be as wide as the decoder.
    """
    first, second, branches, accesses, floats = np.int64(0), np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    for ahead in range(p[w.DECODE_WIDTH]):
        if index + ahead >= count:
            break
        kind = described(slots[index + ahead], code, info) & 63
        if kind <= w.K_SHIFT_ADD:
            if first <= second:
                first += 1
            else:
                second += 1
        elif kind == w.K_MULTIPLY:
            second += 1
        elif kind == w.K_DIVIDE:
            first += 1
        elif kind == w.K_LOAD or kind == w.K_STORE:
            accesses += 1
        elif kind <= w.K_INDIRECT:
            branches += 1
        elif kind <= w.K_VECTOR:
            floats += 1
    until = np.int64(0)
    until = max(until, back.free_for(queues[back.ALU0], p[w.Q_ALU], min(first, 2)) + back.stays(back.ALU0))
    until = max(until, back.free_for(queues[back.ALU1], p[w.Q_ALU], min(second, 2)) + back.stays(back.ALU1))
    until = max(until, back.free_for(queues[back.BRANCH], p[w.Q_BRANCH], min(branches, 2)) + back.stays(back.BRANCH))
    until = max(until, back.free_for(queues[back.LOAD], p[w.Q_LOAD_STORE], min(accesses, 2)) + back.stays(back.LOAD))
    return max(until, back.free_for(queues[back.VECTOR0], p[w.Q_VECTOR], min(floats, 2)) + back.stays(back.VECTOR0))


@inlined
def reached(address, op):
    """Return the address of an access, and the registers that a vector one goes over."""
    if op < ops.VLOAD:
        return address, np.int64(1)
    return address & _ADDRESS, max(np.int64(1), address >> _BEATS)


@inlined
def leave_buffer(length, decoded, rings, t):
    """Write down when the instruction's halfwords leave the instruction buffer."""
    for half in range(length >> 1):
        rings[3, (t[w.HALVES] + half) & (RING - 1)] = decoded
    t[w.HALVES] += length >> 1


@inlined
def note(row, slot, fetched, decoded, issue, done, retired, pc):
    """Write one line of the pipeline log."""
    row[0], row[1], row[2], row[3], row[4], row[5], row[6] = slot, fetched, decoded, issue, done, retired, pc


@inlined
def room(kind, row, d, rings, queues, t, p):
    """Return the first cycle in which every structure has an entry for the instruction."""
    until = rings[5, (t[w.ENTRIES_MADE] - p[w.REORDER_BUFFER]) & (RING - 1)]
    destination = (d >> 6) & 127
    if destination > 0 and destination < 64:
        until = max(until, rings[1, (t[w.INTEGER_COUNT] - p[w.INTEGER_REGISTERS]) & (RING - 1)])
    elif destination >= 64:
        until = max(until, rings[2, (t[w.FLOAT_COUNT] - p[w.FLOATING_REGISTERS]) & (RING - 1)])
    if kind != w.K_NOP:
        until = max(until, queues[row, back.oldest(queues[row], back.capacity(row, p))] + back.stays(row))
    if kind == w.K_LOAD:
        until = max(until, queues[back.LOAD_QUEUE, back.oldest(queues[back.LOAD_QUEUE], p[w.Q_LOADS])])
    elif kind == w.K_STORE:
        until = max(until, queues[back.STORE_QUEUE, back.oldest(queues[back.STORE_QUEUE], p[w.Q_STORES])])
    return until


@inlined
def fold(kind, split, t):
    """Give an instruction its entry of the reorder buffer.

    Up to three of arithmetic in a row that are dispatched together share one (ct_idu_ir_ctrl.v, "fold").
    """
    folds = split == WHOLE and (kind <= w.K_DIVIDE or (kind >= w.K_FLOAT and kind <= w.K_VECTOR))
    if folds and t[w.ENTRY_GROUP] == t[w.GROUP_AT] and t[w.ENTRY_HOLDS] < 3:
        t[w.ENTRY_HOLDS] += 1
        return
    t[w.ENTRIES_MADE] += 1 + (split != WHOLE)
    t[w.ENTRY_HOLDS] = 1
    t[w.ENTRY_GROUP] = t[w.GROUP_AT] if folds else -1


@inlined
def issued(kind, row, d, decoded, address, beats, ready, why, queues, calendar, stores, memory, t, p, n):
    """Return when an instruction issues and completes, and what it waited for."""
    earliest = decoded + p[w.DISPATCH]
    if kind != w.K_NOP:
        earliest += back.is_waited_in(queues[row], earliest, back.capacity(row, p))
    cause = np.int64(w.BASE)
    start = earliest
    a, b, c = (d >> 13) & 127, (d >> 20) & 127, (d >> 27) & 127
    if a and ready[a] > start:
        start, cause = ready[a], why[a]
    if b and ready[b] > start:
        start, cause = ready[b], why[b]
    if kind == w.K_STORE:
        given, op = max(earliest, ready[c]), (d >> 48) & 1023
        issue, done = back.store(op, start, given, address, beats, queues, calendar, stores, p, n)
        if ready[c] > start:
            cause = why[c]
    else:
        late = p[w.ACCUMULATE] if kind == w.K_MULTIPLY or kind == w.K_FLOAT else 0
        if c and ready[c] - late > start:
            start, cause = ready[c] - late, why[c]
        if kind >= w.K_CSR:
            start = max(start, t[w.RETIRED_AT]) if kind != w.K_NOP else start
            cause = np.int64(w.SERIAL) if kind != w.K_NOP else cause
        if kind == w.K_NOP:
            issue, done = start, start + 1
        else:
            issue, done = back.execute(kind, row, d, start, address, beats, queues, calendar, stores, memory, t, p, n)
    destination, extra = (d >> 6) & 127, (d >> 37) & 127
    mine = reason(kind, done - issue, cause, p)
    if (d >> 59) & 1:  # a move: who reads its result waits for its source alone
        ready[destination] = ready[a + b if a != b else a]
        why[destination] = why[a + b if a != b else a]
    elif destination:
        ready[destination] = done
        why[destination] = mine
    split = (d >> PARTS) & 3
    if split == UPDATES:
        ready[extra] = back.arithmetic(back.chosen(w.K_ALU, decoded, queues, t, p), max(earliest, ready[a]), calendar)
        why[extra] = mine
    elif split == LINKS:
        ready[destination] = back.arithmetic(back.ALU0, earliest, calendar)
    elif extra:
        ready[extra] = done + 1
        why[extra] = mine
    return issue, done, (mine if kind != w.K_ALU or cause != w.BASE else cause)


@inlined
def reason(kind, took, cause, p):
    """Return what somebody who waits for this result waits for."""
    if kind == w.K_LOAD:
        if took > p[w.L2_LATENCY] + p[w.LOAD] + 8:
            return np.int64(w.L2_MISS)
        if took > p[w.LOAD] + 3:
            return np.int64(w.L1_MISS)
        return np.int64(w.LOAD_USE) if cause == w.BASE else cause
    if cause >= w.L1_MISS:
        return cause
    if took > 1 and kind != w.K_CSR and kind != w.K_STORE:
        return np.int64(w.LONG)
    if kind == w.K_CSR:
        return np.int64(w.SERIAL)
    return np.int64(w.DEPENDENCY) if cause == w.BASE else cause


@inlined
def retire(done, cause, stack, t, p):
    """Retire in order, so many entries a cycle, and book the cycles that it took."""
    at = max(done + p[w.RETIRE] - 1, t[w.RETIRED_AT])
    new = 1 if t[w.ENTRY_HOLDS] == 1 else 0
    if at == t[w.RETIRED_AT]:
        if new and t[w.RETIRED_COUNT] >= p[w.RETIRE_WIDTH]:
            at += 1
            t[w.RETIRED_COUNT] = 0
    else:
        t[w.RETIRED_COUNT] = 0
        new = 1
    t[w.RETIRED_COUNT] += new
    step = at - t[w.RETIRED_AT]
    t[w.STEP] = step
    if step > 0:
        stack[w.BASE] += 1
        stack[cause] += step - 1
    t[w.RETIRED_AT] = at
    return at


@inlined
def leave(kind, row, d, issue, retired, address, rings, queues, stores, memory, t, p, n):
    """Give back what the instruction held."""
    count = t[w.COUNT]
    rings[0, count & (RING - 1)] = retired
    rings[5, (t[w.ENTRIES_MADE] - 1) & (RING - 1)] = retired
    if (d >> PARTS) & 3:
        rings[5, (t[w.ENTRIES_MADE] - 2) & (RING - 1)] = retired
    t[w.COUNT] = count + 1
    destination = (d >> 6) & 127
    if destination > 0 and destination < 64:
        rings[1, t[w.INTEGER_COUNT] & (RING - 1)] = retired
        t[w.INTEGER_COUNT] += 1
    elif destination >= 64:
        rings[2, t[w.FLOAT_COUNT] & (RING - 1)] = retired
        t[w.FLOAT_COUNT] += 1
    if kind != w.K_NOP:
        queues[row, back.oldest(queues[row], back.capacity(row, p))] = issue
    if kind == w.K_LOAD:
        queues[back.LOAD_QUEUE, back.oldest(queues[back.LOAD_QUEUE], p[w.Q_LOADS])] = retired
    elif kind == w.K_STORE:
        gone = back.drain(address, retired, stores, memory, t, p, n)
        queues[back.STORE_QUEUE, back.oldest(queues[back.STORE_QUEUE], p[w.Q_STORES])] = gone
