"""Refills of pick faces from reserve: as late as the waves allow and as early as the least level asks, earliest due first."""

import heapq
import itertools
from dataclasses import dataclass

from yunqi.commerce.logistics.model.floor import Lot, PickFace, Refill, RefillPlan, RefillProblem


@dataclass(slots=True)
class _Left:
    """What a lot still holds."""

    lot: str
    units: int


@dataclass(slots=True)
class _Need:
    product: str
    lot: str
    units: int
    wave: str
    due: int
    urgent: bool


def refill(problem: RefillProblem) -> RefillPlan:
    """Return the tasks that keep every wave supplied, and what no stock is there for.

    Before each wave a face that would run short, or lies below its least, is filled up to its most (above it only where a
    single wave takes more); so is, after the last wave, each face below its least. Lots go in the order of their rank, and
    cases are opened only where a lot runs out. Workers take what a wave would run short of first, the earliest due before
    the rest: with one worker nothing makes the latest of those less late (Jackson's rule).
    """
    stock = {face.product: face.on_hand for face in problem.faces}
    faces = {face.product: face for face in problem.faces}
    reserve = _reserve(problem.lots)
    needs: list[_Need] = []
    short: list[tuple[str, str, int]] = []
    end = 0
    for wave in sorted(problem.waves, key=lambda one: (one.start, one.id)):
        end = wave.start
        for product, units in sorted(wave.units.items()):
            face = faces[product]
            if stock[product] < max(units, face.least):
                wanted = max(units, face.most) - stock[product]
                taken = _take(reserve, face, wanted, stock[product], units, wave.id, wave.start, needs)
                stock[product] += taken
            if stock[product] < units:
                short.append((wave.id, product, units - stock[product]))
            stock[product] = max(0, stock[product] - units)
    for face in problem.faces:
        if stock[face.product] < face.least:
            wanted = face.most - stock[face.product]
            _take(reserve, face, wanted, stock[face.product], 0, "", end, needs)
    return _scheduled(problem, needs, short)


def _reserve(lots: tuple[Lot, ...]) -> dict[str, list[_Left]]:
    found: dict[str, list[_Left]] = {}
    for lot in sorted(lots, key=lambda one: (one.rank, one.id)):
        found.setdefault(lot.product, []).append(_Left(lot.id, lot.units))
    return found


def _take(
    reserve: dict[str, list[_Left]], face: PickFace, wanted: int, there: int, needed: int, wave: str, due: int,
    needs: list[_Need],
) -> int:  # fmt: skip
    """Take up to ``wanted`` units in whole cases (rounded down to fit, up where the wave needs it); note the tasks."""
    cases = wanted // face.case * face.case
    if there + cases < needed:
        cases += face.case
    total = 0
    for lot in reserve.get(face.product, ()):
        if total >= cases:
            break
        units = min(lot.units, cases - total)
        if units <= 0:
            continue
        needs.append(_Need(face.product, lot.lot, units, wave, due, there + total < needed))
        lot.units -= units
        total += units
    return total


def _scheduled(problem: RefillProblem, needs: list[_Need], short: list[tuple[str, str, int]]) -> RefillPlan:
    free = [(0, worker) for worker in range(problem.workers)]
    heapq.heapify(free)
    tasks, latest = [], 0
    for need in sorted(needs, key=lambda one: (not one.urgent, one.due, one.product)):
        start, worker = heapq.heappop(free)
        end = start + problem.minutes
        heapq.heappush(free, (end, worker))
        tasks.append(Refill(need.product, need.lot, need.units, need.wave, need.due, start, end, worker, need.urgent))
        if need.urgent:
            latest = max(latest, end - need.due)
    return RefillPlan(tuple(tasks), tuple(short), latest)


def violations(problem: RefillProblem, plan: RefillPlan) -> list[str]:
    """Return what a refill plan breaks, in words: stock out of nothing, a worker at two tasks, a shortage that is not told."""
    wrong = []
    left = {lot.id: lot.units for lot in problem.lots}
    for task in plan.tasks:
        left[task.lot] = left.get(task.lot, 0) - task.units
        if left[task.lot] < 0 or task.units <= 0:
            wrong.append(f"lot {task.lot}: more is taken than lies there")
        if task.end - task.start != problem.minutes or not 0 <= task.worker < problem.workers:
            wrong.append(f"refill of {task.product}: no worker has this time")
    for worker in range(problem.workers):
        mine = sorted((task.start, task.end) for task in plan.tasks if task.worker == worker)
        if any(before[1] > after[0] for before, after in itertools.pairwise(mine)):
            wrong.append(f"worker {worker} is at two tasks at once")
    told = {(wave, product): units for wave, product, units in plan.short}
    for face in problem.faces:
        stock = face.on_hand
        for wave in sorted(problem.waves, key=lambda one: (one.start, one.id)):
            stock += sum(t.units for t in plan.tasks if t.product == face.product and t.wave == wave.id)
            missing = max(0, wave.units.get(face.product, 0) - stock)
            if missing != told.get((wave.id, face.product), 0):
                wrong.append(f"wave {wave.id}: {missing} units of {face.product} are missing")
            stock = max(0, stock - wave.units.get(face.product, 0))
    return wrong
