"""Rankings against the open RTL's recorded cycles, and the estimate of SPECint."""

import json
from pathlib import Path

import pytest

pytest.importorskip("numba")

from yunqi.labs.riscv import Ranked, Riscv, RiscvConfig, right_pairs, right_winners, specint
from yunqi.labs.riscv.engine.timing import predict
from yunqi.labs.riscv.engine.timing import words as w
from yunqi.labs.riscv.engine.timing.model import TimingModel
from yunqi.labs.riscv.model import Program, Segment
from yunqi.labs.riscv.service.ranking import RANKED, fingerprint

COUNTS = Path(specint.__code__.co_filename).parents[1] / "engine" / "kernels" / "rtl.json"


def test_winners_and_pairs_are_counted_by_kernel() -> None:
    rows = [
        Ranked("a", "x", 100, 110), Ranked("a", "y", 120, 115), Ranked("a", "z", 90, 112),
        Ranked("b", "x", 50, 40), Ranked("b", "y", 60, 80),
    ]  # fmt: skip
    assert right_winners(rows) == (1, 2)
    assert right_pairs(rows) == (3, 4)
    assert rows[0].error == pytest.approx(0.1)
    assert [Ranked(kernel, "x", 1, 1).unseen for kernel in ("routes", "search")] == [True, False]


def test_the_counts_name_their_source_and_known_programs() -> None:
    held = json.loads(COUNTS.read_text("utf-8"))
    assert "b91c909" in held["source"]
    for name, one in held["programs"].items():
        kernel, compiler = name.split(".")
        assert kernel in RANKED
        assert compiler in ("gcc12", "clang19", "clang16")
        assert one["cycles"] > 1000
        assert len(one["program"]) == 16


def test_a_fingerprint_is_of_what_is_loaded() -> None:
    def program(data: bytes) -> Program:
        return Program("x", 0x10000, (Segment(0x10000, len(data), 0, data, 5),), 0, 0)

    same = program(b"\0" * 64 + b"code"), program(b"\1" * 64 + b"code")
    assert fingerprint(same[0]) == fingerprint(same[1])
    assert fingerprint(program(b"\0" * 64 + b"cade")) != fingerprint(same[0])


def test_specint_is_an_interval_around_its_middle_and_the_same_again() -> None:
    lab = Riscv(None, RiscvConfig())
    found = specint(lab, draws=300)
    assert 0 < found.low < found.per_ghz < found.high
    assert len(found.ratios) == 12
    assert all(0.02 < ipc < 3 for ipc in found.ipc.values())
    assert specint(lab, draws=300) == found


def test_the_first_level_of_targets_knows_runs_not_branches() -> None:

    model = TimingModel()
    t, p, n = model.t, model.p, model.n
    l0, btb = model._fronts[0], model._fronts[1]

    def bubble(entry: int) -> int:
        t[w.ENTRY] = entry
        return int(predict.target_bubble(0x108, 0x200, True, False, l0, btb, t, p, n))  # type: ignore[no-untyped-call]

    assert bubble(0x100) == p[w.MISS_BUBBLE]
    assert bubble(0x100) == p[w.BTB_BUBBLE]  # taken in
    assert bubble(0x100) == p[w.BTB_BUBBLE]  # believed from now on
    assert bubble(0x100) == 0
    assert bubble(-1) == p[w.BTB_BUBBLE]  # the same branch, in the second block of a run
