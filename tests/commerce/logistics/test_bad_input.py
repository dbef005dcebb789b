"""Everything that can be wrong with a problem is refused, or repaired and said, by the name of its row."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.routing.read.detect import read_document, read_problem
from yunqi.commerce.logistics.model import BadProblem
from yunqi.commerce.logistics.service.clock import Budget
from yunqi.commerce.logistics.service.routing import prepare, solve
from yunqi.kernel import Invalid

NAN = float("nan")
FLAT: dict[str, Any] = {
    "locations": [{"id": "d", "x": 0, "y": 0}, {"id": "a", "x": 10, "y": 0}],
    "vehicles": [{"id": "v", "start": "d", "capacity": 5}],
    "tasks": [{"id": "t", "location": "a", "load": 1}],
}
TASK = {"id": "t", "location": "a"}
VAN = {"id": "v", "start": "d"}
TOWN = [{"id": f"p{k}", "lat": 60.1 + k / 100, "lon": 24.9} for k in range(4)]
GEO: dict[str, Any] = {"locations": TOWN, "vehicles": [VAN | {"start": "p0"}], "tasks": [TASK | {"location": "p1"}]}
BY_MATRIX: dict[str, Any] = {"vehicles": [{"id": "v", "start": 0}], "tasks": [{"id": "t", "location": 1}]}

REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("negative load", FLAT, {"tasks": [TASK | {"load": -1}]}, "tasks[0].load.amount is -1"),
    ("no number", FLAT, {"tasks": [TASK | {"load": NAN}]}, "tasks[0].load.amount is nan"),
    ("half a parcel", FLAT, {"tasks": [TASK | {"load": 1.5}]}, "tasks[0].load.amount is 1.5"),
    ("text for a number", FLAT, {"tasks": [TASK | {"load": "3"}]}, "tasks[0].load.amount is '3'"),
    ("no location", FLAT, {"tasks": [{"id": "t"}]}, "tasks[0] lacks 'location'"),
    ("unknown location", FLAT, {"tasks": [TASK | {"location": "b"}]}, "tasks[0].location is 'b', which is no location"),
    ("tasks of one id", FLAT, {"tasks": [TASK, TASK]}, "Two tasks have the id 't'"),
    ("vehicles of one id", FLAT, {"vehicles": [VAN, VAN]}, "Two vehicles have the id 'v'"),
    ("locations of one id", FLAT, {"locations": [*FLAT["locations"], {"id": "a", "x": 1, "y": 1}]}, "locations[2]: the loc"),
    ("no vehicles", FLAT, {"vehicles": []}, "has 0 vehicles"),
    ("no tasks", FLAT, {"tasks": []}, "has nothing to do"),
    ("window turned round", FLAT, {"tasks": [TASK | {"windows_s": [[10, 5]]}]}, "tasks[0].windows_s[0]: the window [10, 5]"),
    ("overlapping windows", FLAT, {"tasks": [TASK | {"windows_s": [[0, 9], [5, 20]]}]}, "[0, 9] and [5, 20] overlap"),
    ("milliseconds", FLAT, {"tasks": [TASK | {"windows_s": [[0, 1_700_000_000_000]]}]}, "in seconds, not milliseconds"),
    ("hours as text", FLAT, {"tasks": [TASK | {"windows_s": [["08:00", "10:00"]]}]}, "as [28800, 36000]"),
    ("mistyped key", FLAT, {"tasks": [TASK | {"time_window": [0, 1]}]}, "did you mean 'windows_s'?"),
    ("negative service", FLAT, {"tasks": [TASK | {"service_s": -5}]}, "tasks[0].service_s is -5"),
    ("unknown dimension", FLAT, {"tasks": [TASK | {"load": {"kg": 2}}]}, "tasks[0].load has the unknown key 'kg'"),
    ("skills as text", FLAT, {"vehicles": [VAN | {"skills": "ice"}]}, "vehicles[0].skills is 'ice'"),
    ("a day turned round", FLAT, {"vehicles": [VAN | {"window_s": [10, 0]}]}, "vehicles[0].window_s: the window [10, 0]"),
    ("too many vehicles", FLAT, {"vehicles": [VAN | {"count": 10**7}]}, "vehicles[0].count is 10000000"),
    ("unknown prefix", FLAT, {"vehicles": [VAN | {"prefix": ["z"]}]}, "prefix of vehicle 'v' names 'z'"),
    ("a circle", FLAT, {"tasks": [TASK | {"after": ["u"]}, TASK | {"id": "u", "after": ["t"]}]}, "in a circle: t, u, t"),
    ("no coordinate", FLAT, {"locations": [{"id": "d", "x": NAN, "y": 0}]}, "locations[0].x is nan"),
    ("two kinds of places", GEO, {"locations": [*TOWN, {"id": "q", "x": 1, "y": 1}]}, "locations[4]: some locations have x"),
    ("in the sea", GEO, {"locations": [*TOWN, {"id": "q", "lat": 0, "lon": 0}]}, "locations[4]: (0, 0) lies in the sea"),
    ("off the earth", GEO, {"locations": [*TOWN, {"id": "q", "lat": 95, "lon": 195}]}, "locations[4]: (95, 195) is not on"),
    ("millionths", GEO, {"locations": [*TOWN, {"id": "q", "lat": 6e7, "lon": 2e7}]}, "not metres, not millionths"),
    ("a short row", BY_MATRIX, {"matrix": {"durations": [[0, 1], [1]]}}, "durations[1] has 1 numbers; the matrix has 2"),
    ("a negative way", BY_MATRIX, {"matrix": {"durations": [[0, -1], [1, 0]]}}, "durations[0][1] is -1"),
    ("a way that is no number", BY_MATRIX, {"matrix": {"durations": [[0, NAN], [1, 0]]}}, "durations[0][1] is nan"),
    ("no way", BY_MATRIX, {"matrix": {"durations": [[0, None], [1, 0]]}}, "durations[0][1] is None"),
]  # fmt: skip


@pytest.mark.parametrize(("base", "change", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_bad_problem_is_refused_by_the_name_of_its_row(
    base: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    document = copy.deepcopy(base) | change
    kept = copy.deepcopy(document)
    with pytest.raises(BadProblem) as caught:
        read_document(document, name="p")
    assert said in str(caught.value)
    assert repr(document) == repr(kept)


REPAIRED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("beyond 90", GEO, {"locations": [*TOWN, {"id": "q", "lat": 124.9, "lon": 60.1}]}, "latitude 124.9 is beyond 90"),
    ("swapped", GEO, {"locations": [*TOWN, {"id": "q", "lat": 24.9, "lon": 60.1}]}, "location q: (24.9, 60.1) lies"),
    ("far away", GEO, {"locations": [*TOWN, {"id": "q", "lat": -33.0, "lon": 151.0}]}, "km from the others; check it"),
    ("a way to itself", BY_MATRIX, {"matrix": {"durations": [[5, 1], [1, 0]]}}, "to itself was not 0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("base", "change", "said"), [case[1:] for case in REPAIRED], ids=[case[0] for case in REPAIRED]
)
def test_what_can_be_repaired_is_repaired_and_said(base: dict[str, Any], change: dict[str, Any], said: str) -> None:
    problem = read_document(copy.deepcopy(base) | change, name="p")
    assert any(said in note for note in problem.repairs)


def test_swapped_coordinates_below_90_are_put_back_where_the_others_are() -> None:
    swapped = read_document(GEO | {"locations": [*TOWN, {"id": "q", "lat": 24.9, "lon": 60.1}]}, name="p")
    right = read_document(GEO | {"locations": [*TOWN, {"id": "q", "lat": 60.1, "lon": 24.9}]}, name="p")
    assert swapped.travel.distances is not None
    assert right.travel.distances is not None
    assert (swapped.travel.distances == right.travel.distances).all()


def test_an_asymmetric_matrix_is_kept_as_it_is() -> None:
    problem = read_document(BY_MATRIX | {"matrix": {"durations": [[0, 1], [9, 0]]}}, name="p")
    assert problem.travel.durations is not None
    assert problem.travel.durations.tolist() == [[0, 1], [9, 0]]
    assert problem.repairs == ()


FILE = """NAME : x
TYPE : CVRP
DIMENSION : 3
EDGE_WEIGHT_TYPE : EUC_2D
CAPACITY : 10
NODE_COORD_SECTION
1 0 0
2 3 4
3 6 8
DEMAND_SECTION
1 0
2 1
3 1
DEPOT_SECTION
1
-1
EOF
"""
FILES = [
    ("negative demand", "2 1\n", "2 -1\n", "node 2 has demand -1"),
    ("half a demand", "3 1\n", "3 1.5\n", "node 3 has demand 1.5"),
    ("missing demand", "3 1\n", "", "node 3 has no row in DEMAND_SECTION"),
    ("too much", "3 1\n", "3 99\n", "node 3 has demand 99, more than the capacity 10"),
    ("two of one id", "3 6 8", "2 6 8", "line 9: id 2 stands in line 8 already"),
    ("no number", "3 6 8", "3 nan 8", "line 9: coordinate is nan"),
    ("a comma", "3 6 8", "3 6,5 8", "line 9: coordinate is '6,5'"),
    ("a wrong count", "DIMENSION : 3", "DIMENSION : 4", "DIMENSION is 4, but 3 nodes"),
]


@pytest.mark.parametrize(("old", "new", "said"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
def test_a_bad_file_is_refused_by_its_line(old: str, new: str, said: str) -> None:
    with pytest.raises(BadProblem) as caught:
        read_problem(FILE.replace(old, new, 1), name="f.vrp")
    assert said in str(caught.value)


def test_a_depot_that_is_missing_or_wants_something_is_said() -> None:
    wants = read_problem(FILE.replace("1 0\n2 1", "1 4\n2 1"), name="f.vrp")
    assert wants.repairs == ("node 1 is the depot; its demand of 4 was left out",)
    lost = read_problem(FILE.replace("DEPOT_SECTION\n1\n-1\n", ""), name="f.vrp")
    assert lost.repairs == ("there is no DEPOT_SECTION; node 1 was taken",)


def test_windows_that_cannot_hold_make_a_partial_plan_with_checked_reasons() -> None:
    prepare()
    document = FLAT | {"tasks": [TASK | {"windows_s": [[0, 3]]}, {"id": "ok", "location": "a"}]}
    plan = solve(read_document(document, name="p"), LogisticsConfig(), budget=Budget(5.0), iterations=50)
    assert [one.id for one in plan.unserved] == ["t"]
    assert plan.unserved[0].reasons == ("route v reaches t at 10, after its last window [0, 3]",)
    assert plan.unserved[0].relaxation is not None
    assert plan.unserved[0].relaxation.verified is True


def test_more_stops_than_allowed_are_refused_before_any_work(circle: Callable[..., Path]) -> None:
    problem = read_problem(circle(clusters=4, size=3).read_text(), name="c")
    with pytest.raises(Invalid, match=r"12 tasks are more than logistics\.max_tasks, 10"):
        solve(problem, LogisticsConfig(max_tasks=10), budget=Budget(1.0))
