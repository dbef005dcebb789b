"""Routes tried on the way, and the plan that set partitioning makes of them."""

import itertools
import random

import numpy as np
import pytest

from yunqi.commerce.logistics.engine.routing.pricing import cheapest_plan
from yunqi.commerce.logistics.engine.routing.strings import anneal, book
from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints
from yunqi.commerce.logistics.engine.routing.strings.links import distance
from yunqi.commerce.logistics.engine.routing.strings.packed import Packed, packed
from yunqi.commerce.logistics.engine.routing.strings.search import Search
from yunqi.commerce.logistics.engine.routing.strings.tries import Tries
from yunqi.commerce.logistics.engine.routing.strings.workers import Found
from yunqi.commerce.logistics.model import Problem, Task, Travel, Vehicle
from yunqi.commerce.logistics.service.routing import prepare


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    prepare()


def town(stops: int, room: int, seed: int = 1) -> Packed:
    """Return stops anywhere with windows half as long as the day, and as many vehicles."""
    draw = np.random.default_rng(seed)
    places = np.concatenate([[[500.0, 500.0]], draw.uniform(0, 1000, (stops, 2))])
    ready = draw.integers(0, 3000, stops)
    tasks = tuple(Task(str(k + 1), k + 1, load=(1,), windows=((int(t), int(t) + 3000),)) for k, t in enumerate(ready))
    fleet = tuple(Vehicle(str(k), 0, 0, (room,)) for k in range(stops))
    return packed(Problem("town", tasks, fleet, Travel("coordinates", xy=places)))


def searched(arrays: Packed, seed: int = 1) -> Search:
    search = Search(arrays, left=lambda: 1.0, effort=1e4, seed=seed, workers=1)
    search._take(search._construct())
    return search


def pages(one: Ints) -> list[tuple[int, list[int]]]:
    """Return what a book holds: lengths and tasks."""
    found = []
    for k in range(int(one[book.ROUTES])):
        start, size = (int(one[one[name] + k]) for name in (book.START, book.COUNT))
        first = int(one[book.WORDS]) + start
        found.append((int(one[one[book.LENGTH] + k]), one[first : first + size].tolist()))
    return found


def length(arrays: Packed, tasks: list[int]) -> int:
    n = int(arrays.p[at.N])
    return sum(int(distance(*arrays.args, a, b)) for a, b in itertools.pairwise([n, *tasks, n + 1]))


@pytest.mark.parametrize("seed", range(6))
def test_the_cheapest_plan_is_that_of_trying_all(seed: int) -> None:
    draw = random.Random(seed)
    known = [[0, 1], [2, 3], [4, 5]]
    others = [sorted(draw.sample(range(6), draw.randint(1, 4))) for _ in range(14)]
    columns, costs = known + others, np.array([draw.randint(10, 30) for _ in range(17)])
    plans = [
        (int(costs[list(plan)].sum()), list(plan))
        for size in (1, 2, 3)
        for plan in itertools.combinations(range(17), size)
        if sorted(task for k in plan for task in columns[k]) == list(range(6))
    ]
    best = min(plans)[0]
    picked = cheapest_plan(
        costs,
        np.array([len(one) for one in columns]),
        np.array([task for one in columns for task in one]),
        known=3,
        rows=6,
        seconds=5.0,
    )
    if best == int(costs[:3].sum()):
        assert picked is None
    else:
        assert picked is not None
        assert int(costs[picked].sum()) == best
        assert sorted(task for k in picked for task in columns[k]) == list(range(6))


def test_a_plan_with_more_vehicles_is_no_better_one() -> None:
    costs, counts = np.array([10, 1, 1]), np.array([2, 1, 1])
    words = np.array([0, 1, 0, 1])
    assert cheapest_plan(costs, counts, words, known=1, rows=2, seconds=5.0) is None


def test_no_time_is_no_plan() -> None:
    costs, counts = np.array([9, 9, 1]), np.array([1, 1, 2])
    words = np.array([0, 1, 0, 1])
    assert cheapest_plan(costs, counts, words, known=2, rows=2, seconds=0.0) is None
    assert cheapest_plan(costs, counts, words, known=2, rows=2, seconds=5.0) == [2]


def test_what_is_written_down_can_be_driven_and_is_as_long_as_it_says() -> None:
    arrays = town(30, 8)
    search = searched(arrays)
    one = book.new_book(search.n, routes=5000, words=60_000)
    book.anneal_noting(*arrays.args, search.states[0], one, 400, 300.0)
    written = pages(one)
    assert len(written) > 200
    assert len({frozenset(tasks) for _, tasks in written}) == len(written)
    p = arrays.p
    for far, tasks in written:
        assert far == length(arrays, tasks)
        assert len(tasks) == len(set(tasks)) <= 8
        t, before = 0, search.n
        for task in tasks:
            t += int(distance(*arrays.args, before, task))
            assert t <= p[p[at.DUE] + task]
            t, before = max(t, int(p[p[at.READY] + task])), task


def test_of_the_same_tasks_the_shortest_way_stays() -> None:
    arrays = town(12, 12)
    search, shortest = searched(arrays), {}
    one = book.new_book(search.n, routes=5000, words=60_000)
    state = search.states[0]
    for _ in range(300):
        book.anneal_noting(*arrays.args, state, one, 1, 1e9)
        for t in range(int(state[at.TOUCHED])):
            tasks, i = [], search.n + 2 * int(state[state[at.TOUCHED_ROUTES] + t])
            while (i := int(state[state[at.FOLLOWING] + i])) < search.n:
                tasks.append(i)
            if tasks:
                far = length(arrays, tasks)
                shortest[frozenset(tasks)] = min(far, shortest.get(frozenset(tasks), far))
    assert {frozenset(tasks): far for far, tasks in pages(one)} == shortest


def test_a_full_book_takes_no_more() -> None:
    arrays = town(30, 8)
    for routes, words in ((20, 1000), (1000, 50)):
        search = searched(arrays)
        one = book.new_book(search.n, routes=routes, words=words)
        book.anneal_noting(*arrays.args, search.states[0], one, 200, 300.0)
        written = pages(one)
        assert len(written) <= routes
        assert sum(len(tasks) for _, tasks in written) <= words
        assert len(written) == 20 or sum(len(tasks) for _, tasks in written) > 50 - 8


def test_writing_down_changes_nothing_else() -> None:
    arrays = town(30, 8)
    plain, noting = searched(arrays), searched(arrays)
    anneal.anneal(*arrays.args, plain.states[0], 300, 200.0, 200.0)
    one = book.new_book(plain.n, routes=5000, words=60_000)
    book.anneal_noting(*arrays.args, noting.states[0], one, 300, 200.0)
    assert np.array_equal(plain.states[0], noting.states[0])


def test_routes_of_several_ways_make_a_better_plan_with_no_more_vehicles() -> None:
    arrays = town(40, 10)
    search = searched(arrays)
    tries = Tries(arrays, 1)
    for _ in range(4):
        search._fill(search.states[0], Found(0, [], list(range(40))), None)
        anneal.anneal(*arrays.args, search.states[0], 1, 1.0, 1.0)
        book.anneal_noting(*arrays.args, search.states[0], tries.books[0], 300, 100.0)
        last = search.workers.read(search.states[0], best=True)
    found = tries.better(last, 5.0)
    assert found is not None
    assert len(found.routes) <= len(last.routes)
    assert sorted(task for _, tasks in found.routes for task in tasks) == list(range(40))
    search._fill(search.states[0], found, None)
    assert int(search.states[0][at.COST]) == found.cost < last.cost
    assert tries.better(Found(last.cost, last.routes[1:], last.routes[0][1]), 5.0) is None
