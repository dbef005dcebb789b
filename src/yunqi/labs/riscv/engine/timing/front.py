"""The front of the pipeline: where a branch sends the fetch, when an instruction is fetched and decoded."""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.timing import caches, predict
from yunqi.labs.riscv.engine.timing import words as w
from yunqi.labs.riscv.engine.timing.classify import PAIRS, WHOLE

RING = 1024
BLOCK_HALVES = (
    8  # the instruction buffer takes a block in where it has room for a whole one (ct_ifu_ibuf.v, "ibuf_full")
)


@compiled
def resolve(d, pc, length, executed, target, front, t, p, n):
    """Let the branch before this instruction send the fetch to ``target``, rightly predicted or not."""
    l0, btb, bht, ras, targets, _, _, late = front
    kind = d & 63
    taken = target != pc + length
    right = True
    t[w.BRANCHED] = 1
    bubble = np.int64(0)
    looping = t[w.LOOP_PC] == pc and t[w.LOOP_TURNS] >= 2
    if not looping:
        further_turns(kind, (pc + length - 1) // p[w.FETCH_BYTES], t)
    if kind == w.K_BRANCH:
        n[w.BRANCHES] += 1
        right = predict.direction(pc, length, taken, executed, bht, late, t) == taken
        t[w.SHARED] = -1 if taken else (pc + length - 1) // p[w.FETCH_BYTES]
        if looping and not taken and right:  # the fetch starts anew behind the loop
            t[w.NOW_FETCH] = max(t[w.NOW_FETCH], t[w.DECODED_AT] - p[w.FRONT]) + p[w.LOOP_EXIT]
            t[w.FETCH_CAUSE] = w.FETCH
            t[w.GROUP] = -1
        if not right:
            n[w.BRANCH_MISSES] += 1
        if taken or not right:
            t[w.HELD_BLOCK] = -1
        if taken and not looping:
            bubble = predict.target_bubble(pc, target, t[w.SURE] == 1, False, l0, btb, t, p, n)
        elif not looping and right:
            t[w.NOW_FETCH] += predict.untaken_bubble(l0, t, p)
        turn(pc, length, target, taken, t, p)
    elif kind == w.K_JUMP:
        bubble = predict.target_bubble(pc, target, True, True, l0, btb, t, p, n)
        t[w.LOOP_PC] = -1
    elif (d >> 45) & 1:
        n[w.RETURNS] += 1
        right = predict.return_matches(target, ras, t, p)
        bubble = predict.return_bubble(l0, t, p)
        t[w.LOOP_PC] = -1
        if not right:
            n[w.RETURN_MISSES] += 1
    else:
        n[w.INDIRECTS] += 1
        right = predict.indirect_matches(pc, length, target, targets, t, p)
        bubble = p[w.INDIRECT_BUBBLE]
        t[w.LOOP_PC] = -1
        if not right:
            n[w.INDIRECT_MISSES] += 1
    if kind != w.K_BRANCH:
        t[w.SHARED], t[w.HELD_BLOCK] = -1, -1
    if (d >> 44) & 1:
        predict.call(pc + length, ras, t, p)
    if not right:
        begin_anew(executed, t, p)
    elif taken and t[w.LOOP_TURNS] >= 2 and t[w.LOOP_PC] == pc:
        t[w.GROUP] = -1
        t[w.DECODED_COUNT] = p[w.DECODE_WIDTH]  # the next turn begins a group of its own
    elif taken:
        go_on_at(target, pc, bubble, t, p)


@inlined
def go_on_at(target, pc, bubble, t, p):
    """Let the fetch go on at a branch's target after so many empty cycles; within its own block it takes one at least."""
    if target // p[w.FETCH_BYTES] == pc // p[w.FETCH_BYTES]:
        bubble = max(bubble, p[w.BLOCK_BUBBLE])
    t[w.ROW_READ] = t[w.NOW_FETCH]
    t[w.NOW_FETCH] += 1 + bubble
    if bubble > 0:
        t[w.FETCH_CAUSE] = w.FETCH
    t[w.GROUP], t[w.OPERATION_BLOCK] = -1, -1


@inlined
def further_turns(kind, block, t):
    """Let a fetch block take a turn more for each branch behind one not taken, and for a third jump or branch.

    A stage before the instruction buffer predicts one branch a cycle (ct_ifu_ipctrl.v, "br_more_than_one_stall"); the next
    one hands on two jumps or branches a cycle (ct_ifu_pcfifo_if.v, "more_than_two").
    """
    if t[w.OPERATION_BLOCK] != block:
        t[w.OPERATION_BLOCK], t[w.OPERATIONS] = block, 0
    t[w.OPERATIONS] += 1
    t[w.NOW_FETCH] += (t[w.OPERATIONS] > 1 and t[w.OPERATIONS] % 2 == 1) + (kind == w.K_BRANCH and t[w.SHARED] == block)


@inlined
def begin_anew(executed, t, p):
    """Fetch again after a branch that was predicted wrong."""
    t[w.NOW_FETCH] = max(t[w.NOW_FETCH] + 1, executed + p[w.REDIRECT])
    t[w.FETCH_CAUSE] = w.MISPREDICT
    t[w.GROUP] = -1
    hold(t[w.RETIRED_AT] + p[w.FLUSH], w.K_NOP, WHOLE, t)  # nothing new is renamed before the wrong branch has retired
    t[w.DECODED_COUNT], t[w.DECODED_PARTS] = 0, 0
    t[w.GROUP_PARTS] = 0
    t[w.ROW_READ] = t[w.NOW_FETCH]
    t[w.SHARED], t[w.OPERATION_BLOCK] = -1, -1


@inlined
def turn(pc, length, target, taken, t, p):
    """Follow whether a short loop goes round and round, so that the loop buffer feeds it."""
    if not taken:
        if t[w.LOOP_PC] == pc:
            t[w.LOOP_PC] = -1
        return
    size = t[w.COUNT] - t[w.LOOP_COUNT]
    again = t[w.LOOP_PC] == pc and target < pc and size <= p[w.LOOP_BUFFER]
    t[w.LOOP_TURNS] = t[w.LOOP_TURNS] + 1 if again else 0
    t[w.LOOP_PC] = pc if target < pc else -1
    t[w.LOOP_COUNT] = t[w.COUNT]


@inlined
def fetch(pc, length, front, tags2, ready2, ibuf, t, p, n):
    """Return the cycle in which an instruction comes out of the instruction cache."""
    if t[w.LOOP_PC] >= 0 and t[w.LOOP_TURNS] >= 2:  # out of the loop buffer
        t[w.NOW_FETCH] = max(t[w.NOW_FETCH], t[w.DECODED_AT] - p[w.FRONT])
        return t[w.NOW_FETCH]
    block = pc // p[w.FETCH_BYTES]
    if block != t[w.GROUP]:
        if t[w.GROUP] != -1:
            t[w.NOW_FETCH] += 1
            go_on(block, t, p)
        else:
            t[w.ENTRY] = pc
            t[w.BRANCHED] = 0
        enter(pc, front, tags2, ready2, ibuf, t, p, n)
        t[w.GROUP] = block
    last = (pc + length - 1) // p[w.FETCH_BYTES]
    if last != block:
        t[w.NOW_FETCH] += 1
        go_on(last, t, p)
        enter(pc + length - 1, front, tags2, ready2, ibuf, t, p, n)
        t[w.GROUP] = last
    return t[w.NOW_FETCH]


@inlined
def go_on(block, t, p):
    """Go on to the next block: the first level knows it only after a run began in the upper half of one without a branch."""
    upper = t[w.ENTRY] & (p[w.FETCH_BYTES] - 1) >= p[w.FETCH_BYTES] >> 1
    t[w.ENTRY] = block * p[w.FETCH_BYTES] if t[w.ENTRY] >= 0 and upper and t[w.BRANCHED] == 0 else np.int64(-1)
    t[w.BRANCHED] = 0


@compiled
def enter(address, front, tags2, ready2, ibuf, t, p, n):
    """Begin a fetch group: wait for room in the instruction buffer and for the cache."""
    _, _, _, _, _, tags, ready, _ = front
    room = ibuf[(t[w.HALVES] - p[w.INSTRUCTION_BUFFER] + BLOCK_HALVES) & (RING - 1)] - p[w.FRONT] + 1
    if room > t[w.NOW_FETCH]:
        t[w.NOW_FETCH] = room
        t[w.FETCH_CAUSE] = w.BASE
    if (address >> 7) != (t[w.GROUP] * p[w.FETCH_BYTES]) >> 7:
        t[w.ROW_READ] = t[w.NOW_FETCH]
    line = address // p[w.LINE]
    if line != t[w.FETCH_BLOCK_END]:
        t[w.FETCH_BLOCK_END] = line
        when = caches.instruction(address, t[w.NOW_FETCH], tags, ready, tags2, ready2, p, n)
        if when > t[w.NOW_FETCH]:
            t[w.NOW_FETCH] = when
            t[w.FETCH_CAUSE] = w.ICACHE


@inlined
def decode(fetched, parts, t, p):
    """Return the cycle in which an instruction is decoded: in order, so many a cycle, of one part more than that at most.

    What is split in two has two parts (ct_idu_id_ctrl.v, "pipedown").
    """
    earliest = fetched + p[w.FRONT]
    if earliest > t[w.DECODED_AT]:
        t[w.DECODED_AT] = earliest
        t[w.DECODED_COUNT], t[w.DECODED_PARTS] = 0, 0
    elif t[w.DECODED_COUNT] >= p[w.DECODE_WIDTH] or t[w.DECODED_PARTS] + parts > p[w.DECODE_WIDTH] + 1:
        t[w.DECODED_AT] += 1
        t[w.DECODED_COUNT], t[w.DECODED_PARTS] = 0, 0
    t[w.DECODED_COUNT] += 1
    t[w.DECODED_PARTS] += parts
    return t[w.DECODED_AT]


@inlined
def dispatch(kind, split, t, p):
    """Return the cycle in which an instruction goes to its queue: at most two a cycle to each but arithmetic.

    Of four parts that hold three for one queue the first two go, the others in the next cycle with those decoded then; where
    these are too many together, the decoder waits (ct_idu_ir_ctrl.v, "pipedown2", ct_idu_is_ctrl.v, "type stall").
    """
    if t[w.DECODED_AT] > t[w.GROUP_AT]:
        begin_group(t[w.DECODED_AT], t)
    elif t[w.DECODED_AT] == t[w.GROUP_AT] and t[w.DECODED_COUNT] == 1 and t[w.GROUP_PARTS] >= 2:
        t[w.DECODED_AT] += 1
        begin_group(t[w.DECODED_AT], t)
    memory, branch, multiply, parts = queued(kind, split)
    full = (
        t[w.GROUP_MEMORY] + memory > 2 or t[w.GROUP_BRANCHES] + branch > 2 or t[w.GROUP_MULTIPLIES] + multiply > 2
    ) and t[w.GROUP_PARTS] >= 2
    if full or t[w.GROUP_PARTS] + parts > p[w.DECODE_WIDTH] + 1:
        begin_group(t[w.GROUP_AT] + 1, t)
    join_group(kind, split, t)
    return t[w.GROUP_AT]


@inlined
def queued(kind, split):
    """Return how many parts of an instruction go to the queue of loads and stores, of branches, of products, and to any."""
    memory = np.int64(kind == w.K_LOAD or kind == w.K_STORE) + (split == PAIRS)
    branch = np.int64(kind >= w.K_BRANCH and kind <= w.K_INDIRECT)
    return memory, branch, np.int64(kind == w.K_MULTIPLY), 1 + (split != WHOLE)


@inlined
def join_group(kind, split, t):
    """Count an instruction to the group that goes to the queues in a cycle."""
    memory, branch, multiply, parts = queued(kind, split)
    t[w.GROUP_PARTS] += parts
    t[w.GROUP_MEMORY] += memory
    t[w.GROUP_BRANCHES] += branch
    t[w.GROUP_MULTIPLIES] += multiply


@inlined
def begin_group(at, t):
    """Begin a cycle's group of instructions that go to the queues."""
    t[w.GROUP_AT] = at
    t[w.GROUP_PARTS], t[w.GROUP_MEMORY], t[w.GROUP_BRANCHES], t[w.GROUP_MULTIPLIES] = 0, 0, 0, 0


@inlined
def hold(until, kind, split, t):
    """Keep decoding back until a cycle, because something it needs is full."""
    if until > t[w.GROUP_AT]:
        t[w.DECODED_AT] = until
        t[w.DECODED_COUNT], t[w.DECODED_PARTS] = 1, 1 + (split != WHOLE)
        begin_group(until, t)
        join_group(kind, split, t)
    return t[w.GROUP_AT]
