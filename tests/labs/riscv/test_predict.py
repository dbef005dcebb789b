"""The predictors, as the open RTL's source has them."""

import pytest

pytest.importorskip("numba")

import numpy as np

from yunqi.labs.riscv.engine.timing import predict
from yunqi.labs.riscv.engine.timing import words as w
from yunqi.labs.riscv.engine.timing.model import TimingModel


def arrays() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return TimingModel().t, TimingModel().p, np.full(256, -1, np.int64)


def test_a_selector_serves_a_fetch_block() -> None:
    assert predict.selector(0x1010E) == predict.selector(0x10100)  # type: ignore[no-untyped-call]
    assert predict.selector(0x10110) != predict.selector(0x10100)  # type: ignore[no-untyped-call]
    assert predict.selector(0x10100 + 16 * 1024) == predict.selector(0x10100)  # type: ignore[no-untyped-call]


def test_an_indirect_jump_is_known_by_the_path_to_it() -> None:
    t, p, targets = arrays()
    assert not predict.indirect_matches(0x100, 2, 0x2010, targets, t, p)  # type: ignore[no-untyped-call]
    t[w.PATH] = 0
    assert predict.indirect_matches(0x100, 2, 0x2010, targets, t, p)  # type: ignore[no-untyped-call]
    assert not predict.indirect_matches(0x100, 2, 0x2010, targets, t, p)  # the path is another one now  # type: ignore[no-untyped-call]


def test_a_branch_in_the_same_fetch_block_hides_what_was_learnt() -> None:
    t, p, targets = arrays()
    t[w.HISTORY], t[w.SHARED] = 0b10, 0x100 >> 4
    assert not predict.indirect_matches(0x104, 2, 0x2010, targets, t, p)  # written by 0b10, read by 0b1  # type: ignore[no-untyped-call]
    t[w.PATH] = 0
    assert not predict.indirect_matches(0x104, 2, 0x2010, targets, t, p)  # type: ignore[no-untyped-call]
    t[w.PATH], t[w.SHARED] = 0, -1
    assert predict.indirect_matches(0x104, 2, 0x2010, targets, t, p)  # type: ignore[no-untyped-call]


def test_what_a_branch_teaches_comes_late() -> None:
    model = TimingModel()
    t = model.t
    bht, late = model._fronts[2], model._fronts[7]
    t[w.NOW_FETCH] = 10
    assert not predict.direction(0x100, 4, True, 20, bht, late, t)  # type: ignore[no-untyped-call]
    t[w.HISTORY] = 0
    predict.direction(0x100, 4, True, 21, bht, late, t)  # fetched before the first was executed  # type: ignore[no-untyped-call]
    t[w.HISTORY], t[w.NOW_FETCH] = 0, 100
    t[w.ROW_READ] = 100
    predict.settle(100, 100, bht, late, t)  # type: ignore[no-untyped-call]
    assert bht[predict.place(0x100, 0)] == 1  # both wrote what they had read, one step on  # type: ignore[no-untyped-call]
