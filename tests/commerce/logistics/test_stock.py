"""Stock over several stages: exact against brute force, bad networks refused by name."""

import itertools
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from yunqi.commerce.logistics import Link, Stage, Stock, StockNetwork
from yunqi.commerce.logistics.engine.warehouse.echelon import safety_stock, violations
from yunqi.commerce.logistics.engine.warehouse.serial import serial_stock
from yunqi.commerce.logistics.service.plain_yard import reorder_document, stock_document
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


def simulated(at: int, up_to: int, *, periods: int = 60_000) -> float:
    """Return the cost a period of a policy for `GOOD`, played day by day: order, receive, sell or owe, count."""
    draws = np.random.default_rng(3).poisson(8, periods).tolist()
    there, total, coming = up_to, 0.0, [0, 0]
    for demand in draws:
        position = there + sum(coming)
        ordered = up_to - position if position <= at else 0
        total += 40 if ordered else 0
        coming.append(ordered)
        there += coming.pop(0) - demand
        total += max(there, 0) + 9 * max(-there, 0)
    return total / periods


def test_levels_cost_what_a_played_year_costs_and_less_than_their_neighbours() -> None:
    found = reorder_document(STOCK.reorder(STOCK.read_reorders({"goods": [GOOD]})))["goods"][0]
    assert found["cost"] == pytest.approx(simulated(found["order_at"], found["up_to"]), rel=0.02)
    assert found["plain_cost"] > found["cost"]
    for at, up_to in ((6, 0), (-6, 0), (0, 12), (0, -12)):
        assert simulated(found["order_at"] + at, found["up_to"] + up_to) > found["cost"] * 0.99


def test_without_a_cost_of_ordering_the_textbook_is_right() -> None:
    found = STOCK.reorder(STOCK.read_reorders({"goods": [GOOD | {"fixed": 0}]})).levels[0]
    assert found.plain == pytest.approx(found.cost)
    assert found.up_to == found.at + 1


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
        ("id,mean,lead,fixed,hold\n", "lacks the column backorder"),
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
        ({"goods": [GOOD | {"mean": 0}]}, "good tea: .*0 < mean"),
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
