"""From fetch to the queues, as the open RTL has it: turns of a block, split instructions, groups, entries."""

import pytest

pytest.importorskip("numba")

import numpy as np

from yunqi.labs.riscv.engine.isa.catalogue import table
from yunqi.labs.riscv.engine.isa.decode import decode
from yunqi.labs.riscv.engine.timing import back, front, pipeline, predict
from yunqi.labs.riscv.engine.timing import words as w
from yunqi.labs.riscv.engine.timing.classify import LINKS, PAIRS, PARTS, UPDATES, WHOLE, classify
from yunqi.labs.riscv.engine.timing.model import TimingModel


def test_a_selector_read_for_a_branch_over_a_border_serves_the_next_branch() -> None:
    model = TimingModel()
    t, bht, late = model.t, model._fronts[2], model._fronts[7]
    bht[predict.selector(0x110)] = 3  # leans to taken, where every counter says taken
    t[w.HELD_BLOCK] = -1
    assert predict.direction(0x114, 4, True, 9, bht, late, t)  # type: ignore[no-untyped-call]
    t[w.HISTORY], t[w.HELD_BLOCK] = 0, -1
    assert not predict.direction(0x10E, 4, False, 9, bht, late, t)  # its second half lies in the block  # type: ignore[no-untyped-call]
    assert not predict.direction(0x114, 4, True, 9, bht, late, t)  # type: ignore[no-untyped-call]


def test_a_fetch_block_takes_further_turns_for_its_branches() -> None:
    t = TimingModel().t

    def turns(kind: int, block: int, behind_untaken: bool) -> int:
        before, t[w.SHARED] = t[w.NOW_FETCH], block if behind_untaken else -1
        front.further_turns(kind, block, t)  # type: ignore[no-untyped-call]
        return int(t[w.NOW_FETCH] - before)

    assert turns(w.K_BRANCH, 7, behind_untaken=False) == 0
    assert turns(w.K_BRANCH, 7, behind_untaken=True) == 1
    assert turns(w.K_BRANCH, 7, behind_untaken=True) == 2  # the third of the block besides
    assert turns(w.K_JUMP, 8, behind_untaken=True) == 0


@pytest.mark.parametrize(
    ("bits", "split"),
    [
        (0x8816478B, UPDATES),  # th.lbuib a5, (a2), 1, 0
        (0x000000EF, LINKS),  # jal ra, 0
        (0x000780E7, LINKS),  # jalr ra, 0(a5)
        (0x0000006F, WHOLE),  # j 0
        (0xF8B6450B, PAIRS),  # th.ldd a0, a1, (a2), 0, 4
        (0x00063283, WHOLE),  # ld t0, 0(a2)
        (0x00B50533, WHOLE),  # add a0, a0, a1
    ],
)
def test_calls_updates_and_pairs_are_split_in_two(bits: int, split: int) -> None:
    out = np.zeros(2, np.int64)
    decode(bits, 0x10000, table(), out)  # type: ignore[no-untyped-call]
    assert classify(out[0], out[1]) >> PARTS & 3 == split  # type: ignore[no-untyped-call]


def test_three_instructions_and_four_parts_are_decoded_in_a_cycle() -> None:
    model = TimingModel()

    def decoded(*parts: int) -> list[int]:
        model.t[w.DECODED_AT] = 0
        return [int(front.decode(10, count, model.t, model.p)) - 10 - int(model.p[w.FRONT]) for count in parts]  # type: ignore[no-untyped-call]

    assert decoded(1, 1, 1, 1) == [0, 0, 0, 1]
    assert decoded(2, 1, 1, 1) == [0, 0, 0, 1]
    assert decoded(2, 2, 1, 1) == [0, 0, 1, 1]
    assert decoded(1, 2, 2, 1) == [0, 0, 1, 1]


def test_two_of_a_cycle_go_to_one_queue_and_the_third_waits() -> None:
    model = TimingModel()
    t, p = model.t, model.p

    def dispatched(fetched: int, *kinds: int) -> list[int]:
        found = []
        for kind in kinds:
            front.decode(fetched, 1, t, p)  # type: ignore[no-untyped-call]
            found.append(int(front.dispatch(kind, WHOLE, t, p)) - fetched - int(p[w.FRONT]))  # type: ignore[no-untyped-call]
        return found

    assert dispatched(10, w.K_LOAD, w.K_LOAD, w.K_LOAD) == [0, 0, 1]
    assert dispatched(11, w.K_ALU, w.K_ALU, w.K_ALU) == [0, 0, 0]  # with the load left over: four parts
    assert dispatched(20, w.K_ALU, w.K_STORE, w.K_LOAD) == [0, 0, 0]
    assert dispatched(30, w.K_BRANCH, w.K_LOAD, w.K_BRANCH) == [0, 0, 0]


def test_arithmetic_of_a_group_shares_an_entry_of_the_reorder_buffer() -> None:
    t = TimingModel().t

    def entries(group: int, *kinds: int) -> int:
        before, t[w.GROUP_AT] = t[w.ENTRIES_MADE], group
        for kind in kinds:
            pipeline.fold(kind, WHOLE, t)  # type: ignore[no-untyped-call]
        return int(t[w.ENTRIES_MADE] - before)

    assert entries(1, w.K_ALU, w.K_ALU, w.K_MULTIPLY) == 1
    assert entries(2, w.K_ALU, w.K_LOAD, w.K_ALU) == 3
    assert entries(3, w.K_ALU, w.K_ALU, w.K_ALU, w.K_ALU) == 2
    before = int(t[w.ENTRIES_MADE])
    pipeline.fold(w.K_LOAD, UPDATES, t)  # type: ignore[no-untyped-call]
    assert t[w.ENTRIES_MADE] - before == 2


def test_who_finds_another_waiting_in_its_queue_issues_a_cycle_later() -> None:
    queue = np.array([3, 7, 5], np.int64)
    assert back.is_waited_in(queue, 8, 3) == 0  # type: ignore[no-untyped-call]
    assert back.is_waited_in(queue, 7, 3) == 1  # type: ignore[no-untyped-call]
    assert [int(back.free_for(queue, 3, wanted)) for wanted in (0, 1, 2)] == [0, 3, 5]  # type: ignore[no-untyped-call]
