"""The timing model's answers, cycle by cycle, its speed, and mechanisms of the core's back that it takes from the open RTL."""

import time
from pathlib import Path

import pytest

pytest.importorskip("numba")

import numpy as np
from tests.labs.riscv.assembler import EXIT, elf, words

from yunqi.labs.riscv import Limits, Riscv, RiscvConfig, Run, own_mix, profile, read_program
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.isa.catalogue import table
from yunqi.labs.riscv.engine.isa.decode import decode
from yunqi.labs.riscv.engine.timing import back
from yunqi.labs.riscv.engine.timing import words as w
from yunqi.labs.riscv.engine.timing.classify import classify
from yunqi.labs.riscv.engine.timing.model import TimingModel

LAB = Riscv(None, RiscvConfig())
KERNELS = Path(back.__file__).parents[1] / "kernels"
# Cycles of a warm round; whoever changes the model's rules writes down what they come to and says why.
MIX = {"list": 32705, "matrix": 35396, "machine": 19383, "crc32": 17579}
MANY = {
    "copy": 25783, "crc32": 24649, "edits": 16869, "fft": 6547, "graph": 98284, "hashed": 14482, "heap": 18058,
    "huffman": 38515, "int8dot": 73046, "interpreter": 18716, "list": 36695, "machine": 19363, "matrix": 35277,
    "queens": 6072, "quicksort": 53522, "search": 59485, "sha256": 12307, "sieve": 46610, "stream": 76494, "tokens": 10125,
    "unpack": 19461, "walk": 56039,
}  # fmt: skip


def run(code: bytes) -> Run:
    return LAB.run(read_program(elf(code, data=bytes(64))), limits=Limits(memory=1 << 24))


def test_every_kernel_takes_the_cycles_that_it_took() -> None:
    assert own_mix(LAB) == MIX
    marks = LAB.run(LAB.read(KERNELS / "many.elf")).marks
    assert (
        dict(zip(MANY, [end - begin for begin, end in zip(marks[::2], marks[1::2], strict=True)], strict=True)) == MANY
    )


def test_two_million_instructions_are_timed_in_a_second_of_the_processor() -> None:
    LAB.spin(1000, timing=True)
    started = time.process_time()
    count = LAB.spin(500_000, timing=True)
    assert count / (time.process_time() - started) > 2e6  # 6 million on a busy machine; once it was 1.1


def twice(offset: int) -> bytes:
    # fifty times: a byte whose address takes two multiplications, then a byte `offset` behind it at a known address
    return words(
        0x00020537, 0x00100393, 0x03200293,
        0x02750333, 0x02730333, 0x00034E03, 0x00054E83 | offset << 20, 0xFFF28293, 0xFE0296E3,
        *EXIT,
    )  # fmt: skip


def test_a_load_that_overtook_one_of_its_bytes_is_fetched_again() -> None:
    same, other = run(twice(0)), run(twice(1))
    assert same.counters["order_flushes"] > 25
    assert other.counters["order_flushes"] == 0
    assert same.cycles > other.cycles + 10 * same.counters["order_flushes"]
    for done in (same, other):  # what is carried out anew is booked once
        assert sum(done.stack.values()) == done.cycles
        assert done.counters["loads"] == 100
        assert done.counters["branches"] == 50
    found = profile(LAB, read_program(elf(twice(0), data=bytes(64))), log=400)
    assert sum(spot["executions"] for spot in found["hot_spots"]) == same.instructions - 1  # the last call ends it
    assert sum(spot["cycles"] for spot in found["functions"]) == same.cycles


def stored(offset: int) -> bytes:
    # fifty times: a byte stored where two multiplications say, then one loaded `offset` behind it at a known address
    return words(
        0x00020537, 0x00100393, 0x03200293,
        0x02750333, 0x02730333, 0x00030023, 0x00054E83 | offset << 20, 0xFFF28293, 0xFE0296E3,
        *EXIT,
    )  # fmt: skip


def test_a_load_that_overtook_a_store_of_its_bytes_is_fetched_again() -> None:
    same, other = run(stored(0)), run(stored(1))
    assert same.counters["order_flushes"] > 25
    assert other.counters["order_flushes"] == 0
    assert same.cycles > other.cycles + 10 * same.counters["order_flushes"]
    assert same.counters["loads"] == same.counters["stores"] == 50


def chain(offset: int) -> bytes:
    # a thousand loads of a pointer to itself at 0x20000 + offset, each of which waits for the one before
    return words(
        0x00020537, 0x00050513 | offset << 20, 0x00A53023, 0x3E800293, 0x00053503, 0xFFF28293, 0xFE029CE3, *EXIT
    )  # fmt: skip


def test_a_load_over_a_border_of_sixteen_bytes_takes_two_cycles_more() -> None:
    inside, over, beside = (run(chain(offset)).cycles for offset in (0, 12, 4))
    assert 1800 <= over - inside <= 2000  # the first come from the store queue
    assert abs(beside - inside) <= 5  # over a border of eight alone


def test_a_load_that_begins_where_the_last_one_over_a_border_ended_takes_one_cycle_more() -> None:
    model = TimingModel()
    queues_and_more, p, n = model._machine, model.p, model.n

    def took(address: int, cycle: int) -> int:
        calendar, stores = queues_and_more[2], queues_and_more[3]
        issue, done = back.load(ops.LD, cycle, address, 1, calendar, stores, model._memory, p, n)  # type: ignore[no-untyped-call]
        return int(done - issue)

    for line in range(4):
        took(0x20000 + 64 * line, 1000 * (line + 1))  # the caches hold them from now on
    assert [took(0x20000 + at, 9000 + at) for at in (0, 12, 28, 44, 96, 12)] == [3, 5, 4, 4, 3, 5]


@pytest.mark.parametrize(
    ("bits", "moves"),
    [
        (0x00058513, True),  # mv a0, a1
        (0x852E, True),  # c.mv a0, a1
        (0x00050513, False),  # mv a0, a0
        (0x00158513, False),  # addi a0, a1, 1
        (0x00B50533, False),  # add a0, a0, a1
        (0x4501, False),  # c.li a0, 0
        (0x22B58553, True),  # fmv.d fa0, fa1
        (0x22B50553, False),  # fsgnj.d fa0, fa0, fa1
    ],
)
def test_moves_are_carried_out_by_renaming(bits: int, moves: bool) -> None:
    out = np.zeros(2, np.int64)
    decode(bits, 0x10000, table(), out)  # type: ignore[no-untyped-call]
    assert bool(classify(out[0], out[1]) >> 59 & 1) is moves  # type: ignore[no-untyped-call]


def test_arithmetic_stays_in_the_queue_that_it_was_put_in() -> None:
    model = TimingModel()
    t, p, queues = model.t, model.p, model._machine[1]

    def chosen(kind: int, cycle: int) -> int:
        return int(back.chosen(kind, cycle, queues, t, p))  # type: ignore[no-untyped-call]

    assert [chosen(w.K_ALU, 5) for _ in range(3)] == [back.ALU0, back.ALU1, back.ALU0]
    assert [chosen(w.K_MULTIPLY, 6), chosen(w.K_ALU, 6), chosen(w.K_ALU, 6)] == [back.ALU1, back.ALU0, back.ALU0]
    queues[back.ALU0, :2] = 99  # two more wait in the first: the next cycle's first two go to the second
    assert [chosen(w.K_ALU, 7) for _ in range(3)] == [back.ALU1, back.ALU1, back.ALU0]
