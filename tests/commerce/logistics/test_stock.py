"""Stock over several stages: exact against brute force, bad networks refused by name."""

import itertools
import math
import random
from typing import Any

import numpy as np
import pytest

from yunqi.commerce.logistics import Link, Stage, Stock, StockNetwork
from yunqi.commerce.logistics.engine.warehouse.echelon import safety_stock, violations
from yunqi.commerce.logistics.engine.warehouse.serial import serial_stock
from yunqi.commerce.logistics.service.plain_yard import stock_document
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
