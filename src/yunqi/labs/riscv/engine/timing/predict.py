"""The branch predictors: two-mode directions, two levels of targets, return stack, indirect targets."""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.timing import words as w

ROWS, COLUMNS = 1024, 16
COUNTERS = ROWS * COLUMNS
SELECTORS = 1024
# Layout of the array of two-bit counters: towards not taken, towards taken, selector.
SIZE = 2 * COUNTERS + SELECTORS


@inlined
def place(pc, history):
    """Return where a branch's counters stand: the row from the history alone, the column from it and the address."""
    row = (((history >> 10) & 15) << 6) | (((history >> 4) ^ (history >> 16)) & 63)
    return row * COLUMNS + ((history ^ (pc >> 4)) & 15)


@inlined
def selector(pc):
    """Return where a branch's selector stands."""
    return 2 * COUNTERS + ((pc >> 1) & (SELECTORS - 1))


@inlined
def direction(pc, taken, bht, t):
    """Predict a conditional branch and learn its outcome; returns the prediction."""
    history = t[w.HISTORY]
    at = place(pc, history)
    choice = selector(pc)
    leans = bht[choice] >= 2
    counter = at + (COUNTERS if leans else 0)
    predicted = bht[counter] >= 2
    bht[counter] = moved(bht[counter], taken)
    if not (leans != taken and predicted == taken):
        bht[choice] = moved(bht[choice], taken)
    t[w.HISTORY] = ((history << 1) | (1 if taken else 0)) & 0x3FFFFF
    return predicted


@inlined
def moved(counter, up):
    """Return a two-bit counter one step on."""
    if up:
        return min(counter + 1, 3)
    return max(counter - 1, 0)


@compiled
def target_bubble(pc, target, l0, btb, t, p, n):
    """Look a taken branch up in both levels; returns the cycles lost before its target is fetched."""
    size = p[w.L0_BTB]
    found = -1
    for index in range(size):
        if l0[2 * index] == pc:
            found = index
            break
    if found >= 0 and l0[2 * found + 1] == target:
        return np.int64(0)
    if found < 0:  # any one goes
        t[w.RANDOM] = (t[w.RANDOM] * 1103515245 + 12345) & 0x7FFFFFFF
        found = (t[w.RANDOM] >> 16) % size
    l0[2 * found] = pc
    l0[2 * found + 1] = target
    slot = ((pc >> 1) ^ (pc >> 11)) & (p[w.BTB] - 1)
    known = btb[2 * slot] == pc and btb[2 * slot + 1] == target
    btb[2 * slot] = pc
    btb[2 * slot + 1] = target
    if known:
        n[w.BTB_LATE] += 1
        return p[w.BTB_BUBBLE]
    n[w.BTB_NEVER] += 1
    return p[w.MISS_BUBBLE]


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
def indirect_matches(pc, target, targets, t, p):
    """Look up and learn the target of an indirect jump, by the history of directions and of its own targets."""
    slot = ((pc >> 1) ^ t[w.HISTORY] ^ (t[w.PENDING] << 3)) & (p[w.INDIRECT] - 1)
    matches = targets[slot] == target
    targets[slot] = target
    t[w.PENDING] = ((t[w.PENDING] << 2) ^ (target >> 1)) & 0xFFF
    return matches
