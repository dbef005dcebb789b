import contextlib
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunqi.commerce.logistics.engine.routing.read import read_problem
from yunqi.commerce.logistics.engine.routing.read.detect import read_document
from yunqi.commerce.logistics.model import BadProblem, Objective, Rounding, TaskKind

SOLOMON = """RC0

VEHICLE
NUMBER     CAPACITY
  2          10

CUSTOMER
CUST NO.  XCOORD.  YCOORD.  DEMAND  READY TIME  DUE DATE  SERVICE TIME

    0      0   0   0   0   100   0
    1      3   4   5   0   50   1
    2      6   8   5   0   50   1
"""
LILIM = "2\t10\t1\n0\t0\t0\t0\t0\t100\t0\t0\t0\n1\t3\t4\t5\t0\t50\t1\t0\t2\n2\t6\t8\t-5\t0\t50\t1\t1\t0\n"
VRPTW = """NAME : A
TYPE : VRPTW
DIMENSION : 3
VEHICLES : 2
CAPACITY : 10
SERVICE_TIME : 1
EDGE_WEIGHT_TYPE : EUC_2D
NODE_COORD_SECTION
1 0 0
2 1 1
3 2 2
DEMAND_SECTION
1 0
2 4
3 4
TIME_WINDOW_SECTION
1 0 100
2 0 50
3 0 50
DEPOT_SECTION
1
-1
EOF
"""


def test_a_solomon_file_counts_vehicles_first_in_double_precision() -> None:
    problem = read_problem(SOLOMON, name="s")
    assert problem.objective is Objective.VEHICLES_FIRST
    assert problem.travel.rounding is Rounding.EXACT
    assert [task.id for task in problem.tasks] == ["1", "2"]
    assert problem.tasks[0].windows == ((0, 50_000),)
    assert len(problem.vehicles) == 2


def test_a_solomon_file_with_a_convention_counts_distance() -> None:
    problem = read_problem(SOLOMON, name="s", convention=Rounding.TRUNCATED)
    assert (problem.objective, problem.travel.scale) == (Objective.COST, 10)


def test_a_li_lim_file_has_pairs() -> None:
    one, two = read_problem(LILIM, name="l").tasks
    assert (one.kind, one.partner, one.load) == (TaskKind.SHIPMENT_PICKUP, "2", (5,))
    assert (two.kind, two.partner, two.load) == (TaskKind.SHIPMENT_DELIVERY, "1", (5,))


def test_a_vrptw_file_is_cut_to_one_decimal() -> None:
    problem = read_problem(VRPTW, name="v")
    assert (problem.travel.rounding, problem.travel.scale) == (Rounding.TRUNCATED, 10)
    assert problem.tasks[0].service == 10
    assert problem.vehicles[0].window == (0, 1000)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("hello world", "none of the forms"),
        ("\x00\x01\x02", "no text file"),
        ("{", "no JSON"),
        ("[1]", "a JSON list"),
        ('{"vehicles": [{"capacity": NaN}]}', "NaN is no number"),
        (SOLOMON.replace("5   0   50   1\n    2", "-5   0   50   1\n    2"), "line 11: demand -5 is negative"),
        (SOLOMON.replace("0   50   1\n    2", "60   50   1\n    2"), "line 11: the window [60000, 50000] ends before"),
        (SOLOMON.replace("    2      6", "    1      6"), "line 12: id 1 stands in line 11"),
        (SOLOMON.replace("  2          10", "  0          10"), "0 vehicles cannot serve"),
        (SOLOMON.replace("    2      6   8", "    2      x   8"), "line 12: coordinate is 'x'"),
        (SOLOMON.replace("    2      6   8", "    2      nan   8"), "line 12: coordinate is nan"),
        (LILIM.replace("\t1\t0\n", "\t99\t0\n"), "line 3: 1 names 2 as its partner, which names 9"),
        (VRPTW.replace("3 4\n", ""), "node 3 has no row in DEMAND_SECTION"),
        (VRPTW.replace("3 4\n", "3 40\n"), "node 3 has demand 40, more than the capacity 10"),
        (VRPTW.replace("DIMENSION : 3", "DIMENSION : 4"), "DIMENSION is 4, but 3 nodes"),
        (VRPTW.replace("TYPE : VRPTW", "TYPE : VRPB"), "TYPE VRPB is not read"),
        (VRPTW.replace("EUC_2D", "XRAY1"), "EDGE_WEIGHT_TYPE XRAY1 is not read"),
    ],
)
def test_a_bad_file_is_refused_with_its_row(text: str, said: str) -> None:
    with pytest.raises(BadProblem) as refused:
        read_problem(text, name="f")
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("vehicles",), [], "has 0 vehicles"),
        (("tasks",), [], "nothing to do"),
        (("tasks", 0, "time_windows"), [[0, 1]], "unknown key 'time_windows'; did you mean 'windows_s'?"),
        (("tasks", 0, "load"), -1, "tasks[0].load.amount is -1; it has to be between 0"),
        (("tasks", 0, "load"), "two", "tasks[0].load.amount is 'two'"),
        (("tasks", 1, "id"), "t0", "Two tasks have the id 't0'"),
        (("tasks", 0, "location"), "nowhere", "tasks[0].location is 'nowhere', which is no location"),
        (("tasks", 0, "windows_s"), [[5, 1]], "ends before it begins"),
        (("tasks", 0, "windows_s"), [[0, 5], [4, 9]], "overlap"),
        (("tasks", 0, "vehicle"), "v9", "pinned to the vehicle 'v9'"),
        (("tasks", 0, "after"), ["t99"], "has to come after 't99'"),
        (("vehicles", 0, "prefix"), ["t99"], "names 't99', which is no task"),
        (("vehicles", 0, "capacity"), [1, 2], "1 amounts"),
        (("locations", 0), {"id": "depot", "lat": 1, "lon": 2}, "use one kind"),
        (("matrix",), {"distances": [[0, 1], [1]]}, "[1] has 1 numbers"),
        (("matrix",), {"distances": [[0, -1], [1, 0]]}, "[0][1] is -1"),
        (("objective",), "speed", "objective 'speed' is unknown"),
    ],
)
def test_a_bad_document_is_refused_with_its_field(
    town: Callable[..., dict[str, Any]], path: tuple[Any, ...], value: Any, said: str
) -> None:
    document: Any = town()
    part = document
    for key in path[:-1]:
        part = part[key]
    if isinstance(path[-1], int) or path[-1] not in ("x",):
        part[path[-1]] = value
    with pytest.raises(BadProblem) as refused:
        read_document(document, name="d")
    assert said in refused.value.message


def test_swapped_coordinates_are_swapped_back_and_said() -> None:
    places = [{"id": "a", "lat": 121.4, "lon": 31.2}, {"id": "b", "lat": 31.3, "lon": 121.5}]
    document = {"locations": places, "vehicles": [{"start": "b"}], "tasks": [{"id": "t", "location": "a"}]}
    problem = read_document(document, name="d")
    assert "swapped back" in problem.repairs[0]
    assert "an estimate" in problem.travel.source
    assert problem.travel.distances is not None
    assert int(problem.travel.distances[0, 1]) == pytest.approx(20_440, abs=50)


def test_null_island_is_refused() -> None:
    document = {
        "locations": [{"id": "a", "lat": 0, "lon": 0}],
        "vehicles": [{"start": "a"}],
        "tasks": [{"id": "t", "location": "a"}],
    }
    with pytest.raises(BadProblem, match="in the sea"):
        read_document(document, name="d")


def test_vroom_is_read() -> None:
    document = {
        "vehicles": [
            {"id": 1, "start_index": 0, "end_index": 0, "capacity": [4], "skills": [1], "time_window": [0, 100]}
        ],
        "jobs": [
            {"id": 7, "location_index": 1, "delivery": [1], "service": 5, "skills": [1], "time_windows": [[0, 50]]}
        ],
        "matrices": {"car": {"durations": [[0, 3], [3, 0]]}},
    }
    problem = read_document(document, name="d")
    assert problem.tasks[0].id == "7"
    assert problem.tasks[0].windows == ((0, 50),)
    assert problem.vehicles[0].capacity == (4,)


def test_vrooms_silent_mistake_is_said() -> None:
    document = {
        "vehicles": [{"id": 1, "start_index": 0}],
        "jobs": [{"id": 7, "location_index": 0, "time_window": [0, 1]}],
        "matrix": [[0]],
    }
    with pytest.raises(BadProblem, match="did you mean 'time_windows'"):
        read_document(document, name="d")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    with contextlib.suppress(BadProblem):
        read_problem(text, name="f")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(VRPTW) - 1), st.text(max_size=6), st.sampled_from([VRPTW, SOLOMON, LILIM]))
def test_no_edit_of_a_file_breaks_the_reader(at: int, put: str, text: str) -> None:
    with contextlib.suppress(BadProblem):
        read_problem(text[:at] + put + text[at + len(put) :], name="f")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**13) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["vehicles", "tasks", "locations", "matrix", "travel", "shipments", "dimensions", "name"]),
    JSON_VALUES,
    st.integers(0, 1),
)
def test_no_value_breaks_the_document_reader(key: str, value: Any, deep: int) -> None:
    document: dict[str, Any] = {
        "locations": [{"id": "a", "x": 0, "y": 0}],
        "vehicles": [{"start": "a"}],
        "tasks": [{"id": "t", "location": "a"}],
    }
    changed = copy.deepcopy(document)
    changed[key] = [value] if deep else value
    with contextlib.suppress(BadProblem):
        read_document(changed, name="d")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    from yunqi.commerce.logistics.service.routing import load_problem

    with pytest.raises(BadProblem, match="cannot be read"):
        load_problem(tmp_path / "none.vrp")
