"""Every constraint gives its reason, and the relaxation that is offered makes the plan hold when it is applied."""

import random
from typing import Any

import pytest

from yunqi.commerce.logistics import LogisticsConfig
from yunqi.commerce.logistics.engine.routing.check import check
from yunqi.commerce.logistics.engine.routing.explain import TIME_WAS_UP, explain, reasons_for
from yunqi.commerce.logistics.engine.routing.read.detect import read_document
from yunqi.commerce.logistics.model import Route
from yunqi.commerce.logistics.service.clock import Budget
from yunqi.commerce.logistics.service.desk import explained
from yunqi.commerce.logistics.service.engines import why_not
from yunqi.commerce.logistics.service.routing import prepare, solve
from yunqi.commerce.logistics.service.shown import unserved_document

PLACES = [{"id": "depot", "x": 0, "y": 0}, {"id": "near", "x": 100, "y": 0}, {"id": "far", "x": 400, "y": 0}]
OLD = {"id": "old", "location": "near", "load": 2, "service_s": 10}
NEW = {"id": "new", "location": "far", "load": 3, "service_s": 10}

# Rules of the vehicle, of the task that is served, of the task that is not; a part of the reason; what is loosened: the
# rule, its value before and after.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], str, tuple[str, Any, Any]]] = {
    "capacity": ({"capacity": 4}, {}, {}, "carries 5 of dimension 1, room is for 4", ("capacity amount", 4, 5)),
    "window": ({}, {}, {"windows_s": [[0, 300]]}, "reaches new at 400, after", ("window", 300, 400)),
    "day": ({"window_s": [0, 600]}, {}, {}, "is back at 820, after 600", ("day", 600, 820)),
    "time": ({"max_time_s": 700}, {}, {}, "is out for 820, more than 700", ("max_time", 700, 820)),
    "distance": ({"max_distance_m": 500}, {}, {}, "goes 800, more than 500", ("max_distance", 500, 800)),
    "tasks": ({"max_tasks": 1}, {}, {}, "serves 2 tasks, more than 1", ("max_tasks", 1, 2)),
    "skills": ({"skills": ["lift"]}, {}, {"skills": ["ice"]}, "lacks ice for new", ("skills", "lift", "ice, lift")),
    "range": ({"range_m": 500}, {}, {}, "on one charge, more than 500", ("range", 500, 800)),
    "wheel": ({"max_drive_s": 700}, {}, {}, "is at the wheel for 800, more than 700", ("max_drive", 700, 800)),
    "break": (
        {"breaks": [{"window_s": [390, 405], "duration_s": 30}]}, {}, {"windows_s": [[0, 420]]},
        "reaches new at 430 after a break", ("window", 420, 430),
    ),
    "order": ({}, {}, {"after": ["third"]}, "comes without third", ("after", "third", None)),
    "group": ({}, {"group": "g"}, {"group": "g"}, "group g is served by", ("group", "g", None)),
    "prize": ({}, {}, {"prize": 10}, "costs 600, more than the task's prize of 10", ("prize", 10, 600)),
}  # fmt: skip


def case(name: str) -> tuple[Any, list[Route], Any, str, tuple[str, Any, Any]]:
    vehicle, old, new, reason, change = CASES[name]
    van = {"id": "v", "start": "depot", "capacity": 9, "window_s": [0, 9000]} | vehicle
    tasks = [OLD | old, NEW | new]
    routes = [Route("v", ("old",))]
    vans = [van]
    if name == "order":
        tasks.append({"id": "third", "location": "near"})
    if name == "group":  # the group's vehicle is full, so the task would have to go with another
        vans = [van | {"capacity": 2, "id": "v"}, van | {"id": "w", "capacity": 3}]
    problem = read_document({"locations": PLACES, "vehicles": vans, "tasks": tasks}, name="case")
    return problem, routes, next(task for task in problem.tasks if task.id == "new"), reason, change


@pytest.mark.parametrize("name", CASES)
def test_each_constraint_gives_its_reason_and_a_relaxation_that_was_checked(name: str) -> None:
    problem, routes, task, reason, (what, before, after) = case(name)
    found = explain(problem, routes, task)
    assert any(reason in one for one in found.reasons), found.reasons
    assert found.relaxation is not None
    assert found.relaxation.verified is True
    wanted = [(c.what, c.before, c.after) for c in found.relaxation.changes]
    if name == "group":
        assert wanted in ([(what, before, after)], [("capacity amount", 2, 5)])
    else:
        assert wanted == [(what, before, after)]


def test_a_long_ride_is_explained() -> None:
    van = {"id": "v", "start": "depot", "capacity": 9, "window_s": [0, 9000]}
    ride = {"id": "s", "pickup": {"location": "near"}, "delivery": {"location": "far"}, "load": 1, "max_ride_s": 200}
    problem = read_document({"locations": PLACES, "vehicles": [van], "shipments": [ride]}, name="ride")
    found = explain(problem, [], problem.tasks[0])
    assert found.reasons == ("route v keeps s:delivery on board for 300, more than 200",)
    assert found.relaxation is not None
    assert [(c.of, c.before, c.after) for c in found.relaxation.changes] == [("task s:delivery", 200, 300)]
    assert found.relaxation.verified is True


def test_a_pinned_task_whose_vehicle_is_full_names_the_room_it_needs() -> None:
    vans = [{"id": key, "start": "depot", "capacity": 2} for key in ("v", "w")]
    document = {"locations": PLACES, "vehicles": vans, "tasks": [OLD, NEW | {"load": 2, "vehicle": "v"}]}
    found = explained(read_document(document, name="pin"), [Route("v", ("old",))], "new")
    assert found["served"] is False
    assert set(found["reasons"]) == {
        "route v carries 4 of dimension 1, room is for 2",
        "task new belongs to v, but w serves it",
    }
    assert found["verified"] is True
    assert found["changes"] == [{"what": "vehicle", "of": "task new", "before": "v", "after": "w", "unit": ""}]


def test_several_rules_are_loosened_together() -> None:
    van = {"id": "v", "start": "depot", "capacity": 2, "window_s": [0, 500], "skills": []}
    document = {"locations": PLACES, "vehicles": [van], "tasks": [OLD, NEW | {"skills": ["ice"]}]}
    found = explained(read_document(document, name="many"), [Route("v", ("old",))], "new")
    assert {c["what"]: c["after"] for c in found["changes"]} == {"capacity amount": 5, "day": 820, "skills": "ice"}
    assert found["verified"] is True


def test_what_no_amount_mends_offers_nothing() -> None:
    van = {"id": "v", "start": "depot", "capacity": 9, "prefix": ["old", "new"]}
    document = {"locations": PLACES, "vehicles": [van], "tasks": [OLD, NEW, {"id": "x", "location": "far"}]}
    problem = read_document(document, name="locked")
    found = explain(problem, [Route("v", ("x",))], problem.tasks[0])
    assert found.reasons
    assert found.relaxation is None


def test_every_task_left_out_of_a_plan_carries_a_reason_and_a_checked_relaxation() -> None:
    prepare()
    draw = random.Random(5)
    for seed in range(8):
        places = [{"id": "depot", "x": 500, "y": 500}]
        places += [{"id": f"p{k}", "x": draw.randint(0, 1000), "y": draw.randint(0, 1000)} for k in range(14)]
        tasks = [
            {"id": f"t{k}", "location": f"p{k}", "load": draw.randint(1, 4), "service_s": 30}
            | draw.choice([{}, {}, {"windows_s": [[0, draw.randint(50, 900)]]}, {"skills": ["ice"]}])
            for k in range(14)
        ]
        van = {"start": "depot", "capacity": 9, "window_s": [0, draw.randint(1200, 3000)]}
        vans = [{"id": "a"} | van, {"id": "b"} | van | {"skills": ["ice"]}]
        problem = read_document({"locations": places, "vehicles": vans, "tasks": tasks}, name=f"random {seed}")
        plan = solve(problem, LogisticsConfig(), budget=Budget(60.0), seed=seed, iterations=400)
        assert not check(problem, plan.routes).broken
        for one in plan.unserved:
            assert one.reasons
            assert one.reasons[0].startswith(("route a", "route b"))
            assert one.relaxation is not None
            assert one.relaxation.verified is True


def crowded(tasks: int = 12, vans: int = 6) -> tuple[Any, list[Route]]:
    """Return a problem whose vehicles are full, of different kinds, and a plan with one task each."""
    places = [{"id": "depot", "x": 0, "y": 0}, *({"id": f"p{k}", "x": 10 * k, "y": 7 * k} for k in range(tasks))]
    fleet = [{"id": f"v{k}", "start": "depot", "capacity": 1, "window_s": [0, 9000 + k]} for k in range(vans)]
    jobs = [{"id": f"t{k}", "location": f"p{k}", "load": 1} for k in range(tasks)]
    problem = read_document({"locations": places, "vehicles": fleet, "tasks": jobs}, name="crowded")
    return problem, [Route(f"v{k}", (f"t{k}",)) for k in range(vans)]


class Ticking:
    """A clock on which every look takes a tick."""

    def __init__(self, ticks: int) -> None:
        self.ticks = ticks
        self.looks_late = 0

    def __call__(self) -> float:
        self.ticks -= 1
        self.looks_late += self.ticks <= 0
        return float(self.ticks)


@pytest.mark.parametrize("ticks", [1, 20, 60])
def test_reasons_end_with_the_time_and_say_where_they_are_partial(ticks: int) -> None:
    problem, routes = crowded()
    missing = problem.tasks[len(routes) :]
    left = Ticking(ticks)
    found = reasons_for(problem, routes, missing, left)
    assert [one.id for one in found] == [task.id for task in missing]
    assert any(one.partial for one in found)
    assert left.looks_late <= len(missing) + 4, "it goes on for long after the time is up"
    for one in found:
        words = [text for text in one.reasons if text.startswith("route ")]
        if one.partial:
            assert one.reasons == (TIME_WAS_UP,) or "vehicles had been asked" in one.reasons[-1], one.reasons
        for text in words:
            van = text.split()[1]
            put = [Route(r.vehicle, (*r.stops, one.id)) if r.vehicle == van else r for r in routes]
            assert text in check(problem, put).broken


def test_with_enough_time_no_reason_is_partial_and_each_is_the_one_that_the_task_alone_gets() -> None:
    problem, routes = crowded()
    missing = problem.tasks[len(routes) :]
    found = reasons_for(problem, routes, missing, lambda: 1e6)
    assert found == [explain(problem, routes, task) for task in missing]
    assert not any(one.partial for one in found)
    assert all(one.relaxation is not None and one.relaxation.verified for one in found)


def test_who_ends_a_search_ends_its_explanations_too() -> None:
    problem, routes = crowded()
    budget = Budget(1000.0)
    budget.stop()
    assert {one.reasons for one in why_not(problem, routes, budget)} == {(TIME_WAS_UP,)}
    assert unserved_document(problem, why_not(problem, routes, budget)[0])["partial"] is True
