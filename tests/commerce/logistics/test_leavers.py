"""Who leaves a route for another task: the cheapest set, beside every set tried in plain Python."""

import itertools
import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from yunqi.commerce.logistics.engine.routing.strings import eject, leavers
from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints
from yunqi.commerce.logistics.engine.routing.strings.packed import packed
from yunqi.commerce.logistics.engine.routing.strings.search import Search
from yunqi.commerce.logistics.engine.routing.strings.workers import Found
from yunqi.commerce.logistics.model import Problem, Task, TaskKind, Travel, Vehicle
from yunqi.commerce.logistics.service.routing import prepare

COUNT, EACH, LAST = 20, 5, 1000
"""Pairs, pairs a route, and when all vehicles have to be back."""


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    prepare()


def town(seed: int, *, paired: bool, width: int = 60, long: int = 5) -> tuple[Problem, list[list[int]]]:
    """Return a problem and routes that keep all windows; the last two tasks are a pair (or two tasks) in no route, and take long."""
    draw = random.Random(seed)
    places, tasks = [[50.0, 50.0]], list[Task]()
    routes: list[list[int]] = []
    sizes = [EACH] * (COUNT // EACH)
    for count in [*sizes, 1]:
        service = 5 if len(routes) < len(sizes) else long
        x, y, t = 50.0, 50.0, 0.0
        open_pairs: list[int] = []
        route: list[int] = []
        for k in range(2 * count):
            is_second = paired and bool(open_pairs) and (len(open_pairs) == 2 * count - k or draw.random() < 0.5)
            to_x, to_y = draw.randint(0, 100), draw.randint(0, 100)
            t += math.hypot(to_x - x, to_y - y) + 2
            x, y, number = to_x, to_y, len(tasks)
            window = (max(0, int(t) - draw.randint(0, width)), int(t) + draw.randint(5, width))
            t = max(t, window[0]) + service
            places.append([x, y])
            common: dict[str, Any] = {
                "id": str(number),
                "place": number + 1,
                "load": (1,),
                "windows": (window,),
                "service": service,
            }
            kind = TaskKind.SHIPMENT_DELIVERY if is_second else TaskKind.SHIPMENT_PICKUP
            both = common | {"kind": kind}
            if not paired:
                tasks.append(Task(**common))
            elif is_second:
                first = open_pairs.pop(draw.randrange(len(open_pairs)))
                tasks[first] = Task(**{**_fields(tasks[first]), "partner": str(number)})
                tasks.append(Task(**both, partner=str(first)))
            else:
                open_pairs.append(number)
                tasks.append(Task(**both))
            route.append(number)
        routes.append(route)
    fleet = tuple(Vehicle(str(k), 0, 0, (3 if paired else 2 * EACH,), (0, LAST)) for k in range(len(sizes)))
    travel = Travel("coordinates", xy=np.array(places))
    return Problem("town", tuple(tasks), fleet, travel), routes


def _fields(task: Task) -> dict[str, Any]:
    return {name: getattr(task, name) for name in ("id", "place", "kind", "load", "windows", "service")}


def is_in_time(problem: Problem, order: Sequence[int]) -> bool:
    """Whether a vehicle keeps all windows, its capacity and the order of pairs."""
    assert problem.travel.xy is not None
    t, here, on_board = 0, 0, 0
    signed = any(task.partner for task in problem.tasks)
    seen = set()
    for k in order:
        task = problem.tasks[k]
        t += round(math.dist(problem.travel.xy[here], problem.travel.xy[task.place]))
        if t > task.windows[0][1]:
            return False
        t, here = max(t, task.windows[0][0]) + task.service, task.place
        is_second = task.kind is TaskKind.SHIPMENT_DELIVERY
        if is_second and task.partner not in seen:
            return False
        seen.add(task.id)
        on_board += -1 if signed and is_second else 1
        if on_board > problem.vehicles[0].capacity[0]:
            return False
    return t + round(math.dist(problem.travel.xy[here], problem.travel.xy[0])) <= LAST


def fits(problem: Problem, order: Sequence[int], new: Sequence[int]) -> bool:
    """Whether tasks fit somewhere into a route, in their order."""
    if len(new) == 1:
        return any(is_in_time(problem, [*order[:k], new[0], *order[k:]]) for k in range(len(order) + 1))
    ways = itertools.combinations_with_replacement(range(len(order) + 1), 2)
    return any(is_in_time(problem, [*order[:a], new[0], *order[a:b], new[1], *order[b:]]) for a, b in ways)


def heads_of(problem: Problem, route: Sequence[int]) -> dict[int, set[int]]:
    """Return what leaves together: by head, the tasks."""
    return {
        k: {k, *([int(str(problem.tasks[k].partner))] if problem.tasks[k].partner else [])}
        for k in route
        if problem.tasks[k].kind is not TaskKind.SHIPMENT_DELIVERY
    }


def loaded(problem: Problem, routes: list[list[int]], counters: Sequence[int]) -> tuple[tuple[Any, ...], Ints]:
    """Return the arrays' arguments and a state with the routes and how often each task has failed."""
    arrays = packed(problem)
    search = Search(arrays, left=lambda: 1.0, effort=1.0, seed=3, workers=1)
    state = search.states[0]
    search.workers.fill(state, Found(0, list(enumerate(routes)), []))
    state[state[at.COUNTERS] : state[at.COUNTERS] + len(counters)] = counters
    return arrays.args, state


@pytest.mark.parametrize("paired", [True, False], ids=["pairs", "singles"])
def test_the_cheapest_set_is_found(paired: bool) -> None:
    depths = []
    for seed in range(12):
        problem, (*routes, new) = town(seed, paired=paired, long=10 + 20 * (seed % 4))
        draw = random.Random(seed)
        counters = [draw.randint(0, 9) for _ in problem.tasks]
        args, state = loaded(problem, routes, counters)
        task = new if paired else new[:1]
        cheapest: dict[int, int] = {}
        for most in (1, 2, 3):
            prices = []
            for route in routes:
                heads = heads_of(problem, route)
                for out in itertools.combinations(heads, most):
                    kept = [k for k in route if not any(k in heads[h] for h in out)]
                    if fits(problem, kept, task):
                        prices.append(sum(1 + counters[h] for h in out))
            cheapest[most] = min(prices, default=1 << 40)
        d = task[1] if paired else -1
        for most in (1, 2, 3):
            expected = min(cheapest[k] for k in range(1, most + 1))
            r = leavers.cheapest_leavers(*args, state, task[0], d, most)
            out = state[state[at.LEAVERS] : state[at.LEAVERS] + state[at.LEAVING]].tolist()
            heads = heads_of(problem, routes[r])
            kept = [k for k in routes[r] if not any(k in heads[h] for h in out)]
            assert fits(problem, kept, task)
            if expected < 1 << 40:
                assert sum(1 + counters[h] for h in out) == expected
                depths.append(len(out))
    assert len(set(depths)) > 1  # both where one is enough, and where it is not


def test_where_few_are_not_enough_more_leave_and_nobody_without_need() -> None:
    problem, (*routes, new) = town(1, paired=True, width=6, long=150)
    args, state = loaded(problem, routes, [0] * len(problem.tasks))
    r = leavers.cheapest_leavers(*args, state, new[0], new[1], 1)
    out = state[state[at.LEAVERS] : state[at.LEAVERS] + state[at.LEAVING]].tolist()
    heads = heads_of(problem, routes[r])

    def without(gone: Sequence[int]) -> list[int]:
        return [k for k in routes[r] if not any(k in heads[h] for h in gone)]

    assert len(out) > 1
    assert fits(problem, without(out), new)
    assert not any(fits(problem, without([h for h in out if h != back]), new) for back in out)
    assert not state[state[at.GONE] : state[at.GONE] + len(problem.tasks)].any()


def test_nobody_leaves_for_what_fits_into_no_route_at_all() -> None:
    problem, (*routes, new) = town(2, paired=True)
    tasks = list(problem.tasks)
    tasks[new[1]] = Task(**{**_fields(tasks[new[1]]), "windows": ((0, 1),), "partner": str(new[0])})
    late = Problem("late", tuple(tasks), problem.vehicles, problem.travel)
    args, state = loaded(late, routes, [0] * len(tasks))
    assert leavers.cheapest_leavers(*args, state, new[0], new[1], 2) == -1
    assert not eject.make_way(*args, state, new[0], new[1], 2)
    assert not state[state[at.GONE] : state[at.GONE] + len(tasks)].any()
