"""Rules of whole days in combination: each plan is compared with what is known by construction or by trying all orders."""

import itertools
import random
from typing import Any

import pytest

from yunqi.commerce.logistics import LogisticsConfig
from yunqi.commerce.logistics.engine.routing.check import check, follow
from yunqi.commerce.logistics.engine.routing.read.detect import read_document
from yunqi.commerce.logistics.model import Plan, Problem, Route
from yunqi.commerce.logistics.service.clock import Budget
from yunqi.commerce.logistics.service.routing import prepare, solve


def planned(document: dict[str, Any], iterations: int = 200) -> tuple[Problem, Plan]:
    prepare()
    problem = read_document(document, name="day")
    plan = solve(problem, LogisticsConfig(), budget=Budget(60.0), seed=1, iterations=iterations)
    assert not check(problem, plan.routes).broken
    return problem, plan


def on_a_line(places: dict[str, int], **parts: Any) -> dict[str, Any]:
    """Places on a line, a metre and a second apart as their numbers say, and one van at 0."""
    van = {"id": "v", "start": "home", "end": "home", "window_s": [0, 100_000]} | parts.pop("van", {})
    spots = [{"id": "home", "x": 0, "y": 0}, *[{"id": key, "x": x, "y": 0} for key, x in places.items()]]
    return {"locations": spots, "vehicles": [van]} | parts


def begins(problem: Problem, plan: Plan) -> dict[str, float]:
    return {visit.id: visit.begins for day in check(problem, plan.routes).days for visit in day.visits}


def test_who_has_to_be_brought_late_is_fetched_late() -> None:
    child = {
        "id": "c",
        "pickup": {"location": "house"},
        "delivery": {"location": "school", "windows_s": [[5000, 5100]]},
    }
    document = on_a_line({"house": 100, "school": 400}, shipments=[child | {"load": 1, "max_ride_s": 600}])
    problem, plan = planned(document)
    assert plan.unserved == ()
    assert begins(problem, plan) == {"c:pickup": 4400, "c:delivery": 5000}


def test_a_way_longer_than_may_be_driven_at_a_stretch_is_driven_with_pauses() -> None:
    document = on_a_line(
        {"far": 1000}, van={"drive_limit_s": 400, "drive_pause_s": 50}, tasks=[{"id": "t", "location": "far"}]
    )
    problem, plan = planned(document)
    assert begins(problem, plan) == {"t": 1000 + 2 * 50}
    assert check(problem, plan.routes).days[0].returns == 2000 + 4 * 50  # 2,000 s in stretches of at most 400


def test_a_break_is_taken_while_the_van_waits() -> None:
    tasks = [
        {"id": "a", "location": "near", "windows_s": [[500, 520]]}, {"id": "b", "location": "next", "windows_s": [[600, 650]]},
    ]  # fmt: skip
    van = {"breaks": [{"window_s": [100, 700], "duration_s": 300}]}
    problem, plan = planned(on_a_line({"near": 100, "next": 200}, van=van, tasks=tasks))
    assert plan.unserved == ()
    assert begins(problem, plan) == {"a": 500, "b": 600}


def test_a_pause_that_is_due_counts_towards_the_break() -> None:
    tasks = [
        {"id": "a", "location": "near", "windows_s": [[300, 610]], "service_s": 200},
        {"id": "b", "location": "next"},
    ]
    van = {"breaks": [{"window_s": [538, 729], "duration_s": 169}], "drive_limit_s": 486, "drive_pause_s": 82}
    problem, plan = planned(on_a_line({"near": 300, "next": 524}, van=van, tasks=tasks))
    day = follow(problem, problem.vehicles[0], Route("v", ("a", "b")), {task.id: task for task in problem.tasks})
    assert day.broken == ()
    assert plan.unserved == ()


def test_the_van_loads_again_where_that_is_nearest() -> None:
    tasks = [{"id": "a", "location": "near", "load": 1, "windows_s": [[0, 100]]}]
    tasks += [{"id": key, "location": "far", "load": 1, "windows_s": [[1000, 1200]]} for key in ("b", "c")]
    _problem, plan = planned(
        on_a_line({"near": 10, "far": 600}, van={"capacity": 2, "reloads": 1, "reload_s": 30}, tasks=tasks)
    )
    assert plan.unserved == ()
    assert plan.routes[0].stops[:2] == ("a", "reload")
    assert plan.cost == 20 + 1200


def test_the_way_back_to_load_again_may_need_a_charge() -> None:
    tasks = [{"id": key, "location": "far", "load": 1} for key in ("a", "b")]
    van = {"capacity": 1, "reloads": 1, "range_m": 700, "chargers": ["pole", "home"], "charge_s": 60}
    _problem, plan = planned(on_a_line({"far": 500, "pole": 400}, van=van, tasks=tasks))
    assert plan.unserved == ()
    assert sum(stop.startswith("charge:") for stop in plan.routes[0].stops) >= 2


def test_what_others_wait_for_is_served_for_their_sake() -> None:
    tasks = [{"id": "key", "location": "shop", "prize": 1}, {"id": "door", "location": "flat", "after": ["key"]}]
    _, plan = planned(on_a_line({"shop": 500, "flat": -500}, tasks=tasks))
    assert plan.routes[0].stops == ("key", "door")
    assert plan.unserved == ()


def test_a_slow_bike_and_a_fast_van_travel_at_their_own_speeds() -> None:
    task = {"id": "t", "location": "far", "windows_s": [[0, 500]]}
    document = on_a_line({"far": 800}, tasks=[task])
    fast = document["vehicles"][0] | {"id": "fast", "speed_factor": 2, "fixed_cost": 1000}
    _, plan = planned(document | {"vehicles": [document["vehicles"][0], fast]})
    assert [route.vehicle for route in plan.routes] == ["fast"]


def test_time_at_the_wheel_has_its_own_limit_and_price() -> None:
    task = {"id": "t", "location": "far", "windows_s": [[3000, 4000]], "service_s": 500}
    _problem, plan = planned(
        on_a_line({"far": 800}, van={"max_drive_s": 1600, "cost_per_m": 0, "cost_per_drive_s": 2}, tasks=[task])
    )
    assert plan.cost == 3200
    _, plan = planned(on_a_line({"far": 800}, van={"max_drive_s": 1500}, tasks=[task]))
    assert plan.unserved[0].reasons == ("route v is at the wheel for 1600, more than 1500",)
    assert plan.unserved[0].relaxation is not None
    assert plan.unserved[0].relaxation.verified


@pytest.mark.parametrize("seed", range(6))
def test_small_days_are_as_cheap_as_the_best_order(seed: int) -> None:
    draw = random.Random(seed)
    spots = [
        {"id": "d", "x": 500, "y": 500},
        *[{"id": f"p{k}", "x": draw.randint(0, 1000), "y": draw.randint(0, 1000)} for k in range(4)],
    ]
    tasks = [{"id": f"t{k}", "location": f"p{k}", "load": draw.randint(1, 3), "service_s": 50} for k in range(4)]
    for task in tasks[:2]:
        low = draw.randint(0, 1500)
        task["windows_s"] = [[low, low + 400], [low + 700, low + 1100]]
    van = {
        "id": "v",
        "start": "d",
        "end": "d",
        "capacity": 5,
        "reloads": 2,
        "window_s": [0, 9000],
        "drive_limit_s": 900,
        "drive_pause_s": 90,
    }
    problem, plan = planned(
        {
            "locations": spots,
            "vehicles": [van | {"breaks": [{"window_s": [600, 1100], "duration_s": 200}]}],
            "tasks": tasks,
        }
    )
    by_id = {task.id: task for task in problem.tasks}
    costs = [
        day.cost
        for order in itertools.permutations(by_id)
        for cut in itertools.product((False, True), repeat=3)
        for day in [follow(problem, problem.vehicles[0], Route("v", _with_reloads(order, cut)), by_id)]
        if not day.broken
    ]
    assert (plan.unserved == ()) == bool(costs)
    if costs:
        assert plan.cost == min(costs)


def _with_reloads(order: tuple[str, ...], cut: tuple[bool, ...]) -> tuple[str, ...]:
    found = [order[0]]
    for stop, again in zip(order[1:], cut, strict=True):
        found += ["reload", stop] if again else [stop]
    return tuple(found)


@pytest.mark.parametrize("pinned", ["v0", "v2"])
def test_a_pin_opens_the_vehicle_it_names(pinned: str) -> None:
    vans = [{"id": f"v{k}", "start": "home", "capacity": 9} for k in range(3)]
    places = on_a_line({"a": 100, "b": 400, "c": -400})["locations"]
    ride = {"id": "s", "pickup": {"location": "a"}, "delivery": {"location": "b"}, "load": 1, "vehicle": pinned}
    _, plan = planned({"locations": places, "vehicles": vans, "shipments": [ride]})
    assert [(route.vehicle, route.stops) for route in plan.routes] == [(pinned, ("s:pickup", "s:delivery"))]
    tasks = [{"id": "x", "location": "a", "load": 1, "vehicle": pinned}, {"id": "y", "location": "c", "load": 1}]
    _, plan = planned({"locations": places, "vehicles": vans, "tasks": tasks})
    assert plan.unserved == ()


def test_a_pair_is_served_by_the_kind_of_vehicle_that_can() -> None:
    vans = [
        {"id": "small", "start": "home", "capacity": 1},
        {"id": "cold", "start": "home", "capacity": 5, "skills": ["ice"]},
    ]
    ride = {"id": "s", "pickup": {"location": "a"}, "delivery": {"location": "b"}, "load": 3, "skills": ["ice"]}
    _, plan = planned(
        {"locations": on_a_line({"a": 100, "b": 400})["locations"], "vehicles": vans, "shipments": [ride]}
    )
    assert [route.vehicle for route in plan.routes] == ["cold"]
    assert plan.unserved == ()


def test_a_bound_does_not_count_a_vehicle_for_each_trip() -> None:
    tasks = [{"id": f"t{k}", "location": "far", "load": 1} for k in range(3)]
    van = {"capacity": 1, "reloads": 2, "fixed_cost": 5000}
    _, plan = planned(on_a_line({"far": 100}, van=van, tasks=tasks))
    assert plan.cost == 5000 + 600
    assert plan.bound is not None
    assert plan.bound == 5600


def test_a_large_rich_day_is_served_within_its_budget() -> None:
    draw = random.Random(2)
    spots = [{"id": "home", "x": 500, "y": 500}]
    spots += [{"id": f"p{k}", "x": draw.randint(0, 1000), "y": draw.randint(0, 1000)} for k in range(400)]
    pause = {"window_s": [6000, 9000], "duration_s": 900}
    van = {
        "id": "v",
        "count": 5,
        "start": "home",
        "capacity": 90,
        "window_s": [0, 20_000],
        "breaks": [pause],
        "cost_per_s": 0.1,
    }
    tasks = [{"id": f"t{k}", "location": f"p{k}", "load": 1, "service_s": 20} for k in range(400)]
    problem = read_document({"locations": spots, "vehicles": [van], "tasks": tasks}, name="large")
    prepare()
    budget = Budget(1.0)
    plan = solve(problem, LogisticsConfig(), budget=budget, seed=1)
    assert plan.unserved == ()
    assert budget.used() < 3.0
