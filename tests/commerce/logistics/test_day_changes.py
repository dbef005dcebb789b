"""Plans made again in the middle of days with breaks, pairs, reloads and prices of time."""

from typing import Any

import pytest

from yunqi.commerce.logistics import LogisticsConfig
from yunqi.commerce.logistics.engine.routing.check import check
from yunqi.commerce.logistics.engine.routing.events import after_events, kept_share, recorded
from yunqi.commerce.logistics.engine.routing.read.detect import read_document
from yunqi.commerce.logistics.model import BadProblem, Replan, Route
from yunqi.commerce.logistics.service.reading import read_replan, replayed
from yunqi.commerce.logistics.service.routing import prepare, replan


def spots(*xs: int) -> list[dict[str, Any]]:
    return [{"id": "home", "x": 0, "y": 0}, *[{"id": f"p{k}", "x": x, "y": 0} for k, x in enumerate(xs)]]


def again(
    document: dict[str, Any], routes: list[Route], *events: dict[str, Any], keep: float = 0.9, seconds: float = 0.1
) -> Replan:
    prepare()
    problem = read_document(document, name="day")
    found = replan(problem, routes, list(events), LogisticsConfig(), seconds=seconds, keep=keep)
    assert not check(found.problem, found.plan.routes).broken
    return found


def day(*xs: int, tasks: list[dict[str, Any]] | None = None, vans: int = 1, **van: Any) -> dict[str, Any]:
    made = [{"id": f"t{k}", "location": f"p{k}", "load": 1, "service_s": 10} for k in range(len(xs))]
    fleet = [{"id": f"v{k}", "start": "home", "capacity": 9, "window_s": [0, 9000]} | van for k in range(vans)]
    return {"locations": spots(*xs), "vehicles": fleet, "tasks": made if tasks is None else tasks}


def done(key: str) -> dict[str, Any]:
    return {"type": "stop_done", "id": key}


def test_a_new_order_is_where_it_says_it_is() -> None:
    new = {"type": "order_added", "task": {"id": "new", "location": {"x": 0, "y": 700}, "load": 1}}
    found = again(day(100), [Route("v0", ("t0",))], new)
    assert found.plan.cost == 100 + 700 + 707
    assert found.problem.travel.places == 3


def test_a_new_shipment_comes_by_degrees_too_but_not_beside_a_matrix() -> None:
    places = [{"id": "home", "lat": 30.0, "lon": 120.0}, {"id": "p0", "lat": 30.01, "lon": 120.0}]
    document = day(100) | {"locations": places}
    new = {
        "type": "order_added",
        "shipment": {"id": "s", "pickup": {"location": "p0"}, "delivery": {"location": {"lat": 30.02, "lon": 120.0}}},
    }
    found = again(document, [Route("v0", ("t0",))], new)
    assert found.plan.unserved == ()
    assert found.plan.cost == pytest.approx(2 * 1.4 * 2224, rel=0.01)
    matrix = {
        "vehicles": [{"id": "v", "start": 0}],
        "tasks": [{"id": "t0", "location": 1}],
        "matrix": {"distances": [[0, 1], [1, 0]]},
    }
    with pytest.raises(BadProblem, match="named by its id or number"):
        after_events(
            read_document(matrix, name="m"),
            [],
            [{"type": "order_added", "task": {"id": "n", "location": {"x": 1, "y": 1}}}],
        )


def test_a_break_that_is_over_is_over() -> None:
    document = day(100, 2000, 2100, breaks=[{"window_s": [1000, 1200], "duration_s": 300}])
    found = again(
        document, [Route("v0", ("t0", "t1", "t2"))], done("t1"), {"type": "delay", "vehicle": "v0", "seconds": 900}
    )
    assert found.plan.unserved == ()
    assert found.plan.routes[0].stops == ("t0", "t1", "t2")


def test_who_left_late_has_not_been_out_since_the_morning() -> None:
    tasks = [{"id": f"t{k}", "location": f"p{k}", "load": 1, "windows_s": [[5000, 6000]]} for k in range(2)]
    document = day(100, 200, tasks=tasks, max_time_s=1000)
    found = again(document, [Route("v0", ("t0", "t1"), 4900)], done("t0"))
    assert found.plan.unserved == ()
    assert found.plan.routes == (Route("v0", ("t0", "t1"), 4900),)


def test_what_was_done_late_does_not_stop_the_rest() -> None:
    tasks = [{"id": f"t{k}", "location": f"p{k}", "load": 1, "windows_s": [[0, 150 + 100 * k]]} for k in range(2)]
    late = {"type": "delay", "vehicle": "v0", "seconds": 300}
    found = again(day(100, 200, tasks=tasks), [Route("v0", ("t0", "t1"))], late, done("t0"), done("t1"))
    assert found.plan.routes[0].stops == ("t0", "t1")
    assert any("beyond a rule by what is done already" in note for note in found.plan.notes)


def test_trips_that_are_over_are_not_loaded_together() -> None:
    found = again(
        day(100, 200, 300, capacity=1, reloads=3), [Route("v0", ("t0", "reload", "t1", "reload", "t2"))], done("t1")
    )
    assert found.plan.routes[0].stops == ("t0", "reload", "t1", "reload", "t2")


def test_orders_and_groups_with_what_is_done_hold() -> None:
    tasks = [{"id": f"t{k}", "location": f"p{k}", "load": 1, "group": "g"} for k in range(2)]
    tasks += [{"id": "t2", "location": "p2", "load": 1, "after": ["t0"]}]
    found = again(day(100, 200, 300, tasks=tasks, vans=2), [Route("v0", ("t0", "t1", "t2"))], done("t0"))
    assert found.plan.routes[0].stops[0] == "t0"
    assert found.plan.unserved == ()


def test_what_is_on_board_is_brought_by_who_has_it_and_fetched_anew_when_he_breaks_down() -> None:
    ride = {"id": "s", "pickup": {"location": "p0"}, "delivery": {"location": "p1"}, "load": 1}
    document = day(100, 400, tasks=[], vans=2) | {"shipments": [ride]}
    routes = [Route("v0", ("s:pickup", "s:delivery"))]
    found = again(document, routes, done("s:pickup"), {"type": "delay", "vehicle": "v0", "seconds": 100})
    assert found.plan.routes[0].stops == ("s:pickup", "s:delivery")
    found = again(document, routes, done("s:pickup"), {"type": "vehicle_down", "vehicle": "v0"})
    assert [(route.vehicle, route.stops) for route in found.plan.routes] == [("v1", ("s:pickup", "s:delivery"))]
    times = {v.id: v.begins for one in check(found.problem, found.plan.routes).days for v in one.visits}
    assert times["s:pickup"] == 100


def test_what_is_on_board_and_cannot_be_brought_is_unserved_with_a_reason() -> None:
    ride = {"id": "s", "pickup": {"location": "p0"}, "delivery": {"location": "p1", "windows_s": [[0, 500]]}, "load": 1}
    document = day(100, 400, tasks=[]) | {"shipments": [ride]}
    found = again(
        document,
        [Route("v0", ("s:pickup", "s:delivery"))],
        done("s:pickup"),
        {"type": "delay", "vehicle": "v0", "seconds": 900},
    )
    assert [one.id for one in found.plan.unserved] == ["s:delivery"]
    assert "after its last window" in found.plan.unserved[0].reasons[0]
    assert found.plan.routes[0].stops == ("s:pickup",)


def test_half_of_a_pair_pinned_takes_the_other_half_along() -> None:
    ride = {"id": "s", "pickup": {"location": "p0"}, "delivery": {"location": "p1"}, "load": 1}
    document = day(100, 400, tasks=[], vans=2) | {"shipments": [ride]}
    pin = {"type": "pinned", "id": "s:delivery", "vehicle": "v1"}
    found = again(document, [Route("v0", ("s:pickup", "s:delivery"))], pin)
    assert [route.vehicle for route in found.plan.routes] == ["v1"]
    with pytest.raises(BadProblem, match="on board of 'v0'"):
        again(document, [Route("v0", ("s:pickup", "s:delivery"))], done("s:pickup"), pin)


def test_stops_keep_their_vehicle_as_asked_where_days_are_simulated_too() -> None:
    xs = [100, -100, 200, -200, 300, -300]
    document = day(*xs, vans=2, breaks=[{"window_s": [300, 900], "duration_s": 60}])
    crossed = [Route("v0", ("t0", "t1", "t2")), Route("v1", ("t3", "t4", "t5"))]
    kept = again(document, crossed, keep=1.0, seconds=0.3)
    assert kept.kept == 1.0
    free = again(document, crossed, keep=0.0, seconds=0.3)
    assert free.kept < 1.0
    assert free.plan.cost < kept.plan.cost


def test_a_plan_in_force_that_may_not_change_is_kept_however_little_time_there_is() -> None:
    document = day(*[100, -100, 200, -200, 300, -300], vans=2, breaks=[{"window_s": [300, 900], "duration_s": 60}])
    crossed = [Route("v0", ("t0", "t1", "t2")), Route("v1", ("t3", "t4", "t5"))]
    for _ in range(3):
        found = again(document, crossed, keep=1.0, seconds=0.05)
        assert found.plan.unserved == ()
        assert found.kept == 1.0
        assert {route.vehicle: set(route.stops) for route in found.plan.routes} == {
            "v0": {"t0", "t1", "t2"}, "v1": {"t3", "t4", "t5"}
        }  # fmt: skip


def test_a_stop_that_is_served_no_more_did_not_keep_its_vehicle() -> None:
    before = [Route("v0", ("t0", "t1")), Route("v1", ("t2", "t3"))]
    assert kept_share(before, [Route("v0", ("t0", "t1")), Route("v1", ("t2",))], set()) == 0.75
    assert kept_share(before, [Route("v0", ("t0", "t1")), Route("v1", ("t2",))], {"t3"}) == 1.0
    assert kept_share(before, [], set()) == 0.0
    assert kept_share([], before, set()) == 1.0


def test_who_has_not_left_leaves_from_now_on() -> None:
    found = again(day(100, cost_per_s=1), [Route("v0", ("t0",), 0)], {"type": "time", "at_s": 700})
    assert found.plan.routes == (Route("v0", ("t0",), 700),)


def test_when_all_is_done_there_is_nothing_to_plan() -> None:
    found = again(
        day(100, vans=2, max_tasks=5), [Route("v0", ("t0",))], done("t0"), {"type": "vehicle_down", "vehicle": "v0"}
    )
    assert found.plan.routes == ()
    assert found.plan.unserved == ()


def test_events_can_be_replayed_when_the_plan_is_another_one() -> None:
    document, routes = day(100, 200, vans=2), [Route("v0", ("t0", "t1"))]
    events = [done("t0"), {"type": "vehicle_down", "vehicle": "v0"}]
    kept = recorded(routes, events)
    problem, _ = replayed(document, kept, {"routes": [{"vehicle": "v1", "stops": ["t1"]}]})
    assert [task.id for task in problem.tasks] == ["t1"]
    assert [vehicle.id for vehicle in problem.vehicles] == ["v1"]


def test_a_file_without_a_problem_says_so() -> None:
    with pytest.raises(BadProblem, match="lacks 'problem'"):
        read_replan({"plan": {"routes": []}}, name="day.json")


@pytest.mark.parametrize("rule", [{}, {"cost_per_s": 1}])
def test_a_vehicle_goes_on_from_where_it_is(rule: dict[str, Any]) -> None:
    here = {"type": "position", "vehicle": "v0", "location": {"x": -300, "y": 0}, "at_s": 1000}
    found = again(day(100, -400, **rule), [Route("v0", ("t0", "t1"), 0 if rule else None)], here, keep=0.0)
    assert found.plan.routes[0].stops == ("position of v0 at 1000", "t1", "t0")
    times = {v.id: v.begins for one in check(found.problem, found.plan.routes).days for v in one.visits}
    assert times["t1"] == 1100
    assert [(change.id, change.what) for change in found.changes] == []
    with pytest.raises(BadProblem, match="no vehicle 'v9'"):
        again(day(100), [Route("v0", ("t0",))], here | {"vehicle": "v9"})
