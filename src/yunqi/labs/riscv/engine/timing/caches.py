"""Caches, the translation buffer and the stream prefetcher: when data is there."""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.timing import words as w

STREAMS = 16
BUS_FREE = 31  # of the counters' array: when the bus of the second level delivered its last line


@inlined
def find(line, tags, ready, ways, sets):
    """Return where a line stands in a cache (moved to the front of its set), or -1."""
    base = (line & (sets - 1)) * ways
    for way in range(ways):
        if tags[base + way] == line:
            when = ready[base + way]
            for back in range(way, 0, -1):
                tags[base + back] = tags[base + back - 1]
                ready[base + back] = ready[base + back - 1]
            tags[base] = line
            ready[base] = when
            return base
    return np.int64(-1)


@inlined
def insert(line, when, tags, ready, ways, sets):
    """Put a line at the front of its set; the one used longest ago goes."""
    base = (line & (sets - 1)) * ways
    for back in range(ways - 1, 0, -1):
        tags[base + back] = tags[base + back - 1]
        ready[base + back] = ready[base + back - 1]
    tags[base] = line
    ready[base] = when


@compiled
def outer(line, now, tags2, ready2, p, n):
    """Return when the second level, or memory, delivers a line."""
    ways = p[w.L2_WAYS]
    sets = p[w.L2_BYTES] // (p[w.LINE] * ways)
    at = find(line, tags2, ready2, ways, sets)
    when = max(now + p[w.L2_LATENCY], n[BUS_FREE] + p[w.FILL_INTERVAL])
    if at >= 0:
        n[BUS_FREE] = when
        return max(when, ready2[at])
    n[w.L2_MISSES] += 1
    when += p[w.MEMORY_LATENCY]
    insert(line, when, tags2, ready2, ways, sets)
    return when


@compiled
def data(address, now, tags1, ready1, tags2, ready2, fills, streams, p, n):
    """Return when the data of an access is there (``now`` when it already is)."""
    line = address // p[w.LINE]
    ways = p[w.L1D_WAYS]
    sets = p[w.L1D_BYTES] // (p[w.LINE] * ways)
    at = find(line, tags1, ready1, ways, sets)
    if at >= 0:
        when = max(now, ready1[at])
        if ready1[at] > 0:  # a prefetched line: the stream goes on
            follow(line, now, tags1, ready1, tags2, ready2, streams, ways, sets, p, n)
        return when
    n[w.L1D_MISSES] += 1
    slot = 0
    for index in range(p[w.Q_FILLS]):
        if fills[index] < fills[slot]:
            slot = index
    start = max(now, fills[slot])
    when = outer(line, start, tags2, ready2, p, n)
    fills[slot] = when
    insert(line, when, tags1, ready1, ways, sets)
    follow(line, now, tags1, ready1, tags2, ready2, streams, ways, sets, p, n)
    return when


@compiled
def follow(line, now, tags1, ready1, tags2, ready2, streams, ways, sets, p, n):
    """Fetch lines ahead when this access is the next of a stream."""
    for index in range(STREAMS):
        if streams[index] == line - 1 or streams[index] == line:
            if streams[index] == line:
                return
            streams[index] = line
            for ahead in range(1, p[w.PREFETCH_LINES] + 1):
                if find(line + ahead, tags1, ready1, ways, sets) < 0:
                    n[w.PREFETCHES] += 1
                    insert(line + ahead, outer(line + ahead, now, tags2, ready2, p, n), tags1, ready1, ways, sets)
            return
    streams[streams[STREAMS] % STREAMS] = line
    streams[STREAMS] += 1


@compiled
def instruction(address, now, tags, ready, tags2, ready2, p, n):
    """Return when a line of instructions is there."""
    line = address // p[w.LINE]
    ways = p[w.L1I_WAYS]
    sets = p[w.L1I_BYTES] // (p[w.LINE] * ways)
    at = find(line, tags, ready, ways, sets)
    if at >= 0:
        return max(now, ready[at])
    n[w.L1I_MISSES] += 1
    when = outer(line, now, tags2, ready2, p, n)
    insert(line, when, tags, ready, ways, sets)
    if find(line + 1, tags, ready, ways, sets) < 0:  # the next line comes along
        insert(line + 1, outer(line + 1, when, tags2, ready2, p, n), tags, ready, ways, sets)
    return when


@inlined
def translate(address, tlb, p, n):
    """Return the cycles that the translation of an address costs."""
    page = address >> 12
    slot = page & (p[w.TLB_ENTRIES] - 1)
    if tlb[slot] == page:
        return np.int64(0)
    tlb[slot] = page
    n[w.TLB_MISSES] += 1
    return p[w.TLB_MISS]
