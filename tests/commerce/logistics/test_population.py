"""The population: its moves price what they do, it finds known optima, and it exchanges solutions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from yunqi.commerce.logistics.engine.routing.check import check
from yunqi.commerce.logistics.engine.routing.generated import DEMANDS, DEPOTS, SPREADS, uchoa
from yunqi.commerce.logistics.engine.routing.population import layout as at
from yunqi.commerce.logistics.engine.routing.population.evolution import Evolution, suits
from yunqi.commerce.logistics.engine.routing.population.partner import Partner
from yunqi.commerce.logistics.engine.routing.strings.packed import packed
from yunqi.commerce.logistics.model import Problem, Route
from yunqi.commerce.logistics.service.routing import load_problem, prepare


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    prepare()


def evolved(problem: Problem, children: int, seed: int = 1) -> Evolution:
    evolution = Evolution(packed(problem), seed=seed)
    evolution.breed(lambda: 1.0, children)
    return evolution


def routes(problem: Problem, orders: list[list[int]]) -> list[Route]:
    return [
        Route(problem.vehicles[k].id, tuple(problem.tasks[task].id for task in order)) for k, order in enumerate(orders)
    ]


def test_the_known_optimum_of_clusters_is_found(circle: Callable[..., Path]) -> None:
    problem = load_problem(circle(clusters=6, size=4))
    found = evolved(problem, 60).orders()
    assert sorted(sorted(order) for order in found) == [list(range(4 * k, 4 * k + 4)) for k in range(6)]


@pytest.mark.parametrize("demand", DEMANDS)
@pytest.mark.parametrize(("depot", "spread"), list(zip(DEPOTS, SPREADS, strict=True)))
def test_the_checker_prices_every_feasible_individual_alike(demand: str, depot: str, spread: str) -> None:
    problem = uchoa(45, depot=depot, spread=spread, demand=demand, length=7, seed=3)
    evolution = evolved(problem, 130)
    assert evolution.iterations >= 130
    info = evolution.people[3]
    held = [k for k in range(len(info)) if info[k, at.KIND] == at.FEASIBLE]
    assert held
    for k in held:
        verdict = check(problem, routes(problem, evolution._orders(k)))
        assert (verdict.broken, verdict.unserved) == ((), ())
        assert verdict.cost == info[k, at.LENGTH] / evolution.unit
    assert evolution.best == min(info[k, at.LENGTH] for k in held) // evolution.unit


def test_the_same_seed_breeds_the_same_best() -> None:
    problem = uchoa(50, depot="centre", spread="mixed", demand="small", length=6, seed=1)
    assert evolved(problem, 150, seed=4).orders() == evolved(problem, 150, seed=4).orders()


def test_a_solution_from_elsewhere_joins_and_comes_back() -> None:
    problem = uchoa(50, depot="corner", spread="random", demand="unit", length=8, seed=2)
    good = evolved(problem, 300)
    partner = Partner(Evolution(packed(problem), seed=9))
    partner.give(good.best, good.orders())
    shares = iter([1.0, 1.0, 1.0])
    partner.run(lambda: next(shares, -1.0))
    cost, orders = partner.taken()
    assert cost <= good.best
    assert check(problem, routes(problem, orders)).cost == cost
    assert partner.seen()
    assert partner.seen() == []


def test_only_plain_problems_suit() -> None:
    problem = uchoa(30, depot="corner", spread="random", demand="unit", length=8, seed=2)
    assert suits(packed(problem))
    values = {name: getattr(problem, name) for name in Problem.__slots__}
    first = problem.tasks[0]
    timed = type(first)(first.id, first.place, first.kind, first.load, 0, ((0, 5000),))
    assert not suits(packed(Problem(**values | {"tasks": (timed, *problem.tasks[1:])})))


def test_generated_problems_have_the_form_that_was_asked_for() -> None:
    problem = uchoa(200, depot="centre", spread="clustered", demand="middle", length=10, seed=7)
    assert problem.travel.xy is not None
    assert problem.travel.xy.shape == (201, 2)
    assert problem.travel.xy[0].tolist() == [500, 500]
    loads = np.array([task.load[0] for task in problem.tasks])
    assert (loads.min(), loads.max()) == (5, 10)
    assert 9.5 <= problem.vehicles[0].capacity[0] / loads.mean() <= 10.5
