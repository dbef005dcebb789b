"""The branch predictors as the open RTL has them: two-mode directions, two levels of targets, return stack, indirect targets.

Directions (ct_ifu_bht.v): a row by older outcomes, a column by the newest four and the
address of the fetch block, one selector for a block. What a branch teaches is written when it has been executed, from
the counters as they were read. Indirect targets (ct_ifu_ind_btb.v): no tags, by the last four targets and eight
outcomes; written only after a misprediction.
"""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.timing import words as w

ROWS, COLUMNS = 1024, 16
COUNTERS = ROWS * COLUMNS
SELECTORS = 1024
# Layout of the array of two-bit counters: towards not taken, towards taken, selector.
SIZE = 2 * COUNTERS + SELECTORS
LATE = 32
# The first level's array: three words an entry, and how many were taken in.
LEVEL = 3 * 256
# Layout of an update on its way: when it is written, counter, its value, selector, its value.
LATE_COLUMNS = 5
_WRITTEN = 4
_BLOCK = 4


@inlined
def place(pc, history):
    """Return where a branch's counters stand: the row from the history alone, the column from it and the address."""
    row = (((history >> 10) & 15) << 6) | (((history >> 4) ^ (history >> 16)) & 63)
    return row * COLUMNS + ((history ^ (pc >> _BLOCK)) & 15)


@inlined
def selector(pc):
    """Return where the selector of a branch's fetch block stands."""
    return 2 * COUNTERS + ((pc >> _BLOCK) & (SELECTORS - 1))


@compiled
def direction(pc, length, taken, executed, bht, late, t):
    """Predict a conditional branch and learn its outcome; returns the prediction.

    A selector is read once for a block. One that a branch has read whose second half lies in the next block, or behind which
    another branch stands in its block, serves the next branch too ("sel_array_val_flop"), which writes its own.
    """
    settle(t[w.NOW_FETCH], t[w.ROW_READ], bht, late, t)
    history = t[w.HISTORY]
    choice = selector(pc)
    leaning = t[w.HELD_LEANING] if t[w.HELD_BLOCK] == pc >> _BLOCK else np.int64(bht[choice])
    t[w.HELD_BLOCK], t[w.HELD_LEANING] = (pc + length - 1) >> _BLOCK, leaning
    counter = place(pc, history) + (COUNTERS if leaning >= 2 else 0)
    held = bht[counter]
    predicted = held >= 2
    sure = held == (3 if taken else 0)
    if not (sure and (leaning >= 2) != taken):
        end = t[w.LATE_END]
        if end - min(t[w.LATE_COUNTER], t[w.LATE_SELECTOR]) == LATE:
            oldest = late[(end - LATE) % LATE, 0]
            settle(oldest, oldest, bht, late, t)
        at = end % LATE
        late[at, 0] = executed + _WRITTEN
        late[at, 1], late[at, 2] = counter, moved(held, taken)
        late[at, 3], late[at, 4] = choice, moved(leaning, taken)
        t[w.LATE_END] = end + 1
    t[w.HISTORY] = ((history << 1) | (1 if taken else 0)) & 0x3FFFFF
    t[w.SURE] = 1 if held == 3 else 0
    return predicted


@inlined
def settle(counters, selectors, bht, late, t):
    """Write what executed branches have taught until a cycle: counters, and selectors (read in rows of eight blocks)."""
    end = t[w.LATE_END]
    while t[w.LATE_COUNTER] < end and late[t[w.LATE_COUNTER] % LATE, 0] <= counters:
        at = t[w.LATE_COUNTER] % LATE
        bht[late[at, 1]] = late[at, 2]
        t[w.LATE_COUNTER] += 1
    while t[w.LATE_SELECTOR] < end and late[t[w.LATE_SELECTOR] % LATE, 0] <= selectors:
        at = t[w.LATE_SELECTOR] % LATE
        bht[late[at, 3]] = late[at, 4]
        t[w.LATE_SELECTOR] += 1


@inlined
def moved(counter, up):
    """Return a two-bit counter one step on."""
    if up:
        return min(counter + 1, 3)
    return max(counter - 1, 0)


@inlined
def first_level(key, l0, p):
    """Return where the first level holds a fetch address, or -1."""
    if key >= 0:
        for index in range(p[w.L0_BTB]):
            if l0[3 * index] == key:
                return index
    return -1


@compiled
def target_bubble(pc, target, sure, always, l0, btb, t, p, n):
    """Look a taken branch up in both levels; returns the cycles lost before its target is fetched.

    The first level (ct_ifu_l0_btb.v) knows fetch addresses, not branches: those at which a run of blocks was entered. It
    takes a conditional branch in when that is strongly predicted, and believes it from the second time on.
    """
    found = first_level(t[w.ENTRY], l0, p)
    believed = found >= 0 and l0[3 * found + 2] == 1
    if believed and l0[3 * found + 1] == target:
        if not (sure or always):
            l0[3 * found] = -1
        return np.int64(0)
    slot = ((pc >> 1) ^ (pc >> 11)) & (p[w.BTB] - 1)
    known = btb[2 * slot] == pc and btb[2 * slot + 1] == target
    btb[2 * slot] = pc
    btb[2 * slot + 1] = target
    if not known:
        n[w.BTB_NEVER] += 1
        return p[w.MISS_BUBBLE]
    n[w.BTB_LATE] += 1
    if believed:
        l0[3 * found + 1] = target
    elif found >= 0 and l0[3 * found + 2] == 0:
        if sure or always:
            l0[3 * found + 2] = 1
            l0[3 * found + 1] = target
    elif t[w.ENTRY] >= 0 and (sure or always):
        enter(t[w.ENTRY], target, 1 if always else 0, l0, p)
    return p[w.BTB_BUBBLE]


@inlined
def enter(key, target, state, l0, p):
    """Take a fetch address into the first level: state 0 not believed yet, 1 believed, 2 ends in a return."""
    at = l0[LEVEL] % p[w.L0_BTB]
    l0[LEVEL] += 1
    l0[3 * at], l0[3 * at + 1], l0[3 * at + 2] = key, target, state


@compiled
def untaken_bubble(l0, t, p):
    """Return the cycles lost where the first level believed a branch that is not taken; it forgets it."""
    found = first_level(t[w.ENTRY], l0, p)
    if found < 0 or l0[3 * found + 2] != 1:
        return np.int64(0)
    l0[3 * found] = -1
    return p[w.BTB_BUBBLE]


@compiled
def return_bubble(l0, t, p):
    """Return the cycles lost by a rightly predicted return."""
    found = first_level(t[w.ENTRY], l0, p)
    if found >= 0 and l0[3 * found + 2] == 2:
        return np.int64(0)
    if t[w.ENTRY] >= 0:
        if found >= 0:
            l0[3 * found] = -1
        enter(t[w.ENTRY], 0, 2, l0, p)
    return p[w.RETURN_BUBBLE]


@compiled
def return_matches(target, ras, t, p):
    """Pop the return stack; whether it held the target."""
    top = t[w.RAS_TOP]
    if top == 0:
        return False
    t[w.RAS_TOP] = top - 1
    return ras[(top - 1) % p[w.RETURN_STACK]] == target


@inlined
def call(address, ras, t, p):
    """Push a return address."""
    ras[t[w.RAS_TOP] % p[w.RETURN_STACK]] = address
    t[w.RAS_TOP] += 1


@inlined
def indirect_matches(pc, length, target, targets, t, p):
    """Look up the target of an indirect jump, and learn it when another one was held.

    A conditional branch in the same fetch block is not yet in the history by which the table is read, but in that by
    which it is written.
    """
    path = (t[w.PATH] >> 24 & 0xC0) | (t[w.PATH] >> 16 & 0x30) | (t[w.PATH] >> 8 & 0x0C) | (t[w.PATH] & 3)
    history = t[w.HISTORY]
    read = history >> 1 if t[w.SHARED] == (pc + length - 1) >> _BLOCK else history
    size = p[w.INDIRECT] - 1
    matches = targets[(path ^ (read & 255)) & size] == target
    if not matches:
        targets[(path ^ (history & 255)) & size] = target
    t[w.PATH] = ((t[w.PATH] << 8) | (target >> _BLOCK & 255)) & 0xFFFFFFFF
    return matches
