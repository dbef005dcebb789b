"""Forms of other programs: VROOM's keys mean what they mean there, VRPLIB's kinds of distances are TSPLIB's."""

from typing import Any

import numpy as np
import pytest

from yunqi.commerce.logistics.engine.routing.check import check
from yunqi.commerce.logistics.engine.routing.read.detect import read_document, read_problem
from yunqi.commerce.logistics.engine.routing.strings.packed import obstacle
from yunqi.commerce.logistics.model import BadProblem, Problem, Route
from yunqi.commerce.logistics.service.routing import prepare, quoter

LONG = [[0, 10, 20], [10, 0, 12], [20, 12, 0]]
FAR = [[0, 100, 200], [100, 0, 120], [200, 120, 0]]


def vroom(matrices: dict[str, Any] | None = None, *vehicles: dict[str, Any], **parts: Any) -> Problem:
    jobs = [{"id": k, "location_index": k, "service": 50} for k in (1, 2)]
    fleet = [{"id": k, "start_index": 0, "end_index": 0} | one for k, one in enumerate(vehicles or ({},))]
    return read_document(
        {"vehicles": fleet, "jobs": jobs, "matrices": matrices or {"car": {"durations": LONG}}} | parts, name="v"
    )


def cost(problem: Problem, vehicle: str = "0") -> float:
    verdict = check(problem, [Route(vehicle, ("1", "2"))])
    assert not verdict.broken
    return verdict.cost


def test_vrooms_cost_is_the_time_on_the_road() -> None:
    assert cost(vroom()) == 42
    assert obstacle(vroom()) == ""
    assert cost(vroom(None, {"costs": {"fixed": 5, "per_hour": 7200}})) == 5 + 84
    both = {"car": {"durations": LONG, "distances": FAR}}
    assert cost(vroom(both, {"costs": {"per_km": 1000, "per_hour": 0}})) == 420
    assert cost(vroom(both, {"costs": {"per_km": 1000}})) == 420 + 42
    assert cost(vroom({"car": {"durations": LONG, "costs": FAR}})) == 420
    here = {
        "jobs": [{"id": 1, "location": [2.36, 48.86]}, {"id": 2, "location": [2.33, 48.84]}],
        "vehicles": [{"id": 0, "start": [2.35, 48.85]}],
    }
    problem = read_document(here, name="v")
    assert problem.travel.distances is not None
    assert np.array_equal(problem.travel.distances, problem.travel.durations)


def test_vrooms_travel_time_does_not_count_service() -> None:
    assert cost(vroom(None, {"max_travel_time": 42})) == 42
    broken = check(vroom(None, {"max_travel_time": 41}), [Route("0", ("1", "2"))]).broken
    assert broken == ("route 0 is at the wheel for 42, more than 41",)


def test_vrooms_kilometres_are_those_of_its_distances() -> None:
    both = {"car": {"durations": LONG, "distances": FAR}}
    assert check(vroom(both, {"max_distance": 419}), [Route("0", ("1", "2"))]).broken == (
        "route 0 goes 420, more than 419",
    )
    with pytest.raises(BadProblem, match=r"vehicles\[0\] counts kilometres"):
        vroom(None, {"max_distance": 419})


def test_each_profile_of_vroom_has_its_matrix_and_each_vehicle_its_speed() -> None:
    problem = vroom(
        {"car": {"durations": LONG}, "bike": {"durations": FAR}},
        {"profile": "car", "speed_factor": 2},
        {"profile": "bike"},
    )
    assert cost(problem) == 21
    assert cost(problem, "1") == 420
    with pytest.raises(BadProblem, match="profile is 'truck'; the matrices are of car"):
        vroom(None, {"profile": "truck"})


def test_ids_that_clash_in_vroom_are_told_apart_and_what_is_not_used_is_said() -> None:
    pair = {"amount": [1], "pickup": {"id": 1, "location_index": 1}, "delivery": {"id": 3, "location_index": 2}}
    problem = vroom(None, {"steps": []}, {"steps": [{"type": "start"}]}, shipments=[pair], options={"g": True})
    assert [task.id for task in problem.tasks] == ["1", "2", "pickup 1", "3"]
    said = " ".join(problem.repairs)
    assert "the ids 1 stand for several" in said
    assert "vehicles[1].steps are no part" in said
    assert "options are not used" in said


def head(weights: str, form: str = "") -> str:
    lines = [
        "NAME : a",
        "COMMENT : (made: up)",
        "TYPE : CVRP",
        "DIMENSION : 3",
        "CAPACITY : 9",
        f"EDGE_WEIGHT_TYPE : {weights}",
    ]
    return "\n".join([*lines, f"EDGE_WEIGHT_FORMAT : {form}"] if form else lines)


TAIL = "DEMAND_SECTION\n1 0\n2 1\n3 1\nDEPOT_SECTION\n1\n-1\n"
FORMATS = {
    "FULL_MATRIX": "0 1 2 1 0 3 2 3 0", "LOWER_ROW": "1 2 3", "UPPER_ROW": "1 2 3", "LOWER_COL": "1 2 3", "UPPER_COL": "1 2 3",
    "LOWER_DIAG_ROW": "0 1 0 2 3 0", "UPPER_DIAG_ROW": "0 1 2 0 3 0", "LOWER_DIAG_COL": "0 1 2 0 3 0", "UPPER_DIAG_COL": "0 1 0 2 3 0",
}  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_of_a_matrix_is_read(form: str) -> None:
    text = f"{head('EXPLICIT', form)}\nEDGE_WEIGHT_SECTION\n{FORMATS[form]}\n{TAIL}"
    problem = read_problem("\ufeff" + text.replace("\n", "\r\n"), name="m")
    assert problem.travel.distances is not None
    assert problem.travel.distances.tolist() == [[0, 1, 2], [1, 0, 3], [2, 3, 0]]


@pytest.mark.parametrize(
    ("weights", "far"),
    [("EUC_2D", 497), ("CEIL_2D", 497), ("MAN_2D", 692), ("MAX_2D", 406), ("ATT", 158), ("GEO", 509)],
)
def test_every_kind_of_coordinates_is_measured_as_its_library_does(weights: str, far: int) -> None:
    rows = "1 0 0\n2 406 286\n3 406.4 307"
    if (
        weights == "GEO"
    ):  # the first cities of TSPLIB's ulysses22, in degrees and minutes; 509 km apart in its optimal tours
        rows = "1 38.24 20.42\n2 39.57 26.15\n3 40.56 25.32"
    problem = read_problem(f"{head(weights)}\nNODE_COORD_SECTION\n{rows}\n{TAIL}EOF\n", name="k")
    assert check(problem, [Route("1", ("2",))]).cost == 2 * far
    assert problem.travel.places == 3


def test_a_limit_of_distance_and_a_missing_capacity_are_taken_seriously() -> None:
    text = f"{head('EUC_2D')}\nNODE_COORD_SECTION\n1 0 0\n2 3 4\n3 30 40\n{TAIL}"
    problem = read_problem(text.replace("CAPACITY : 9", "CAPACITY : 9\nDISTANCE : 20"), name="d")
    assert check(problem, [Route("1", ("2", "3"))]).broken == ("route 1 is back at 100, after 20",)
    with pytest.raises(BadProblem, match="has no line CAPACITY"):
        read_problem(text.replace("CAPACITY : 9\n", ""), name="d")
    with pytest.raises(BadProblem, match="DISTANCE is 0"):
        read_problem(text.replace("CAPACITY : 9", "CAPACITY : 9\nDISTANCE : 0"), name="d")


@pytest.mark.parametrize(
    "van", [{}, {"cost_per_s": 0.5}, {"breaks": [{"window_s": [300, 900], "duration_s": 60}], "speed_factor": 0.5}]
)
@pytest.mark.parametrize("is_geo", [True, False])
def test_slots_are_priced_for_an_address_that_the_plan_does_not_know(is_geo: bool, van: dict[str, Any]) -> None:
    prepare()
    spot = (lambda x, y: {"lat": 30 + y / 1e5, "lon": 120 + x / 1e5}) if is_geo else (lambda x, y: {"x": x, "y": y})
    document = {
        "locations": [{"id": "home", **spot(0, 0)}, {"id": "a", **spot(400, 0)}, {"id": "b", **spot(0, 500)}],
        "vehicles": [{"id": "v", "start": "home", "capacity": 9, "window_s": [0, 9000]} | van],
        "tasks": [{"id": key, "location": key, "load": 1, "service_s": 20} for key in ("a", "b")],
    }
    point = spot(300, 300)
    new = {"id": "new", "location": point, "load": 1, "service_s": 20, "windows_s": [[0, 9000]]}
    problem, grown = (
        read_document(document | {"tasks": tasks}, name="q") for tasks in (document["tasks"], [*document["tasks"], new])
    )
    routes = [Route("v", ("a", "b"), 0)]
    before = check(problem, routes).cost
    wanted = (
        min(
            check(grown, [Route("v", stops, 0)]).cost
            for stops in (("new", "a", "b"), ("a", "new", "b"), ("a", "b", "new"))
        )
        - before
    )
    found = quoter(problem, routes).quote(windows=[(0, 9000)], xy=tuple(point.values()), load=[1], service=20)
    assert found[0].cost == pytest.approx(wanted, abs=1e-6)
    assert found[0].vehicle == "v"
