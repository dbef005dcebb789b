"""A quay with cranes and tides: where and when each vessel lies and how many cranes serve it, by constraint programming."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from yunqi.commerce.logistics.engine.berth.relaxed import Narrowed
from yunqi.commerce.logistics.engine.berth.times import hours_alongside
from yunqi.commerce.logistics.model.berth import BerthPlan, QuayProblem, Vessel, Visit


@dataclass(frozen=True, slots=True)
class _Stay:
    """The variables of one vessel."""

    start: cp_model.IntVar
    end: cp_model.IntVar
    place: cp_model.IntVar
    cranes: dict[int, cp_model.IntVar]
    cost: cp_model.LinearExpr


class QuayModel:
    """The model of a week; ``guess`` narrows it, ``solve`` may be called once after that.

    Parameters
    ----------
    problem
        The week.
    narrowed
        To which starts, cranes and costs the vessels are held.
    """

    def __init__(self, problem: QuayProblem, narrowed: Narrowed | None = None) -> None:
        self._problem = problem
        self._narrowed = narrowed
        self.is_known_best = False
        self._model = cp_model.CpModel()
        self._across: list[cp_model.IntervalVar] = []
        self._along: list[cp_model.IntervalVar] = []
        self._uses: list[tuple[cp_model.IntervalVar, int]] = []
        self._stays = [self._stay(index, vessel) for index, vessel in enumerate(problem.vessels)]
        self._model.add_no_overlap_2d(self._across, self._along)
        self._model.add_cumulative(
            [interval for interval, _ in self._uses], [cranes for _, cranes in self._uses], problem.cranes
        )
        # Implied: at no hour do the vessels together exceed the quay.
        self._model.add_cumulative(self._across, list(map(problem.width, problem.vessels)), problem.slots)
        self._model.minimize(sum(stay.cost for stay in self._stays))

    def guess(self, bound: int, known: BerthPlan | None, stays: Sequence[tuple[int, int]]) -> None:
        """Narrow the search.

        Parameters
        ----------
        bound
            What no plan can be below.
        known
            A plan; only better ones are looked for.
        stays
            Start and cranes of each vessel that are worth trying first, as from a relaxed plan.
        """
        total = sum(stay.cost for stay in self._stays)
        self._model.add(total >= bound)
        if known is not None:
            self._model.add(total < known.cost)
        for stay, (start, cranes) in zip(self._stays, stays, strict=False):
            if cranes not in stay.cranes:
                continue
            self._model.add_hint(stay.start, start)
            for count, chosen in stay.cranes.items():
                self._model.add_hint(chosen, count == cranes)

    def _stay(self, index: int, vessel: Vessel) -> _Stay:
        model, problem = self._model, self._problem
        width, last, latest = problem.width(vessel), problem.last(vessel), problem.hours
        start = model.new_int_var_from_domain(self._starts(index, vessel), f"start{index}")
        end = model.new_int_var(vessel.arrival + 1, latest, f"end{index}")
        length = model.new_int_var(1, latest, f"stay{index}")
        place = model.new_int_var(0, last, f"place{index}")
        across = model.new_interval_var(start, length, end, f"across{index}")
        self._across.append(across)
        self._along.append(model.new_fixed_size_interval_var(place, width, f"along{index}"))
        choices: dict[int, cp_model.IntVar] = {}
        allowed = None if self._narrowed is None else self._narrowed.starts[index]
        for cranes in range(vessel.least_cranes, min(vessel.most_cranes, problem.cranes) + 1):
            if allowed is not None and cranes not in allowed:
                continue
            chosen = model.new_bool_var(f"cranes{index}_{cranes}")
            if allowed is not None:
                hours = cp_model.Domain.from_values(allowed[cranes])
                model.add_linear_expression_in_domain(start, hours).only_enforce_if(chosen)
            choices[cranes] = chosen
            times = [hours_alongside(vessel, cranes, at * problem.step) for at in range(last + 1)]
            needed = model.new_int_var(min(times), max(times), f"needed{index}_{cranes}")
            model.add_element(place, times, needed)
            if problem.depth and vessel.draught:
                model.add(length >= needed).only_enforce_if(chosen)  # it may have to wait for water
            else:
                model.add(length == needed).only_enforce_if(chosen)
            self._uses.append(
                (model.new_optional_interval_var(start, length, end, chosen, f"uses{index}_{cranes}"), cranes)
            )
        model.add_exactly_one(choices.values())
        if problem.depth and vessel.draught:
            model.add_linear_expression_in_domain(end, self._tide(vessel))
        late = model.new_int_var(0, max(0, latest - vessel.due) + latest, f"late{index}")
        model.add(late >= end - vessel.due)
        if self._narrowed is not None:
            cost = vessel.weight * (start - vessel.arrival) + vessel.weight * late
            model.add(cost <= self._narrowed.most[index])
        return _Stay(start, end, place, choices, vessel.weight * (start - vessel.arrival) + vessel.weight * late)

    def _tide(self, vessel: Vessel) -> cp_model.Domain:
        deep = [hour for hour in range(self._problem.hours) if self._problem.depth[hour] >= vessel.draught]
        return cp_model.Domain.from_values([*deep, self._problem.hours])

    def _starts(self, index: int, vessel: Vessel) -> cp_model.Domain:
        hours = cp_model.Domain(vessel.arrival, max(vessel.arrival, self._problem.hours - 1))
        if self._narrowed is not None:
            some = {hour for hours in self._narrowed.starts[index].values() for hour in hours}
            hours = hours.intersection_with(cp_model.Domain.from_values(sorted(some)))
        if self._problem.depth and vessel.draught:
            return hours.intersection_with(self._tide(vessel))
        return hours

    def solve(
        self,
        *,
        seconds: float,
        seed: int,
        workers: int,
        on_step: Callable[[int, int], None],
        is_cancelled: Callable[[], bool],
        enough: float | None = None,
    ) -> BerthPlan | None:
        """Return the best plan within the time; None when none (better than the known one) was found.

        With ``enough`` a plan that is found after so many seconds ends the search.

        ``is_known_best`` tells after it whether there is none.
        """
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = seconds
        solver.parameters.num_workers = workers
        solver.parameters.random_seed = seed
        watch = _Watch(on_step, is_cancelled, enough)
        status = solver.solve(self._model, watch)
        self.is_known_best = status == cp_model.INFEASIBLE
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        step = self._problem.step
        visits = []
        for number, (vessel, stay) in enumerate(zip(self._problem.vessels, self._stays, strict=True), 1):
            cranes = next(count for count, chosen in stay.cranes.items() if solver.value(chosen))
            place = solver.value(stay.place)
            visits.append(
                Visit(
                    number,
                    place + 1,
                    solver.value(stay.start),
                    solver.value(stay.end),
                    vessel.name,
                    place * step,
                    cranes,
                )
            )
        cost = int(solver.objective_value)
        return BerthPlan(tuple(visits), cost, min(cost, math.ceil(solver.best_objective_bound - 1e-6)))


class _Watch(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
    """Passes better plans on and ends the search when it is cancelled."""

    def __init__(
        self, on_step: Callable[[int, int], None], is_cancelled: Callable[[], bool], enough: float | None
    ) -> None:
        super().__init__()
        self._enough = enough
        self._on_step = on_step
        self._is_cancelled = is_cancelled

    def on_solution_callback(self) -> None:
        """Called by the solver at each better plan."""
        self._on_step(int(self.objective_value), max(0, math.ceil(self.best_objective_bound - 1e-6)))
        if self._is_cancelled() or (self._enough is not None and self.wall_time > self._enough):
            self.stop_search()
