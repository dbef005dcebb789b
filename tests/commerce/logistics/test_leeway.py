"""How far a search may leave a plan in force."""

import numpy as np

from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.arrays import new_state
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
    for moved in (0, 10, 8, 10):
        leeway.follow(states, moved, 1000.0)
        prices.append([int(state[at.MOVE_PRICE]) for state in states])
    assert all(one == two for one, two in prices)
    fell, rose, fell_again, rose_again = (one for one, _ in prices)
    assert fell < 200 < 1000
    assert fell_again < rose > fell
    assert rose_again > fell_again
    assert leeway.spare(4, 2) == 3
    assert leeway.spare(12, 2) == 0


def test_vehicles_are_paid_for_a_while_where_they_are_too_full_for_what_is_new() -> None:
    arrays = packed(line())
    start = int(arrays.p[at.FIXED])
    leeway = Leeway({0: 0, 1: 1}, 0)
    leeway.pay(arrays.p, 2, 0.0, 300.0)
    assert arrays.p[start : start + 3].tolist() == [0, 0, 0]
    leeway.is_crowded = True
    leeway.pay(arrays.p, 2, 0.0, 300.0)
    assert arrays.p[start : start + 3].tolist() == [-100, -100, -100]
    assert leeway.paid == 100
    leeway.pay(arrays.p, 3, 0.1, 300.0)  # there is room enough
    assert arrays.p[start : start + 3].tolist() == [0, 0, 0]
    leeway.pay(arrays.p, 2, 0.2, 300.0)
    assert leeway.paid == 100
    leeway.pay(arrays.p, 2, 0.5, 300.0)
    assert arrays.p[start : start + 3].tolist() == [0, 0, 0]


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
        assert arrays.p[arrays.p[at.FIXED]] == 0
        assert sum(homes[task] != slot for slot, tasks in found.routes for task in tasks) <= movable
        costs.append(found.cost)
    assert costs[0] > costs[1] > costs[2]


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
