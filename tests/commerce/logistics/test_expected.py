"""Plans with room for orders still to come."""

import dataclasses

import numpy as np
import pytest

from yunqi.app.bench import Options
from yunqi.app.bench.replanning import _events, _kept, _new, _rooms
from yunqi.commerce.logistics import Budget, LogisticsConfig, Problem, Route, replan, solve, town
from yunqi.commerce.logistics.engine.routing.check import check
from yunqi.commerce.logistics.engine.routing.expected import expecting, taken_out
from yunqi.commerce.logistics.model import BadProblem, Task, Travel, Vehicle
from yunqi.kernel import Invalid

BUDGET = 30.0


def street() -> Problem:
    """Return 32 stops of 1 on a line, for vans of 8: four of them are full."""
    tasks = tuple(Task(f"t{k}", k, load=(1,)) for k in range(1, 33))
    xy = np.array([[0.0, 0.0], *([10.0 * k, float(k % 3)] for k in range(1, 33))])
    return Problem("street", tasks, tuple(Vehicle(f"v{k}", 0, 0, (8,)) for k in range(8)), Travel("coordinates", xy=xy))


def test_stand_ins_are_copies_that_never_displace_what_must_be_served() -> None:
    problem = street()
    wider = expecting(problem, 6, seed=1)
    extra = wider.tasks[32:]
    assert wider.tasks[:32] == problem.tasks
    assert len({task.id for task in wider.tasks}) == 38
    for task in extra:
        twin = next(one for one in problem.tasks if one.place == task.place)
        assert dataclasses.replace(task, id=twin.id, prize=None) == twin
        assert task.prize is not None
        assert task.prize > 2 * 320
    assert expecting(problem, 6, seed=1) == wider
    assert [task.place for task in expecting(problem, 6, seed=2).tasks] != [task.place for task in wider.tasks]
    full = dataclasses.replace(problem, vehicles=problem.vehicles[:4])
    plan = solve(full, LogisticsConfig(), budget=Budget(BUDGET), iterations=3000, expected=6)
    assert plan.unserved == ()
    assert sorted(stop for route in plan.routes for stop in route.stops) == sorted(task.id for task in problem.tasks)


def test_only_tasks_that_stand_alone_are_copied() -> None:
    problem = street()
    pinned = tuple(dataclasses.replace(task, vehicle="v1") for task in problem.tasks[:31])
    wider = expecting(dataclasses.replace(problem, tasks=(*pinned, problem.tasks[31])), 5, seed=1)
    assert [task.place for task in wider.tasks[32:]] == [32]
    with pytest.raises(BadProblem, match="drawn from tasks without"):
        expecting(dataclasses.replace(problem, tasks=pinned), 5, seed=1)
    for count in (-1, 17):
        with pytest.raises(BadProblem, match="no number to expect"):
            expecting(problem, count, seed=1)


def test_each_part_of_a_town_gets_its_stand_ins() -> None:
    """Three quarters of the stops are in one corner; so are the stand-ins, and they carry what stops carry on average."""
    draw = np.random.default_rng(3)
    near, far = draw.uniform(0, 10, (90, 2)), draw.uniform(990, 1000, (30, 2))
    xy = np.concatenate([[[0.0, 0.0]], near, far])
    loads = [1 + 2 * (k % 2) for k in range(120)]
    tasks = tuple(Task(f"t{k}", k + 1, load=(loads[k],)) for k in range(120))
    vans = tuple(Vehicle(f"v{k}", 0, 0, (40,)) for k in range(8))
    gaps = np.rint(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))).astype(np.int32)
    for travel in (Travel("coordinates", xy=xy), Travel("a matrix", distances=gaps, durations=gaps)):
        problem = Problem("corners", tasks, vans, travel)
        for seed in range(5):
            extra = expecting(problem, 12, seed=seed).tasks[120:]
            assert sum(task.place > 90 for task in extra) == 3
            assert sum(task.load[0] for task in extra) == 24
            assert len({task.place for task in extra}) == 12


def test_stand_ins_are_nearer_to_what_comes_than_a_plain_sample() -> None:
    """The mean way from 40 late orders to the nearest stand-in, over ten towns."""

    def gap(places: np.ndarray, late: np.ndarray) -> float:
        return float(np.hypot(*(late[:, None] - places[None]).transpose(2, 0, 1)).min(axis=1).mean())

    spread, plain = [], []
    for seed in range(41, 51):
        whole = town(1000, seed=seed)
        xy = whole.travel.xy
        assert xy is not None
        known = dataclasses.replace(whole, tasks=whole.tasks[:950])
        stand_ins = expecting(known, 30, seed=1).tasks[950:]
        spread.append(gap(xy[[task.place for task in stand_ins]], xy[951:991]))
        plain.append(gap(xy[1 + np.random.default_rng(seed).choice(950, 30, replace=False)], xy[951:991]))
    assert np.mean(spread) < 0.97 * np.mean(plain)


def test_what_served_only_stand_ins_stays_at_home() -> None:
    problem = street()
    wider = expecting(problem, 2, seed=1)
    first, second = (task.id for task in wider.tasks[32:])
    routes = [Route("v0", ("t1", first, "t2")), Route("v1", (second,))]
    assert taken_out(routes, wider, problem) == [Route("v0", ("t1", "t2"))]


def test_a_plan_with_room_has_a_vehicle_more_where_the_others_are_full() -> None:
    problem = street()
    rows, cost = [], []
    for expected in (0, 6):
        plan = solve(problem, LogisticsConfig(), budget=Budget(BUDGET), iterations=6000, expected=expected, seed=1)
        assert not check(problem, plan.routes).broken
        assert (plan.notes != ()) == (expected > 0)
        cost.append(plan.cost)
        rows.append([len(route.stops) for route in plan.routes])
    assert rows[0] == [8, 8, 8, 8]
    assert len(rows[1]) == 5
    assert sum(8 - load for load in rows[1]) == 8
    assert cost[1] > cost[0]


def test_where_the_way_past_a_stop_is_longer_the_plan_still_holds() -> None:
    """Past a stand-in between two stops the way is ten times as long here, and windows don't allow it."""
    far = np.full((4, 4), 100, np.int32)
    np.fill_diagonal(far, 0)
    for a, b in ((0, 1), (1, 2), (2, 3), (3, 0)):
        far[a, b] = 10
    problem = Problem(
        "ring",
        (Task("a", 1, load=(1,)), Task("b", 2, load=(1,)), Task("c", 3, load=(1,), windows=((0, 100),))),
        tuple(Vehicle(f"v{k}", 0, 0, (3,), (0, 150)) for k in range(4)),
        Travel("a matrix", distances=far, durations=far),
    )
    wider = next(one for one in (expecting(problem, 1, seed=seed) for seed in range(1, 20)) if one.tasks[3].place == 2)
    between = wider.tasks[3].id
    taken = taken_out([Route("v0", ("a", between, "c"))], wider, problem)
    assert check(problem, [*taken, Route("v1", ("b",))]).broken
    for seed in range(1, 7):
        plan = solve(problem, LogisticsConfig(), budget=Budget(BUDGET), iterations=400, expected=1, seed=seed)
        assert not check(problem, plan.routes).broken
        assert plan.unserved == ()


def test_room_pays_when_orders_come() -> None:
    whole = town(130, seed=45)
    before = dataclasses.replace(whole, tasks=whole.tasks[:120])
    events: list[dict[str, object]] = [
        {
            "type": "order_added",
            "task": {"id": t.id, "location": t.place, "load": t.load[0], "service_s": 180,
                     "windows_s": [list(window) for window in t.windows]},
        }
        for t in whole.tasks[120:]
    ]  # fmt: skip
    plan = solve(before, LogisticsConfig(), budget=Budget(BUDGET), iterations=20_000, expected=10)
    found = replan(before, plan.routes, events, LogisticsConfig(), seconds=0.5)
    assert not check(found.problem, found.plan.routes).broken
    assert found.plan.unserved == ()
    assert found.kept >= 0.9
    assert _kept(plan.routes, found.plan.routes) == pytest.approx(found.kept)


def test_the_bench_keeps_room_for_what_comes_less_what_is_cancelled() -> None:
    assert _rooms(Options({}), _new(Options({}))) == [0, 30]
    assert _rooms(Options({"expected": "12"}), 40) == [0, 12]
    balanced = _new(Options({"new": "25"}))
    assert _rooms(Options({}), balanced) == [0]
    kinds = [event["type"] for event in _events(town(1000, seed=41), 41, balanced)]
    assert kinds == ["order_cancelled"] * 25 + ["order_added"] * 25
    with pytest.raises(Invalid, match="new is at most 50"):
        _new(Options({"new": "51"}))
