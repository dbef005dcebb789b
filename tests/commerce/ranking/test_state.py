"""The one-fold rule: any way of cutting the log gives the same state, to the last bit."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunqi.commerce.ranking import DAY, Ask, Kind, Lines, ShopState, feature_set, occurrence

START = 1_483_228_800_000_000
PRODUCTS, USERS = 40, 6


def fresh() -> ShopState:
    state = ShopState()
    for user in range(USERS):
        state.user(f"u{user}", make=True)
    state.describe(
        range(PRODUCTS),
        [("All", f"c{p % 4}", f"t{p % 8}") for p in range(PRODUCTS)],
        [f"b{p % 3}" for p in range(PRODUCTS)],
    )
    return state


def lines(seed: int, size: int, *, days: int = 400) -> Lines:
    rng = np.random.default_rng(seed)
    kinds = rng.choice([0, 1, 2, 2, 2, 3], size)
    return Lines(
        np.sort(START + rng.integers(0, days * DAY, size)),
        np.where(kinds == 3, -1, rng.integers(0, USERS, size)).astype(np.int32),
        rng.integers(0, PRODUCTS, size).astype(np.int32),
        kinds.astype(np.int8),
        np.where(rng.random(size) < 0.2, np.nan, rng.integers(50, 2000, size).astype(float)),
        rng.random(size) * 0.5,
        np.sort(rng.integers(0, size, size)),
    )


def same(left: ShopState, right: ShopState) -> bool:
    a, b = left.arrays(), right.arrays()
    for name in a:
        size = max(len(a[name]), len(b[name]))
        for one, other in ((a[name], b[name]), (b[name], a[name])):
            if len(one) < size and other[len(one) :].any() and np.unique(other[len(one) :]).size > 1:
                return False
        shared = min(len(a[name]), len(b[name]))
        if a[name][:shared].tobytes() != b[name][:shared].tobytes():
            return False
    return True


def matrix(state: ShopState, user: int, now: int) -> bytes:
    ask = Ask(user, now, np.arange(PRODUCTS, dtype=np.int32), {"bm25": np.ones(PRODUCTS, np.float32)})
    return feature_set().matrix(state, ask).tobytes()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(1, 700), max_size=12))
def test_any_cut_of_the_log_gives_the_same_state_and_features(seed: int, cuts: list[int]) -> None:
    log = lines(seed, 700)
    whole, parts = fresh(), fresh()
    whole.fold(log)
    edges = [0, *sorted(set(cuts)), 700]
    for low, high in itertools.pairwise(edges):
        parts.fold(log.take(slice(low, high)))
    assert same(whole, parts)
    now = int(log.at[-1]) + DAY
    for user in (-1, 0, USERS - 1, USERS + 5):
        assert matrix(whole, user, now) == matrix(parts, user, now)


def test_one_by_one_equals_all_at_once() -> None:
    log = lines(1, 600)
    whole, single = fresh(), fresh()
    whole.fold(log)
    for row in range(len(log)):
        single.fold(log.take(slice(row, row + 1)))
    assert same(whole, single)


def test_sums_stay_equal_and_finite_over_many_half_lives() -> None:
    log = lines(2, 600, days=40 * 365)
    whole, single = fresh(), fresh()
    whole.fold(log)
    for row in range(len(log)):
        single.fold(log.take(slice(row, row + 1)))
    assert whole.products.interest.epoch > 1
    assert same(whole, single)
    now = int(log.at[-1])
    assert np.isfinite(whole.products.popularity[0].read_all(PRODUCTS, now)).all()


def test_a_changed_line_changes_the_state() -> None:
    log = lines(3, 300)
    other = log.take(np.r_[0:299, 298])
    left, right = fresh(), fresh()
    left.fold(log)
    right.fold(other)
    assert not same(left, right)


def test_a_snapshot_is_the_state_and_folds_on_like_it() -> None:
    log = lines(4, 600)
    state = fresh()
    state.seq = 17
    state.fold(log.take(slice(0, 400)))
    loaded = ShopState.from_arrays({name: np.array(column) for name, column in state.arrays().items()})
    assert (loaded.seq, loaded.users, loaded.names) == (17, state.users, state.names)
    for one in (state, loaded):
        one.fold(log.take(slice(400, 600)))
    assert same(state, loaded)
    assert matrix(state, 2, int(log.at[-1])) == matrix(loaded, 2, int(log.at[-1]))


def test_counts_fade_by_half_in_a_half_life() -> None:
    state = fresh()
    state.fold(Lines.of([(START, 0, 5, Kind.PURCHASE, 100.0, 0.0, 1)]))
    week = state.products.popularity[0]
    assert week.read(np.array([5]), START)[0] == pytest.approx(1.0, rel=1e-12)
    assert week.read(np.array([5]), START + 7 * DAY)[0] == pytest.approx(0.5, rel=1e-12)


def test_history_is_newest_first_without_repeats_and_bounded() -> None:
    state = fresh()
    state.fold(Lines.of([(START + i, 0, product, Kind.VIEW, 1.0, 0.0, i) for i, product in enumerate([1, 2, 1, 3])]))
    assert state.shoppers.history(0).tolist() == [3, 1, 2]
    state.fold(Lines.of([(START + 9 + i, 0, i, Kind.VIEW, 1.0, 0.0, i) for i in range(PRODUCTS)]))
    assert state.shoppers.history(0).tolist() == list(range(PRODUCTS - 1, PRODUCTS - 25, -1))
    assert state.shoppers.history(99).tolist() == []


def test_a_visitor_who_turns_out_to_be_a_user_brings_what_they_did() -> None:
    state = fresh()
    rows = [(START, 0, 1, Kind.PURCHASE, 1.0, 0.0, 1), (START + 1, 1, 1, Kind.PURCHASE, 1.0, 0.0, 2)]
    state.fold(Lines.of([*rows, (START + 2, 1, 2, Kind.VIEW, 1.0, 0.0, 3)]))
    state.merge("u1", "u0")
    assert state.user("u1") == state.user("u0") == 0
    assert state.shoppers.history(0).tolist() == [2, 1]
    assert state.habits.count[state.habits.index.of(0)].tolist() == [2]
    assert state.shoppers.baskets[0] == 2
    assert state.user("new", make=True) == USERS


def test_repeats_are_counted_by_type() -> None:
    state = fresh()
    state.fold(Lines.of([(START + i, 0, 8, Kind.PURCHASE, 1.0, 0.0, i) for i in range(4)]))
    kind = int(state.types_of(np.array([8], np.int32))[0])
    assert (state.types.lines[kind], state.types.repeats[kind]) == (4.0, 3.0)


def test_occurrence_counts_earlier_equal_keys() -> None:
    assert occurrence(np.array([5, 7, 5, 5, 7])).tolist() == [0, 0, 1, 2, 1]
