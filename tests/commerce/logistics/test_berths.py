"""Berth plans: valid, proven where they can be, refused with a word."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.berth.check import violations
from yunqi.commerce.logistics.engine.berth.generate import week
from yunqi.commerce.logistics.engine.berth.read import read
from yunqi.commerce.logistics.model.berth import BerthPlan, BerthProblem, QuayProblem, Vessel
from yunqi.commerce.logistics.service.berths import BerthDesk, NoBerthPlan
from yunqi.kernel import Invalid

DESK = BerthDesk(LogisticsConfig())
TABLE = "3\n2\n0 0 1\n0 0\n4 99999\n2 6\n3 3\n50 50\n50 50 50\n"


def test_a_small_table_is_planned_to_the_proven_best() -> None:
    problem = read(TABLE)
    plan = DESK.plan(problem, seconds=5)
    assert (plan.cost, plan.bound) == (11, 11)  # vessel 2 then 1 at berth 1, vessel 3 at berth 2
    assert [(v.vessel, v.berth, v.start, v.end) for v in plan.visits] == [(1, 1, 2, 6), (2, 1, 0, 2), (3, 2, 1, 4)]


def test_weights_stand_behind_the_latest_departures() -> None:
    problem = read(TABLE.replace("50 50 50", "50 50 50 9 1 1"))
    assert isinstance(problem, BerthProblem)
    assert problem.weight == (9, 1, 1)
    assert DESK.plan(problem, seconds=5).cost == 9 * 4 + 6 + 3


def test_the_checker_sees_each_broken_rule() -> None:
    problem = read(TABLE)
    plan = DESK.plan(problem, seconds=5)
    first, second, third = plan.visits

    def broken(*visits: object) -> str:
        return " ".join(violations(problem, replace(plan, visits=visits)))

    assert "exactly one visit" in broken(first, second)
    assert "both at berth 1" in broken(replace(first, start=1, end=5), second, third)
    assert "not None" in broken(replace(first, berth=2), second, third)
    assert "starts before" in broken(first, second, replace(third, start=0, end=3))
    assert "the cost is" in " ".join(violations(problem, replace(plan, cost=10, bound=10)))


def test_a_table_in_which_nobody_can_leave_in_time_has_no_plan() -> None:
    with pytest.raises(NoBerthPlan, match="leaves in time"):
        DESK.plan(read("2\n1\n0 0\n0\n5\n5\n6\n50 50\n"), seconds=1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "ends before the number of vessels"),
        ("2\n1\n0 x\n", "line 3: arrivals must be whole"),
        ("2\n1\n0 0 0\n", "line 3: 3 numbers where the arrivals should be 2"),
        ("1\n1\n0\n0\n99999\n9\n9\n", "vessel 1: no berth can handle it"),
        ("9999999\n1\n", "can be planned"),
        ('{"length_m": 100, "cranes": 2, "vessels": [{"nam": 1}]}', "did you mean name"),
        ('{"length_m": 100, "cranes": 2, "vessels": [{"name": "A", "length_m": 200, "arrival_h": 0, "due_h": 9, "work_crane_h": 4}]}', "longer than the quay"),
        ('{"length_m": NaN, "cranes": 2, "vessels": []}', "length_m must be a whole number"),
    ],
)  # fmt: skip
def test_a_bad_problem_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read(text)


@given(st.text(alphabet='0123456789 \n{}[]":,aeN-', max_size=200))
def test_no_text_crashes_the_reader(text: str) -> None:
    with suppress(Invalid):
        read(text)


def test_a_quiet_week_at_a_quay_is_proven() -> None:
    problem = week(8, seed=3)
    plan = DESK.plan(problem, seconds=20)
    assert violations(problem, plan) == []
    assert plan.cost == plan.bound


def test_a_deep_vessel_moves_with_the_tide_only() -> None:
    deep = Vessel("Deep", 100, 1, 8, work=2, draught=1_300)
    problem = QuayProblem(
        200, 3, (deep,), hours=24, depth=tuple(1_400 if hour in (5, 12) else 1_200 for hour in range(24))
    )
    plan = DESK.plan(problem, seconds=5)
    assert [(v.start, v.end) for v in plan.visits] == [(5, 12)]
    assert (plan.cost, plan.bound) == (4 + 4, 8)
    early = BerthPlan((replace(plan.visits[0], start=1, end=12),), plan.cost, 0)
    assert "without enough water" in " ".join(violations(problem, early))


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 2, 3))])
def test_what_is_ruled_out_of_a_week_never_holds_the_best_plan(seed: int) -> None:
    from yunqi.commerce.logistics.engine.berth.quay import QuayModel
    from yunqi.commerce.logistics.engine.berth.relaxed import Relaxation

    problem = week(6, seed=seed, length=500, cranes=4, hours=30)
    whole = QuayModel(problem)
    best = whole.solve(seconds=30, seed=1, workers=1, on_step=lambda c, b: None, is_cancelled=lambda: False)
    assert best is not None
    assert best.cost == best.bound
    relaxation = Relaxation(problem, worst=best.cost + 1)
    assert relaxation.bound(seconds=20).bound <= best.cost
    kept = relaxation.narrowed(known=best.cost + 1)
    for visit in best.visits:
        assert visit.start in kept.starts[visit.vessel - 1][visit.cranes or 0]
    better = relaxation.narrowed(known=best.cost)
    if not better.is_empty:
        rest = QuayModel(problem, better)
        rest.guess(0, best, ())
        found = rest.solve(seconds=30, seed=1, workers=1, on_step=lambda c, b: None, is_cancelled=lambda: False)
        assert found is None
        assert rest.is_known_best
    assert DESK.plan(problem, seconds=5).cost == best.cost


def test_the_first_plan_is_the_same_for_the_same_tries() -> None:
    from yunqi.commerce.logistics.engine.berth.insertion import first_plan

    problem = week(12, seed=3, length=600)
    one, two = (first_plan(problem, is_over=lambda tries: tries > 1_000, seed=4) for _ in range(2))
    assert one == two
    assert one is not None
    assert violations(problem, one) == []


def test_the_last_metres_of_a_quay_are_used_and_bounded_rightly() -> None:
    """105 m in steps of 10: one vessel lies from 0 to 51, the other from 60 to 105, both at once."""
    vessels = (Vessel("long", 51, 0, 4, 8, 1, 3, 0), Vessel("short", 45, 0, 4, 8, 1, 3, 60))
    problem = QuayProblem(105, 6, vessels, 24)
    plan = DESK.plan(problem, seconds=5)
    assert (plan.cost, plan.bound) == (0, 0)
    assert violations(problem, plan) == []
    # Even alone at a quay shorter than its last step it has a place.
    assert DESK.plan(QuayProblem(101, 3, (Vessel("one", 101, 0, 9, 3),), 24), seconds=5).cost == 0


def test_a_vessel_that_can_not_be_served_even_alone_is_named() -> None:
    tide = tuple(800 for _ in range(24))
    vessels = (Vessel("fits", 50, 0, 9, 3), Vessel("deep", 50, 0, 9, 3, draught=900), Vessel("slow", 50, 0, 9, 900))
    with pytest.raises(NoBerthPlan, match="deep, slow could not be served within 24 hours even if alone"):
        DESK.plan(QuayProblem(200, 3, vessels, 24, tide), seconds=1)


@pytest.mark.parametrize(
    ("change", "says"),
    [({"hours": 10**9}, "at most 2000"), ({"length_m": 10**9}, "at most 2000"), ({"cranes": 0}, "above 0")],
)
def test_a_quay_beyond_any_memory_is_refused(change: dict[str, int], says: str) -> None:
    vessel = {"name": "a", "length_m": 50, "arrival_h": 0, "due_h": 5, "work_crane_h": 3}
    document = {"length_m": 200, "cranes": 2, "hours": 24, "vessels": [vessel]}
    with pytest.raises(Invalid, match=says):
        read(json.dumps(document | change))
    with pytest.raises(Invalid, match="position 300 m lies beyond"):
        read(json.dumps(document | {"vessels": [vessel | {"position_m": 300}]}))
