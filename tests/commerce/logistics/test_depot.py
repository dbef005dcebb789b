"""Warehouse and border: exact where a method is exact, checked against brute force and published values."""

import itertools
import random
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from yunqi.commerce.logistics import (
    Block,
    Depot,
    DutyLine,
    Good,
    LogisticsConfig,
    generated_waves,
    landed_cost,
    newsvendor,
    s_big_s,
)  # fmt: skip
from yunqi.commerce.logistics.engine.customs.duties import read_table
from yunqi.commerce.logistics.engine.warehouse.aisles import Stock, most_units, survivors
from yunqi.commerce.logistics.engine.warehouse.few import few_aisles
from yunqi.commerce.logistics.engine.warehouse.waves import best_wave, read_waves, violations
from yunqi.commerce.logistics.model.warehouse import Wave, WaveProblem
from yunqi.kernel import Invalid, NotFound

DEPOT = Depot(LogisticsConfig())


def test_a_small_wave_is_the_best_of_all_subsets() -> None:
    chance = random.Random(4)
    for _ in range(6):
        orders = tuple({str(chance.randrange(4)): chance.randint(1, 4)} for _ in range(5))
        aisles = tuple({str(item): chance.randint(0, 5) for item in range(4)} for _ in range(3))
        problem = WaveProblem(orders, aisles, 1, 9)
        best = 0.0
        for some in itertools.product((0, 1), repeat=5):
            for ways in itertools.product((0, 1), repeat=3):
                units = sum(sum(orders[k].values()) for k in range(5) if some[k])
                fits = all(
                    sum(orders[k].get(str(i), 0) for k in range(5) if some[k])
                    <= sum(aisles[a][str(i)] for a in range(3) if ways[a])
                    for i in range(4)
                )
                if fits and any(ways) and 1 <= units <= 9:
                    best = max(best, units / sum(ways))
        wave = DEPOT.wave(problem, seconds=120)
        assert wave.value == pytest.approx(best)
        assert wave.is_proven
        assert violations(problem, wave) == []


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_no_set_of_aisles_is_overlooked(count: int) -> None:
    for seed in range(3):
        stock = Stock(generated_waves(60, 20, 9, seed=seed))
        asked, flat = np.empty(stock.stock.shape[1], np.int64), (stock.starts, stock.items, stock.units)
        bounds = {
            some: most_units(stock.stock[list(some)].sum(axis=0), *flat, asked)
            for some in itertools.combinations(range(9), count)
        }
        need = sorted(bounds.values())[len(bounds) // 2]
        found, room, stop = set(), np.empty((200, count), np.int64), np.zeros(1, np.int64)
        for first in range(9 - count + 1):
            there = survivors(stock.stock, count, need, stock.stock.sum(axis=1), *flat, first, room, stop)
            found |= {tuple(map(int, row)) for row in room[:there]}
        assert found == {some for some, bound in bounds.items() if bound >= need}


def test_looking_at_all_small_sets_of_aisles_agrees_with_the_linear_model() -> None:
    for seed in range(4):
        problem = generated_waves(25, 30, 7, seed=seed)
        few = few_aisles(problem, left=lambda: 20.0)
        whole = best_wave(problem, left=lambda: 20.0)
        assert few is not None
        assert few.is_proven
        assert whole.is_proven
        assert few.value == pytest.approx(whole.value)
        assert violations(problem, few) == []


def test_a_known_wave_is_where_the_linear_model_begins() -> None:
    problem = generated_waves(25, 30, 7, seed=1)
    best = best_wave(problem, left=lambda: 20.0)
    again = best_wave(problem, left=lambda: 20.0, known=Wave(best.orders, best.aisles, best.value, 1e9))
    assert (again.value, again.bound) == (pytest.approx(best.value), pytest.approx(best.value))


@pytest.mark.slow
def test_waves_of_a_thousand_orders_are_proven() -> None:
    for seed in (1, 2):
        problem = generated_waves(1_000, 800, 100, seed=seed)
        wave = DEPOT.wave(problem, seconds=120)
        assert wave.is_proven
        assert violations(problem, wave) == []


def test_the_wave_checker_sees_what_is_broken() -> None:
    problem = generated_waves(20, 30, 8, seed=2)
    wave = DEPOT.wave(problem, seconds=20)
    emptied = type(wave)(wave.orders, (), wave.value, wave.bound)
    assert "lie in the aisles" in " ".join(violations(problem, emptied))


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "line 1"), ("1 1 1\n\n1 0 x\n1 0 1\n0 9", "line 3: .* 'x' is none"), ("1 1 1\n\n2 0 1\n1 0 1\n0 9", "line 3"), ("1 1 1\n2 0 1\n1 0 1\n0 9", "line 2"), ("1 1 1\n1 0 1\n", "lines where")],
)  # fmt: skip
def test_a_bad_wave_file_is_refused_by_line(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read_waves(text)


def test_an_impossible_wave_says_so() -> None:
    with pytest.raises(Invalid, match="no orders together"):
        DEPOT.wave(read_waves("1 1 1\n1 0 5\n1 0 1\n1 9\n"), seconds=10)


def test_the_walk_of_a_picker_is_the_shortest_of_all_orders() -> None:
    chance = random.Random(1)

    def walk(block: Block, one: tuple[int, float], two: tuple[int, float]) -> float:
        if one[0] == two[0]:
            return abs(one[1] - two[1])
        return abs(one[0] - two[0]) * block.pitch + min(one[1] + two[1], 2 * block.length - one[1] - two[1])

    for _ in range(80):
        block = Block(chance.randint(1, 5), chance.choice([5.0, 10.0, 20.0]), chance.choice([1.0, 3.0, 6.0]))
        picks = [(chance.randrange(block.aisles), chance.uniform(0, block.length)) for _ in range(chance.randint(1, 5))]
        best = min(
            sum(walk(block, a, b) for a, b in zip(((0, 0.0), *order), (*order, (0, 0.0)), strict=True))
            for order in itertools.permutations(picks)
        )
        route = DEPOT.pick(block, picks)
        assert route.metres == pytest.approx(best)
        assert sorted(route.picks) == list(range(len(picks)))
    with pytest.raises(Invalid, match="pick 0"):
        DEPOT.pick(Block(2, 10, 2), [(2, 1.0)])


@pytest.mark.parametrize(
    ("mean", "policy", "cost"),
    [
        (10, (6, 40), 35.022),
        (15, (10, 49), 42.698),
        (20, (14, 62), 49.173),
        (25, (19, 56), 54.262),
        (30, (23, 66), 57.819),
    ],
)
def test_the_published_policies_are_found(mean: int, policy: tuple[int, int], cost: float) -> None:
    """Table 1 of Zheng and Federgruen (1991): fixed 64, hold 1, backorder 9, no lead."""
    small, big, value = s_big_s(mean, 0, fixed=64, hold=1, backorder=9)
    assert (small, big) == policy
    assert value == pytest.approx(cost, abs=6e-4)


def test_the_newsvendor_orders_the_critical_quantile() -> None:
    assert newsvendor(range(1, 11), short=3, over=1) == 8
    with pytest.raises(Invalid):
        newsvendor([], short=3, over=1)


TABLE = (
    "code,origin,destination,duty,tax,valid_from,valid_to,source\n"
    "6109,*,XX,0.10,0.20,2025-01-01,2025-12-31,test table 1\n"
    "610910,YY,XX,0.05,0.20,2025-01-01,,test table 2\n"
)


def test_a_landed_cost_shows_its_reckoning() -> None:
    lines = read_table(TABLE)
    goods = (Good("610910", "YY", 10_000), Good("610990", "YY", 30_000))
    found = landed_cost(goods, lines, destination="XX", day=date(2025, 6, 1), currency="EUR", freight=4_000)
    amounts = {cost.name: cost.amount for cost in found.costs}
    assert amounts == {
        "goods": 40_000, "freight": 4_000, "insurance": 0,
        "duty 1": 550, "tax 1": 2_310, "duty 2": 3_300, "tax 2": 7_260,
    }  # fmt: skip
    assert found.total == 57_420
    assert "test table 2" in found.costs[3].because


def test_no_rate_is_ever_guessed() -> None:
    with pytest.raises(NotFound, match="no duty line covers 610990 from YY to XX on 2026-06-01"):
        landed_cost(
            (Good("610990", "YY", 1),), read_table(TABLE), destination="XX", day=date(2026, 6, 1), currency="EUR"
        )
    with pytest.raises(Invalid, match="say where the rate comes from"):
        DutyLine("61", "*", "*", Decimal(0), Decimal(0), date(2025, 1, 1), None, " ")


@pytest.mark.parametrize(
    "row", ["61,*,XX,ten,0,2025-01-01,,s", "61,*,XX,0,0,yesterday,,s", "x,*,XX,0,0,2025-01-01,,s", "61,*"]
)
def test_a_bad_duty_line_is_refused_by_number(row: str) -> None:
    with pytest.raises(Invalid, match="duty table line 2"):
        read_table(TABLE.splitlines()[0] + "\n" + row + "\n")


def test_a_shipment_file_is_read_or_refused(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"goods": [{"code": "610910"}]}')
    with pytest.raises(Invalid, match="the shipment lacks destination"):
        DEPOT.read_shipment(tmp_path / "s.json")
