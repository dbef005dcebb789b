"""The engine over simulated days: rules of real days, two threads, re-plans, and who compiles."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from yunqi.app.bench.days import generated_day
from yunqi.commerce.logistics import Budget, LogisticsConfig, check_plan, load_problem, replan, solve, town
from yunqi.commerce.logistics.engine.routing.rich import layout as at
from yunqi.commerce.logistics.engine.routing.rich.day import board
from yunqi.commerce.logistics.engine.routing.rich.rounds import Rounds, Whole
from yunqi.commerce.logistics.engine.routing.rich.solve import RichSearch
from yunqi.commerce.logistics.engine.routing.strings.warm import compiling, is_compiling
from yunqi.commerce.logistics.model import Break, Problem, Task, TaskKind, Travel, Vehicle
from yunqi.commerce.logistics.service import engines

CONFIG = LogisticsConfig()


def _day(tmp_path: Path, stops: int, vehicles: int, rules: str, seed: int = 1) -> Problem:
    file = tmp_path / "day.json"
    file.write_text(json.dumps(generated_day(stops, vehicles, rules, seed=seed)))
    return load_problem(file)


def _searched(problem: Problem, iterations: int, *, workers: int = 2, seed: int = 1) -> RichSearch:
    search = RichSearch(problem, workers=workers, seed=seed)
    search.run(lambda: 1.0, iterations=iterations)
    return search


def test_a_day_with_breaks_and_two_windows_is_planned_well_in_few_iterations(tmp_path: Path) -> None:
    day = _day(tmp_path, 200, 14, "breaks+windows")
    found = solve(day, CONFIG, budget=Budget(60.0), seed=1, iterations=8000)
    assert found.solver == "rich"
    assert not found.unserved
    longer = solve(day, CONFIG, budget=Budget(60.0), seed=1, iterations=800)
    assert found.cost < 0.97 * longer.cost
    assert found.cost < 42_500  # of eight seeds 40,120 to 41,864, before this search 40,217 to 42,195


def test_two_threads_divide_the_vehicles_and_the_plan_is_the_same_each_time(tmp_path: Path) -> None:
    day = _day(tmp_path, 120, 14, "breaks+skills")
    once, again, other = (_searched(day, 1200, seed=seed) for seed in (3, 3, 4))
    assert len(once.best.used()) >= 8
    assert once.best.cost == again.best.cost
    assert [list(row) for _, row in once.best.used()] == [list(row) for _, row in again.best.used()]
    assert once.best.cost != other.best.cost
    assert once.rounds.done() >= 1200


def test_parts_hold_every_vehicle_and_task_once(tmp_path: Path) -> None:
    day = _day(tmp_path, 120, 14, "breaks+skills")
    search = _searched(day, 200)
    whole = Whole(search.best.rows.copy(), search.best.lengths.copy(), search.best.cost)
    rounds: Rounds = search.rounds
    r = whole.used()[0][0]
    whole.lengths[r] = 0  # its stops are absent now
    parts = rounds._divided(whole)
    assert len(parts) == 2
    assert (parts[0].mine ^ parts[1].mine).all()
    assert sorted(np.concatenate([part.own for part in parts])) == list(range(120))
    assert sorted(np.concatenate([part.absent for part in parts])) == sorted(rounds.absent(whole))


def test_each_cost_is_the_checkers(tmp_path: Path) -> None:
    for rules in ("breaks+windows+skills", "stops"):
        day = _day(tmp_path, 60, 8, rules)
        search = _searched(day, 400)
        verdict = check_plan(day, search._routes(search.best))
        assert not verdict.broken
        assert verdict.cost * day.travel.scale == pytest.approx(search.best.cost)


def test_deliveries_are_on_board_from_the_start_of_a_trip_and_pickups_from_their_stop() -> None:
    kinds = (TaskKind.DELIVERY, TaskKind.PICKUP, TaskKind.PICKUP, TaskKind.DELIVERY)
    tasks = tuple(Task(str(k), 0, kind=kind, load=(2,)) for k, kind in enumerate(kinds))
    table = np.zeros((1, 1), np.int32)
    travel = Travel("matrix", distances=table, durations=table)
    for room, fits in ((3, [True, True, False]), (4, [True, True, True, False]), (6, [True] * 4)):
        q = RichSearch(Problem("", tasks, (Vehicle("1", 0, 0, (room,)),), travel)).q
        c = np.zeros(at.CLOCK + 3, np.int64)
        assert [board(q.p, 0, i, c) for i in range(len(fits))] == fits
    assert len(q.tasks[0]) == at.TASK_COLUMNS


def test_a_replan_with_breaks_keeps_nine_tenths_and_tells_of_better_plans() -> None:
    whole = town(200, seed=41)
    breaks = (Break((14_400, 18_000), 1800),)
    whole = replace(whole, vehicles=tuple(replace(one, breaks=breaks) for one in whole.vehicles))
    before = replace(whole, tasks=whole.tasks[:190])
    plan = solve(before, CONFIG, budget=Budget(60.0), seed=1, iterations=3000)
    events: list[dict[str, Any]] = []
    for task in whole.tasks[190:]:
        made = {"id": task.id, "location": task.place, "load": task.load[0], "service_s": task.service}
        events.append({"type": "order_added", "task": made | {"windows_s": [list(one) for one in task.windows]}})
    found = replan(before, plan.routes, events, CONFIG, budget=Budget(0.8), seed=1)
    assert found.plan.solver == "rich"
    assert not found.plan.unserved
    assert found.kept >= 0.9
    assert found.first_seconds < 0.75
    assert found.plan.cost <= found.first_cost


def test_only_one_process_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[list[str]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: begun.append(command))
    assert not is_compiling()
    with compiling():
        assert is_compiling()
        engines._compile()
        assert begun == []
    engines._compile()
    assert len(begun) == 1
