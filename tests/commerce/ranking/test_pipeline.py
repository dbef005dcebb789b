import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunqi.commerce.ranking import Bought, Found, Kind, Linear, Lines, Request, Rules, ShopState, gather
from yunqi.commerce.ranking.engine.arrange import arrange

NOW = 1_500_000_000_000_000
products = st.lists(st.integers(0, 59), unique=True, max_size=60).map(lambda found: np.array(found, np.int32))


def found(numbers: np.ndarray) -> Found:
    return Found(numbers, np.linspace(1, 0, len(numbers), dtype=np.float32))


@settings(max_examples=200, deadline=None)
@given(
    bought=st.lists(st.integers(0, 59), max_size=40),
    first=products,
    second=products,
    stock=st.integers(0, 2**60 - 1),
    seed=st.integers(0, 2**62),
    size=st.integers(1, 24),
)
def test_what_was_bought_or_is_out_of_stock_never_shows_not_even_by_chance(
    bought: list[int], first: np.ndarray, second: np.ndarray, stock: int, seed: int, size: int
) -> None:
    state = ShopState()
    user = state.user("ann", make=True)
    state.fold(Lines.of([(NOW, user, product, Kind.PURCHASE, 1.0, 0.0, 1) for product in bought]))
    available = np.array([(stock >> i) & 1 for i in range(60)], np.bool_)
    request = Request("new", user, NOW, np.array([3], np.int32))
    candidates = gather(
        state, request, {"a": found(first), "b": found(second)}, Rules(bought=Bought.HIDE), available, limit=50
    )
    scores = np.random.default_rng(seed).random(len(candidates)).astype(np.float32)
    shown = arrange(scores, np.full(len(candidates), -1, np.int32), size=size, explore=size - 1, seed=seed)
    numbers = candidates.products[shown.rows].tolist()
    assert len(numbers) == len(set(numbers)) <= size
    assert not set(numbers) & set(bought)
    assert 3 not in numbers
    assert available[numbers].all()
    possible = (set(first.tolist()) | set(second.tolist())) - set(bought) - {3}
    assert len(numbers) == min(size, 50, sum(bool(available[product]) for product in possible))


def test_bought_products_come_back_only_where_their_type_is_bought_again() -> None:
    state = ShopState()
    ann = state.user("ann", make=True)
    state.describe([1, 2], [("Milk",), ("Batteries",)], ["", ""])
    rows = [(NOW + i, ann, product, int(Kind.PURCHASE), 1.0, 0.0, i) for i, product in enumerate([1, 1, 1, 2])]
    state.fold(Lines.of(rows))
    rules = Rules(bought=Bought.HIDE_UNLESS_REPEATED, repeat_share=0.5)
    everything = found(np.array([1, 2], np.int32))
    kept = gather(state, Request("home", ann, NOW), {"a": everything}, rules, np.ones(3, np.bool_), limit=9)
    assert kept.products.tolist() == [1]
    stranger = gather(state, Request("home", -1, NOW), {"a": everything}, rules, np.ones(3, np.bool_), limit=9)
    assert stranger.products.tolist() == [1, 2]


def test_gather_keeps_what_stands_highest_in_any_source_and_each_sources_scores() -> None:
    one, two = found(np.array([9, 8, 7, 6], np.int32)), found(np.array([1, 9, 2], np.int32))
    kept = gather(ShopState(), Request("x", -1, NOW), {"a": one, "b": two}, Rules(), np.ones(10, np.bool_), limit=3)
    assert kept.products.tolist() == [1, 8, 9]
    np.testing.assert_array_equal(kept.sources["a"], np.array([np.nan, one.scores[1], 1.0], np.float32))
    np.testing.assert_array_equal(kept.sources["b"], np.array([1.0, np.nan, two.scores[1]], np.float32))


def test_exploration_draws_uniformly_from_the_candidates_ranked_11_to_100() -> None:
    scores = -np.arange(150, dtype=np.float32)
    kinds = np.full(150, -1, np.int32)
    draws = [arrange(scores, kinds, size=12, explore=7, seed=seed) for seed in range(4000)]
    assert {round(1 / draw.propensity) for draw in draws} == {90}
    shown = np.array([draw.rows[7] for draw in draws])
    assert (shown.min(), shown.max()) == (10, 99)
    counts = np.bincount(shown, minlength=100)[10:100]
    assert ((counts - 4000 / 90) ** 2 / (4000 / 90)).sum() < 140  # chi-square of 89 degrees, p > 0.0004
    assert all(draw.rows[:7].tolist() == list(range(7)) for draw in draws)
    assert all(len(set(draw.rows.tolist())) == 12 for draw in draws)


def test_the_same_seed_draws_the_same() -> None:
    scores, kinds = np.arange(50, dtype=np.float32), np.zeros(50, np.int32)
    one, two = (arrange(scores, kinds, size=12, explore=3, seed=5) for _ in range(2))
    assert one.rows.tolist() == two.rows.tolist()


@pytest.mark.parametrize("count", [0, 1, 5, 11])
def test_few_candidates_are_not_explored(count: int) -> None:
    shown = arrange(np.ones(count, np.float32), np.zeros(count, np.int32), size=12, explore=7, seed=1)
    assert (shown.explored, shown.propensity, shown.rows.tolist()) == (-1, 1.0, list(range(count)))


def test_types_are_spread_before_one_comes_a_third_time() -> None:
    kinds = np.array([1, 1, 1, 1, 2, 3], np.int32)
    shown = arrange(-np.arange(6, dtype=np.float32), kinds, size=5, per_type=2)
    assert shown.rows.tolist() == [0, 1, 4, 5, 2]


def test_linear_contributions_add_up_to_the_score() -> None:
    model = Linear(("a", "b", "c"), {"a": 2.0, "c": -1.0})
    matrix = np.array([[1, 5, 3], [np.nan, 1, 2]], np.float32)
    assert model.score(matrix).tolist() == [-1.0, -2.0]
    assert model.contributions(matrix).sum(axis=1).tolist() == [-1.0, -2.0]
