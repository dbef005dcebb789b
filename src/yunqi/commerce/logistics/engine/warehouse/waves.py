"""The best wave: units per aisle, a ratio, made a chain of linear problems (Dinkelbach 1967) that HiGHS solves."""

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array

from yunqi.commerce.logistics.model.warehouse import Wave, WaveProblem
from yunqi.kernel.errors import Invalid


def best_wave(problem: WaveProblem, *, left: Callable[[], float], known: Wave | None = None) -> Wave:
    """Return the wave with most units an aisle, and a bound that none can pass.

    Parameters
    ----------
    left
        Tells how many seconds are left.
    known
        A wave and a bound to begin with.

    Raises
    ------
    Invalid
        No set of orders keeps the bounds, or none was found in the time.
    """
    model = _Model(problem)
    ratio, best, bound = 0.0, known, float(problem.most)
    if known is not None:
        ratio, bound = known.value, min(bound, known.bound)
    while (seconds := left()) > 0.05:
        solved = model.solve(ratio, seconds)
        if solved.x is None:
            if solved.status == 2:
                raise Invalid(
                    f"no orders together have from {problem.least} to {problem.most} units that lie in the aisles",
                    "file",
                )
            break
        wave = model.wave(solved.x)
        best = wave if best is None or wave.value > best.value else best
        # No wave has units - ratio x aisles above the bound of the linear problem, and each visits at least one aisle.
        excess = -solved.mip_dual_bound
        bound = min(bound, ratio + max(0.0, excess))
        if solved.status == 0 and excess <= 1e-6:
            bound = min(bound, ratio)
        if excess <= 1e-6 or wave.value <= ratio + 1e-9:
            break
        ratio = wave.value
    if best is None:
        raise Invalid("no wave was found in the time; give more seconds", "seconds")
    return Wave(best.orders, best.aisles, best.value, max(best.value, bound))


class _Model:
    def __init__(self, problem: WaveProblem) -> None:
        self._problem = problem
        items = {item: at for at, item in enumerate(dict.fromkeys(i for row in problem.orders for i in row))}
        self._units = np.array([sum(row.values()) for row in problem.orders], float)
        self._columns = len(problem.orders) + len(problem.aisles)
        rows, cols, values = [], [], []
        for at, row in enumerate((*problem.orders, *problem.aisles)):
            sign = 1.0 if at < len(problem.orders) else -1.0
            for item, units in row.items():
                if item in items:
                    rows.append(items[item])
                    cols.append(at)
                    values.append(sign * units)
        for at, units in enumerate(self._units):
            rows.append(len(items))
            cols.append(at)
            values.append(units)
        self._matrix = csr_array(coo_array((values, (rows, cols)), shape=(len(items) + 1, self._columns)))
        self._lower = np.append(np.full(len(items), -np.inf), problem.least)
        self._upper = np.append(np.zeros(len(items)), problem.most)

    def solve(self, ratio: float, seconds: float):  # type: ignore[no-untyped-def]
        cost = np.concatenate([-self._units, np.full(len(self._problem.aisles), ratio)])
        return milp(
            cost, constraints=[LinearConstraint(self._matrix, self._lower, self._upper), self._some_aisle()],
            integrality=np.ones(self._columns), bounds=Bounds(0, 1), options={"time_limit": seconds, "mip_rel_gap": 1e-9},
        )  # fmt: skip

    def _some_aisle(self) -> LinearConstraint:
        row = np.concatenate([np.zeros(len(self._problem.orders)), np.ones(len(self._problem.aisles))])
        return LinearConstraint(row[None, :], 1, np.inf)

    def wave(self, chosen: np.ndarray) -> Wave:
        count = len(self._problem.orders)
        orders = tuple(int(at) for at in np.flatnonzero(chosen[:count] > 0.5))
        aisles = tuple(int(at) for at in np.flatnonzero(chosen[count:] > 0.5))
        value = float(self._units[list(orders)].sum() / len(aisles)) if aisles else 0.0
        return Wave(orders, aisles, value, math.inf)


def violations(problem: WaveProblem, wave: Wave) -> list[str]:
    """Return what a wave breaks, in words; it shares nothing with the search."""
    wanted: dict[str, int] = {}
    for order in wave.orders:
        for item, units in problem.orders[order].items():
            wanted[item] = wanted.get(item, 0) + units
    found = []
    for item, units in wanted.items():
        lying = sum(problem.aisles[aisle].get(item, 0) for aisle in wave.aisles)
        if lying < units:
            found.append(f"item {item}: {units} wanted, {lying} lie in the aisles")
    total = sum(wanted.values())
    if not problem.least <= total <= problem.most:
        found.append(f"{total} units are not from {problem.least} to {problem.most}")
    if not wave.aisles or abs(total / len(wave.aisles) - wave.value) > 1e-9:
        found.append("the value is not the units an aisle")
    return found


def read_waves(text: str) -> WaveProblem:
    """Read the challenge's form: ``orders items aisles``, a row for each order and aisle (``k item units ...``), the bounds.

    Raises
    ------
    Invalid
        Names the line that is wrong.
    """
    numbers, places = [], []
    for place, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if wrong := [word for word in words if not word.removeprefix("-").isdecimal()]:
            raise Invalid(f"line {place}: a wave file holds whole numbers only, {wrong[0][:40]!r} is none", "file")
        if words:
            numbers.append([int(word) for word in words])
            places.append(place)
    if not numbers or len(numbers[0]) != 3:
        raise Invalid("line 1 must say how many orders, items and aisles there are", "file")
    orders, _, aisles = numbers[0]
    if orders < 1 or aisles < 1 or len(numbers) != 2 + orders + aisles or len(numbers[-1]) != 2:
        raise Invalid(
            f"{len(numbers)} lines where {orders} orders, {aisles} aisles and the bounds need {2 + orders + aisles}",
            "file",
        )
    rows = []
    for place, row in zip(places[1:-1], numbers[1:-1], strict=True):
        if len(row) != 1 + 2 * row[0]:
            raise Invalid(f"line {place}: {len(row) - 1} numbers follow where {row[0]} pairs should", "file")
        rows.append({str(item): units for item, units in zip(row[1::2], row[2::2], strict=True)})
    return WaveProblem(tuple(rows[:orders]), tuple(rows[orders:]), *numbers[-1])
