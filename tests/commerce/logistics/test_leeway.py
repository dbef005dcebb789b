"""How far a search may leave a plan in force."""

import numpy as np

from yunqi.commerce.logistics.engine.routing.polish import Column, recombine_near
from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.arrays import new_state
from yunqi.commerce.logistics.engine.routing.strings.columns import Columns
from yunqi.commerce.logistics.engine.routing.strings.leeway import Leeway
from yunqi.commerce.logistics.engine.routing.strings.packed import packed
from yunqi.commerce.logistics.engine.routing.strings.search import Search
from yunqi.commerce.logistics.engine.routing.strings.workers import Found
from yunqi.commerce.logistics.model import Problem, Task, Travel, Vehicle


def line(stops: int = 12, vehicles: int = 3) -> Problem:
    tasks = tuple(Task(str(k), k, load=(1,)) for k in range(1, stops + 1))
    xy = np.array([[0.0, 0.0], *([10.0 * k, float(k % 3)] for k in range(1, stops + 1))])
    fleet = tuple(Vehicle(str(k), 0, 0, (8,)) for k in range(vehicles))
    return Problem("line", tasks, fleet, Travel("coordinates", xy=xy))


def test_the_price_of_a_move_rises_while_the_leeway_is_used_up_and_falls_while_it_is_not() -> None:
    leeway = Leeway(dict.fromkeys(range(12), 0), 10)
    states = [new_state(packed(line()).p, seed) for seed in (1, 2)]
    prices = []
    for moved in (0, 11, 5, 30):
        leeway.follow(states, moved, 1000.0)
        prices.append([int(state[at.MOVE_PRICE]) for state in states])
    assert all(one == two for one, two in prices)
    fell, rose, fell_again, rose_again = (one for one, _ in prices)
    assert fell < 200 < 1000
    assert fell_again < rose > fell
    assert rose_again > fell_again
    assert leeway.spare(4, 2) == 3
    assert leeway.spare(12, 2) == 0


def test_interchangeable_vehicles_are_dealt_so_that_most_tasks_are_at_home() -> None:
    arrays = packed(line())
    leeway = Leeway({0: 0, 1: 0, 2: 0, 3: 1, 4: 1, 5: 1}, 6)
    leeway.enter(arrays.p, [new_state(arrays.p, 1)])
    crossed = [(0, [3, 4, 0]), (1, [1, 2, 5]), (2, [6])]
    assert leeway.moved(crossed) == 4
    settled = leeway.settle(crossed)
    assert settled == [(0, [1, 2, 5]), (1, [3, 4, 0]), (2, [6])]
    assert leeway.moved(settled) == 2
    assert leeway.settle(settled) == settled


def test_vehicles_that_differ_are_not_exchanged() -> None:
    fleet = (Vehicle("0", 0, 0, (8,)), Vehicle("1", 0, 0, (9,)))
    problem = line()
    arrays = packed(Problem("two", problem.tasks, fleet, problem.travel))
    leeway = Leeway({0: 0, 1: 0, 2: 1}, 3)
    leeway.enter(arrays.p, [new_state(arrays.p, 1)])
    assert leeway.settle([(0, [2]), (1, [0, 1])]) == [(0, [2]), (1, [0, 1])]


def test_the_best_choice_of_routes_seen_keeps_the_leeway() -> None:
    columns = [
        Column(0, (0, 1), 10, 0),
        Column(1, (2, 3), 10, 0),
        Column(0, (0, 2), 7, 1),
        Column(1, (1, 3), 7, 1),
        Column(0, (1, 3), 1, 2),
        Column(0, (2, 0), 5, 2),
    ]
    # The last two are cheapest, but both need the first vehicle.
    chosen = recombine_near(columns, [0, 1, 2, 3], 20, movable=2, seconds=1.0)
    assert chosen is not None
    assert sorted((c.slot, c.order) for c in chosen) == [(0, (0, 2)), (1, (1, 3))]
    assert recombine_near(columns, [0, 1, 2, 3], 20, movable=1, seconds=1.0) is None
    widest = recombine_near(columns, [0, 1, 2, 3], 20, movable=4, seconds=1.0)
    assert widest is not None
    assert sum(column.cost for column in widest) == 12


def test_routes_seen_are_kept_at_their_shortest_and_make_a_better_plan() -> None:
    arrays = packed(line())
    homes = {task: task // 4 for task in range(12)}
    leeway = Leeway(homes, 0)
    columns = Columns(arrays, leeway)
    shorter = Found(0, [(0, [0, 1, 2, 3]), (1, [5, 4, 7, 6]), (2, [9, 8, 11, 10])], [])
    columns.collect(shorter)
    columns.collect(Found(0, [(0, [1, 0, 3, 2]), (1, [4, 5, 6, 7]), (2, [9, 8, 11, 10])], []))
    state = new_state(arrays.p, 1)
    search = Search(arrays, left=lambda: 1.0, effort=1.0, seed=1, workers=1)
    search.workers.fill(state, shorter)
    shorter.cost = int(state[at.COST])
    found = columns.better(shorter, 1.0)
    assert found is not None
    assert sorted(found.routes) == [(0, [0, 1, 2, 3]), (1, [4, 5, 6, 7]), (2, [9, 8, 11, 10])]
    search.workers.fill(state, found)
    assert int(state[at.COST]) == found.cost < shorter.cost


def test_the_price_alone_holds_tasks_at_first_but_not_before_there_is_a_plan() -> None:
    arrays = packed(line())
    search = Search(arrays, left=lambda: 1.0, effort=3000, seed=1, workers=1)
    search.keep(dict.fromkeys(range(12), 0), 2)
    assert search.leeway is not None
    spared = []
    for absent, done in (([11], 0.1), ([], 0.1), ([], 0.9)):
        search.best = Found(0, [(0, list(range(11)))], absent)
        search._lead(search.leeway, search.best, done)
        spared.append(search.spare)
    assert spared == [2, 12, 2]


def test_no_more_tasks_leave_their_vehicle_than_may() -> None:
    arrays = packed(line())
    far_apart = Found(1 << 60, [(0, [0, 11, 2, 9]), (1, [1, 10, 3, 8]), (2, [4, 7, 5, 6])], [])
    homes = {task: slot for slot, tasks in far_apart.routes for task in tasks}
    costs = []
    for movable in (0, 2, 12):
        search = Search(arrays, left=lambda: 1.0, effort=3000, seed=1, workers=1)
        search.limit(3000)
        search.keep(homes, movable)
        found = search.run(far_apart, cool=True)
        assert sum(homes[task] != slot for slot, tasks in found.routes for task in tasks) <= movable
        costs.append(found.cost)
    assert costs[0] > costs[1] > costs[2]


def test_the_same_seed_and_iterations_give_the_same_re_plan() -> None:
    problem = line(24, 9)
    arrays = packed(problem)
    rows = [(slot, list(range(slot, 24, 8))) for slot in range(8)]
    homes = {task: slot for slot, tasks in rows for task in tasks}
    found = []
    for _ in range(2):
        search = Search(arrays, left=lambda: 1.0, effort=4000, seed=3, workers=2)
        search.limit(4000)
        search.keep(homes, 6)
        found.append(search.run(Found(1 << 60, rows, []), cool=True))
    assert found[0].routes == found[1].routes
    assert found[0].cost == found[1].cost


def test_a_pinned_task_without_room_goes_to_the_thread_that_has_its_vehicle_and_ruins_begin_there() -> None:
    xy = np.array([[0.0, 0.0], *([10.0 * k, 0.0] for k in range(1, 22))])
    tasks = tuple(Task(str(k), k, load=(1,), vehicle="9" if k == 21 else None) for k in range(1, 22))
    fleet = tuple(Vehicle(str(k), 0, 0, (2,)) for k in range(10))
    arrays = packed(Problem("full", tasks, fleet, Travel("coordinates", xy=xy)))
    full = Found(1 << 60, [(slot, [2 * slot, 2 * slot + 1]) for slot in range(10)], [20])
    search = Search(arrays, left=lambda: 1.0, effort=1.0, seed=1, workers=2)
    for _ in range(8):
        halves = [part for part in search._split(full) if part.absent]
        assert [part.absent for part in halves] == [[20]]
        assert 9 in [slot for slot, _ in halves[0].routes]
    search.keep({task: task // 2 for task in range(20)}, 20)
    assert search.leeway is not None
    search._lead(search.leeway, full, 0.0)
    state = search.states[0]
    assert state[state[at.FOCUS] : state[at.FOCUS] + state[at.FOCUSED]].tolist() == [18, 19]
    search._lead(search.leeway, Found(0, full.routes, []), 0.0)
    assert state[state[at.FOCUS] : state[at.FOCUS] + state[at.FOCUSED]].tolist() == [20]
