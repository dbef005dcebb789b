"""Stock over several stages: exact against brute force, bad networks refused by name."""

import itertools
import math
import random
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from yunqi.commerce.logistics import Link, Panel, Stage, Stock, StockNetwork
from yunqi.commerce.logistics.engine.warehouse.demand import fitted, together
from yunqi.commerce.logistics.engine.warehouse.echelon import safety_stock, violations
from yunqi.commerce.logistics.engine.warehouse.inventory import Costs, LotPolicies
from yunqi.commerce.logistics.engine.warehouse.played import Shelf
from yunqi.commerce.logistics.engine.warehouse.position import Position
from yunqi.commerce.logistics.engine.warehouse.serial import serial_stock
from yunqi.commerce.logistics.model.reorder import Level, Policy, StockedGood
from yunqi.commerce.logistics.service.plain_yard import reorder_document, replay_document, stock_document
from yunqi.kernel import Invalid

STOCK = Stock()


def tree(seed: int) -> StockNetwork:
    chance = random.Random(seed)
    count = chance.randint(1, 5)
    links = []
    for new in range(1, count):
        old = chance.randrange(new)
        links.append((old, new) if chance.random() < 0.5 else (new, old))
    stages = []
    for at in range(count):
        serves = not any(source == at for source, _ in links)
        stages.append(
            Stage(f"s{at}", chance.randint(0, 3), chance.uniform(0.5, 4), chance.randint(0, 2) if serves else None,
                  chance.uniform(1, 9) if serves else 0.0, chance.uniform(1, 5) if serves else 0.0)
        )  # fmt: skip
    return StockNetwork(tuple(stages), tuple(Link(f"s{a}", f"s{b}", chance.choice((1, 2))) for a, b in links))


def least_cost(network: StockNetwork) -> float:
    stages = {stage.id: stage for stage in network.stages}

    def suppliers(name: str) -> list[str]:
        return [link.source for link in network.links if link.target == name]

    def variance(name: str) -> float:
        below = sum(link.units**2 * variance(link.target) for link in network.links if link.source == name)
        return stages[name].deviation ** 2 + below

    def longest(name: str) -> int:
        return stages[name].lead + max(map(longest, suppliers(name)), default=0)

    def most(name: str) -> int:
        promise = stages[name].promise
        return longest(name) if promise is None else min(longest(name), promise)

    best = math.inf
    for chosen in itertools.product(*(range(most(name) + 1) for name in stages)):
        promises = dict(zip(stages, chosen, strict=True))
        days = {
            name: max((promises[one] for one in suppliers(name)), default=0) + stages[name].lead - promises[name]
            for name in stages
        }
        if min(days.values()) >= 0:
            best = min(
                best,
                sum(stages[one].hold * network.cover * math.sqrt(variance(one) * days[one]) for one in stages),
            )
    return best


@pytest.mark.parametrize("seed", range(25))
def test_no_promises_are_cheaper(seed: int) -> None:
    network = tree(seed)
    plan = safety_stock(network)
    assert plan.cost == pytest.approx(least_cost(network))
    assert violations(network, plan) == []


def test_a_dear_last_stage_lets_the_stage_before_hold() -> None:
    stages = (Stage("plant", 4, 1.0), Stage("shop", 1, 10.0, 0, 10.0, 2.0))
    plan = safety_stock(StockNetwork(stages, (Link("plant", "shop"),), 2.0))
    assert (plan.stages["plant"].promise, plan.stages["shop"].days) == (0, 1)
    assert plan.stages["plant"].safety == pytest.approx(2.0 * 2.0 * 2.0)  # cover x deviation x sqrt(4)
    assert plan.stages["plant"].base == pytest.approx(40.0 + 8.0)
    assert plan.cost == pytest.approx(8.0 + 40.0)


def poisson(mean: float) -> np.ndarray:
    return np.array([math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(60)])


@pytest.mark.parametrize(
    ("leads", "holds", "mean", "backorder"),
    [((1, 1), (2, 1), 5, 9), ((2, 1), (3, 1), 4, 20), ((1, 3), (1.5, 1), 3, 5)],
)
def test_a_chain_of_two_has_the_best_levels_of_all(
    leads: tuple[int, int], holds: tuple[float, float], mean: float, backorder: float
) -> None:
    near, far = poisson(mean * leads[0]), poisson(mean * leads[1])
    best = (math.inf, 0, 0)
    for upstream in range(25):
        waiting = np.zeros(60)
        for demand, chance in enumerate(far):
            waiting[max(0, demand - upstream)] += chance
        outstanding = np.convolve(waiting, near)
        units = np.arange(len(outstanding))
        there = float(np.maximum(0, upstream - np.arange(60)) @ far)
        for level in range(40):
            held = float(np.maximum(0, level - units) @ outstanding)
            owed = float(np.maximum(0, units - level) @ outstanding)
            cost = holds[1] * (there + mean * leads[0]) + holds[0] * held + backorder * owed
            best = min(best, (cost, level, upstream))
    found = serial_stock(leads, holds, mean=mean, backorder=backorder)
    assert found.cost == pytest.approx(best[0])
    assert found.local == best[1:]


def test_one_stage_is_the_newsvendor_over_its_lead() -> None:
    found = serial_stock([2], [1.0], mean=5, backorder=9)
    shares = np.cumsum(poisson(10))
    assert found.echelon == (int(np.searchsorted(shares, 0.9)),)


SHOP = {"id": "shop", "lead": 1, "hold": 2, "promise": 0, "mean": 3, "deviation": 1}
NETWORK = {"stages": [{"id": "plant", "lead": 2, "hold": 1}, SHOP], "links": [{"from": "plant", "to": "shop"}]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"stages": []}, "a network needs stages"),
        ({"stages": [SHOP, SHOP]}, "stage shop stands twice"),
        ({"stages": [SHOP], "links": []}, None),
        ({"links": []}, "stage shop is not linked to plant"),
        ({"links": [{"from": "plant", "to": "moon"}]}, r"links\[0\]: there is no stage moon"),
        ({"links": [{"from": "plant", "to": "shop"}, {"from": "shop", "to": "plant"}]}, r"links\[1\]: .* closes a cycle"),
        ({"links": [{"from": "plant", "to": "shop", "units": 0}]}, r"links\[0\]: units must be above 0"),
        ({"stages": [SHOP | {"deviation": float("nan")}]}, r"stages\[0\].deviation is nan"),
        ({"stages": [SHOP | {"hold": -1}]}, r"stages\[0\].hold is -1"),
        ({"stages": [{"id": "shop", "lead": 1, "hold": 2, "mean": 3}], "links": []}, "stage shop: customers are served"),
        ({"stages": [SHOP | {"lead": 9_999}], "links": []}, "stage shop: 9999 periods"),
    ],
)  # fmt: skip
def test_a_bad_network_is_refused_by_its_row(change: dict[str, Any], says: str | None) -> None:
    if says is None:
        assert stock_document(STOCK.network(STOCK.read(NETWORK | change)))["cost"] == pytest.approx(3.29)
        return
    with pytest.raises(Invalid, match=says):
        STOCK.network(STOCK.read(NETWORK | change))


@pytest.mark.parametrize(
    ("chain", "says"),
    [
        ({"mean": 1, "backorder": 1, "stages": []}, "a chain needs"),
        ({"mean": 0, "backorder": 1, "stages": [{"lead": 1, "hold": 1}]}, "above 0"),
        ({"mean": 1, "backorder": 1, "stages": [{"lead": 1, "hold": 1}, {"lead": 1, "hold": 2}]}, r"stages\[0\]"),
        ({"mean": 1e6, "backorder": 1, "stages": [{"lead": 1, "hold": 1}]}, "use larger units"),
    ],
)
def test_a_bad_chain_is_refused(chain: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        STOCK.chain(chain)


def test_a_chain_document_is_planned() -> None:
    found = STOCK.chain({"mean": 5, "backorder": 9, "stages": [{"lead": 1, "hold": 2}, {"lead": 1, "hold": 1}]})
    assert (found.echelon, found.local) == ((8, 13), (8, 5))


GOOD = {"id": "tea", "mean": 8, "lead": 2, "fixed": 40, "hold": 1, "backorder": 9}
FILLED = {key: value for key, value in GOOD.items() if key != "backorder"} | {"fill": 0.95}


def level(good: dict[str, Any]) -> Level:
    return STOCK.reorder(STOCK.read_reorders({"goods": [good]})).levels[0]


def played(good: dict[str, Any], at: int, size: int, draws: list[int]) -> tuple[float, float]:
    """Return cost a period and fill of a policy, played period by period: order, receive, sell or owe, count."""
    there, total, served = at + size, 0.0, 0
    lead, review, pack = int(good["lead"]), good.get("review", 1), good.get("pack", 1)
    coming = [0] * lead
    for now, demand in enumerate(draws):
        ordered, position = 0, there + sum(coming)
        if now % review == 0 and position <= at:
            ordered = at + size - position if pack == 1 else -(-(at + 1 - position) // size) * size
            total += good["fixed"]
        coming.append(ordered)
        there += coming.pop(0)
        served += min(max(there, 0), demand)
        there -= demand
        total += good["hold"] * max(there, 0) + good.get("backorder", 0) * max(-there, 0)
    return total / len(draws), served / sum(draws)


def test_levels_cost_what_a_played_year_costs_and_less_than_their_neighbours() -> None:
    found = reorder_document(STOCK.reorder(STOCK.read_reorders({"goods": [GOOD]})))["goods"][0]
    at, size = found["order_at"], found["up_to"] - found["order_at"]
    draws = np.random.default_rng(3).poisson(8, 30_000).tolist()
    assert (found["cost"], found["fill"]) == pytest.approx(played(GOOD, at, size, draws), rel=0.02)
    assert found["plain_cost"] > found["cost"]
    for lower, less in ((6, -6), (-6, 6), (0, 12), (0, -12)):
        assert played(GOOD, at + lower, size + less, draws)[0] > found["cost"] * 0.99


@pytest.mark.parametrize(
    "change",
    [
        {"review": 5},
        {"pack": 6},
        {"pack": 6, "review": 3, "lead": 0},
        {"fill": 0.95},
        {"fill": 0.95, "pack": 6, "review": 7},
    ],
)
def test_uneven_demand_packs_and_looks_cost_what_they_cost_when_played(change: dict[str, Any]) -> None:
    good = (FILLED if "fill" in change else GOOD) | {"mean": 3, "deviation": 4} | change
    found = level(good)
    draws = np.random.default_rng(5).negative_binomial(9 / 13, 3 / 16, 60_000).tolist()  # mean 3, variance 16
    cost, fill = played(good, found.policy.at, found.policy.size, draws)
    assert found.policy.cost == pytest.approx(cost, rel=0.03)
    assert found.policy.fill == pytest.approx(fill, abs=0.006)
    assert found.in_lots == ("pack" in change)
    assert found.policy.size % change.get("pack", 1) == 0
    assert found.policy.fill >= good.get("fill", 0)


def test_demand_that_varies_more_needs_more_stock_and_demand_of_the_past_is_its_own_spread() -> None:
    steady, wild = level(FILLED), level(FILLED | {"deviation": 12})
    assert wild.policy.at > steady.policy.at + 10
    past = [0, 0, 0, 24, 0, 8, 0, 0, 40, 8]
    good = {key: value for key, value in FILLED.items() if key != "mean"} | {"demands": past}
    found = level(good)
    assert (found.mean, found.deviation) == pytest.approx((8.0, float(np.std(past))))
    assert found.policy.fill == pytest.approx(
        played(good, found.policy.at, found.policy.size, past * 3_000)[1], abs=0.05
    )


def test_a_lead_that_varies_needs_more_stock_and_half_a_period_lies_between() -> None:
    assert level(FILLED | {"lead_deviation": 1}).policy.at > level(FILLED).policy.at
    ends, between = (
        [level(GOOD | {"lead": lead}).policy.cost for lead in (2, 3)],
        level(GOOD | {"lead": 2.5}).policy.cost,
    )
    assert ends[0] < between < ends[1]


def test_no_lot_and_level_tried_costs_less_than_the_chosen() -> None:
    good = GOOD | {"mean": 2, "deviation": 3, "pack": 4}
    found = level(good)
    policies = LotPolicies(Position(fitted(2, 3), {2: 1.0}), fitted(2, 3), Costs(fixed=40, hold=1, backorder=9), pack=4)
    tried = [policies.outcome(at, size).cost for at in range(-10, 30) for size in range(4, 60, 4)]
    assert found.policy.cost == pytest.approx(min(tried))


@pytest.mark.parametrize(("mean", "deviation"), [(5.3, 1.0), (0.4, 0.49), (20, 20), (3, 9), (100, 3), (4, 2), (1, 0)])
def test_chances_have_the_mean_and_deviation_asked_for(mean: float, deviation: float) -> None:
    chances = fitted(mean, deviation)
    units = np.arange(len(chances))
    assert chances.sum() == pytest.approx(1)
    assert chances @ units == pytest.approx(mean, rel=1e-4)
    assert chances @ (units - mean) ** 2 == pytest.approx(deviation**2, rel=1e-3, abs=1e-9)
    both = together(chances, 3)
    assert both @ np.arange(len(both)) == pytest.approx(3 * mean, rel=1e-4)


def test_without_a_cost_of_ordering_the_textbook_is_right() -> None:
    found = level(GOOD | {"fixed": 0})
    assert found.plain.cost == pytest.approx(found.policy.cost)
    assert found.policy.size == 1


def panel(days: int = 140) -> Panel:
    draw = np.random.default_rng(2)
    steady, late = draw.poisson(6, days).astype(float), draw.negative_binomial(1, 0.2, days).astype(float)
    late[:60] = 0
    return Panel(("tea", "pots", "new"), date(2026, 1, 1), np.array([steady, late, np.eye(1, days, days - 5)[0]]))


SOLD = {"lead": 2, "fixed": 20, "hold": 1, "fill": 0.95}


def test_sales_tell_the_demand_and_held_out_days_what_levels_are_worth() -> None:
    source = {"goods": [{"id": "tea"} | SOLD, {"id": "pots"} | SOLD | {"pack": 6}]}
    tea, pots = STOCK.reorder(STOCK.read_reorders(source, panel())).levels
    assert tea.mean == pytest.approx(6, rel=0.2)
    assert pots.mean == pytest.approx(4, rel=0.5)  # days before its first sale don't count
    assert pots.deviation > tea.deviation
    days: list[int] = []
    found = replay_document(STOCK.replay(source, panel(), days=30, on_day=days.append))
    assert days == [7, 14, 21, 28, 30]
    assert [one["id"] for one in found["goods"]] == ["tea", "pots"]
    assert 0.85 < found["fill"] <= 1
    assert found["cost"] == pytest.approx(sum(one["cost"] for one in found["goods"]))


def test_a_shelf_is_played_as_one_plays_it_by_hand() -> None:
    good = StockedGood(id="tea", lead=2, fixed=40, hold=1, mean=8, backorder=9)
    shelf, draws = Shelf(good, {2: 1.0}), np.random.default_rng(4).poisson(8, 500).tolist()
    for units in draws:
        shelf.period(Policy(20, 25, 0, 0, 0, 0), units)
    told = shelf.told()
    assert (told.cost, told.fill) == pytest.approx(played(GOOD, 20, 25, draws))


@pytest.mark.parametrize(
    ("good", "days", "says"),
    [
        ({"id": "cups"}, 30, "good cups has no mean, and the table of sales does not name it"),
        ({"id": "new"}, 0, "good new: 28 days since its first sale"),
        ({"id": "tea"}, 90, "90 of 140 days can't be held out"),
        ({"id": "tea"}, 3, "3 of 140 days"),
    ],
)
def test_goods_that_sales_do_not_tell_are_refused_by_name(good: dict[str, Any], days: int, says: str) -> None:
    source = {"goods": [good | SOLD]}
    with pytest.raises(Invalid, match=says):
        if days:
            STOCK.replay(source, panel(), days=days)
        else:
            STOCK.read_reorders(source, panel())


def test_a_season_is_no_worse_than_its_mean_and_all_orders_tried() -> None:
    demands = [120.0, 180.0, 150.0, 260.0, 210.0]
    season = {"id": "lanterns", "demands": demands, "short": 9, "over": 3}
    found = STOCK.reorder(STOCK.read_reorders({"seasons": [season]})).seasons[0]
    costs = [sum(9 * max(0, d - units) + 3 * max(0, units - d) for d in demands) / 5 for units in range(300)]
    assert found.cost == pytest.approx(min(costs)) == pytest.approx(costs[int(found.units)])
    assert found.mean_cost == pytest.approx(costs[184])
    assert found.sold_out == 0.4


def test_goods_come_as_csv_and_bad_lines_are_named(tmp_path: Path) -> None:
    file = tmp_path / "goods.csv"
    file.write_text("\ufeffid,mean,lead,fixed,hold,backorder\ntea,8,2,40,1,9\n茶,3,0,10,1,9\n", encoding="utf-8")
    assert [one.id for one in STOCK.reorder(STOCK.read_reorders(file)).levels] == ["tea", "茶"]
    for text, says in (
        ("id,mean,lead,fixed,backorder\n", "lacks the column hold"),
        ("id,mean,lead,fixed,hold\ntea,8,1,40,1\n", "good tea: give either backorder"),
        ("id,mean,lead,fixed,hold,fil\ntea,8,1,40,1,2\n", "did you mean fill"),
        ("id,mean,lead,fixed,hold,backorder\ntea,8,x,40,1,9\n", "line 2: lead is 'x', not a number"),
        ("id,mean,lead,fixed,hold,backorder\ntea,8,nan,40,1,9\n", "line 2"),
        ("id,mean,lead,fixed,hold,backorder\ntea,8,1,40,1\n", "line 2: 5 cells for 6"),
        ("id,mean,lead,fixed,hold,backorder\n", "has no rows"),
    ):
        file.write_text(text)
        with pytest.raises(Invalid, match=says):
            STOCK.read_reorders(file)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "nothing to order"),
        ({"goods": [GOOD, GOOD]}, "good tea stands twice"),
        ({"goods": [GOOD | {"mean": 0}]}, "good tea: the demand a period must be above 0"),
        ({"goods": [GOOD | {"fill": 0.9}]}, "good tea: give either backorder"),
        ({"goods": [FILLED | {"fill": 1}]}, "good tea: fill must be"),
        ({"goods": [GOOD | {"demands": [1]}]}, "good tea: give either mean"),
        (
            {"goods": [{"id": "tea", "lead": 1, "fixed": 1, "hold": 1, "fill": 0.9, "demands": [1, 1.5]}]},
            r"demands\[1\] is 1.5",
        ),
        ({"goods": [GOOD | {"pack": 0}]}, r"goods\[0\].pack"),
        ({"goods": [GOOD | {"mean": 900, "lead": 500}]}, "good tea: .*count in cases"),
        ({"goods": [GOOD | {"fixed": 10**9}]}, "good tea: .*count in cases"),
        ({"goods": [GOOD | {"hold": -1}]}, r"goods\[0\].hold"),
        ({"goods": [GOOD | {"Mean": 1}]}, "did you mean 'mean'"),
        ({"seasons": [{"id": "a", "demands": [], "short": 1, "over": 1}]}, "season a: demands"),
        ({"seasons": [{"id": "a", "demands": [1, "x"], "short": 1, "over": 1}]}, r"seasons\[0\].demands"),
        ({"seasons": [{"id": "a", "demands": [1], "short": 0, "over": 1}]}, "season a: short and over"),
    ],
)
def test_bad_goods_are_refused_by_name(body: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        STOCK.reorder(STOCK.read_reorders(body))
