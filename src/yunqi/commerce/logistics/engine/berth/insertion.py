"""A first plan for a quay in milliseconds: vessels one after another into the cheapest place, in ever better orders."""

from collections.abc import Callable, Sequence

import numba
import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.berth.times import hours_alongside, leaves, tide_allows
from yunqi.commerce.logistics.model.berth import BerthPlan, QuayProblem, Visit

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NEVER = np.int64(1) << 40
CHUNK = 100
"""Orders tried between two looks at the clock."""
ROUND = 100
"""Chunks from warm to cold."""
HOT, COLD = 3.0, 0.15
"""Hours of cost by which a plan may be dearer than the one before, on the average."""
STIR = 12.0
"""Hours by which a vessel's turn is moved, as a standard deviation."""


class _Quay:
    """A week flat.

    ``about[v]`` holds arrival, due, weight, width in slots, fewest and most cranes, last slot; ``stay[v, c, slot]`` the hours
    alongside with c cranes; ``moves[v, hour]`` whether the water is deep enough; ``out[v, hour]`` when it can leave after
    that hour; ``home[v]`` its best slot.
    """

    def __init__(self, problem: QuayProblem) -> None:
        slots, vessels = problem.slots, problem.vessels
        most = max(min(vessel.most_cranes, problem.cranes) for vessel in vessels)
        self.about = np.zeros((len(vessels), 7), np.int64)
        self.stay = np.full((len(vessels), most + 1, slots), NEVER)
        self.moves = np.zeros((len(vessels), problem.hours + 1), np.bool_)
        self.out = np.full((len(vessels), problem.hours + 1), NEVER)
        self.home = np.zeros(len(vessels), np.int64)
        for v, vessel in enumerate(vessels):
            width, many, last = problem.width(vessel), min(vessel.most_cranes, problem.cranes), problem.last(vessel)
            self.about[v] = (vessel.arrival, vessel.due, vessel.weight, width, vessel.least_cranes, many, last)
            self.home[v] = min(max(0, round(vessel.position / problem.step)), last)
            for cranes in range(vessel.least_cranes, many + 1):
                for slot in range(last + 1):
                    self.stay[v, cranes, slot] = hours_alongside(vessel, cranes, slot * problem.step)
            for hour in range(problem.hours + 1):
                self.moves[v, hour] = tide_allows(problem, vessel, hour)
                self.out[v, hour] = leaves(problem, vessel, hour)
        self.shape = np.array([problem.hours, slots, problem.cranes], np.int64)


@numba.njit(cache=True, nogil=True)
def _is_free(taken: npt.NDArray[np.bool_], start: int, end: int, slot: int, width: int) -> bool:
    for hour in range(start, end):
        for at in range(slot, slot + width):
            if taken[hour, at]:
                return False
    return True


@numba.njit(cache=True, nogil=True)
def _serve(
    order: Ints, caps: Ints, aims: Ints, about: Ints, stay: Ints, moves: npt.NDArray[np.bool_], out: Ints, shape: Ints,
    limit: float, visits: Ints,
) -> int:  # fmt: skip
    """Place vessels in turn, each where it costs least, near its aim; write start, end, slot, cranes; return the cost.

    `NEVER` when some vessel finds no place or the cost passes ``limit``.
    """
    hours, slots = shape[0], shape[1]
    taken, free = np.zeros((hours, slots), np.bool_), np.full(hours, shape[2])
    total = np.int64(0)
    for v in order:
        arrival, due, weight, width = about[v, 0], about[v, 1], about[v, 2], about[v, 3]
        best = NEVER
        for start in range(arrival, hours):
            if weight * (start - arrival) >= best or total + weight * (start - arrival) > limit:
                break
            if not moves[v, start]:
                continue
            for cranes in range(min(about[v, 5], max(caps[v], about[v, 4])), about[v, 4] - 1, -1):
                if free[start] < cranes:
                    continue
                for k in range(2 * slots):
                    slot = aims[v] + (k + 1) // 2 * (1 - k % 2 * 2)  # outwards, by turns on both sides
                    if slot < 0 or slot > about[v, 6]:
                        continue
                    ready = start + stay[v, cranes, slot]
                    if ready > hours:
                        continue
                    end = out[v, ready]
                    price = weight * (start - arrival + max(0, end - due))
                    if price >= best:
                        continue
                    if end > hours or free[start:end].min() < cranes:
                        continue
                    if _is_free(taken, start, end, slot, width):
                        best = price
                        visits[v, 0], visits[v, 1], visits[v, 2], visits[v, 3] = start, end, slot, cranes
                        break
        if best == NEVER:
            return int(NEVER)
        total += best
        if total > limit:
            return int(NEVER)
        taken[visits[v, 0] : visits[v, 1], visits[v, 2] : visits[v, 2] + width] = True
        free[visits[v, 0] : visits[v, 1]] -= visits[v, 3]
    return int(total)


@numba.njit(cache=True, nogil=True)
def _tries(
    keys: Floats, caps: Ints, aims: Ints, home: Ints, cost: int, best: int, best_visits: Ints, about: Ints, stay: Ints,
    moves: npt.NDArray[np.bool_], out: Ints, shape: Ints, heat: float, count: int, seed: int,
) -> tuple[int, int]:  # fmt: skip
    """Stir some turns, most cranes and aims by annealing at one temperature; return the cost now and of ``best_visits``."""
    np.random.seed(seed)
    vessels = len(keys)
    visits = np.zeros((vessels, 4), np.int64)
    for _ in range(count):
        new_keys, new_caps, new_aims = keys.copy(), caps.copy(), aims.copy()
        for _ in range(1 + np.random.randint(3)):
            v, kind = np.random.randint(vessels), np.random.random()
            if kind < 0.5:
                new_keys[v] += np.random.normal(0.0, STIR)
            elif kind < 0.75:
                new_caps[v] = np.random.randint(about[v, 4], about[v, 5] + 1)
            elif kind < 0.9:
                new_aims[v] = np.random.randint(about[v, 6] + 1)
            else:
                new_aims[v] = home[v]
        limit = cost - heat * np.log(np.random.random())
        found = _serve(np.argsort(new_keys), new_caps, new_aims, about, stay, moves, out, shape, limit, visits)
        if found <= limit and found < NEVER:
            keys[:], caps[:], aims[:] = new_keys, new_caps, new_aims
            cost = found
            if found < best:
                best = found
                best_visits[:] = visits
        if best == 0:
            break
    return cost, best


def first_plan(
    problem: QuayProblem, *, is_over: Callable[[int], bool], seed: int, starts: Sequence[int] | None = None
) -> BerthPlan | None:
    """Return the best of the plans tried until ``is_over(tries)``; None when some vessel never finds a place.

    Parameters
    ----------
    starts
        Hours by which vessels are ordered at first, as from a relaxed plan; their arrivals when not given.
    """
    quay = _Quay(problem)
    flat = (quay.about, quay.stay, quay.moves, quay.out, quay.shape)
    keys, caps, aims = np.array(starts or quay.about[:, 0], float), quay.about[:, 5].copy(), quay.home.copy()
    visits = np.zeros((len(keys), 4), np.int64)
    cost = best = int(_serve(np.argsort(keys), caps, aims, *flat, float(NEVER), visits))
    kept, tries = (keys.copy(), caps.copy(), aims.copy()), 1
    while not is_over(tries) and best:
        turn = (tries // CHUNK) % ROUND
        if turn == 0:  # warm up anew, from the best
            keys[:], caps[:], aims[:] = kept
            cost = best
        heat, before = HOT * (COLD / HOT) ** (turn / ROUND), best
        cost, best = _tries(
            keys, caps, aims, quay.home, cost, best, visits, *flat, heat, CHUNK, seed * 10_007 + tries
        )  # fmt: skip
        if best < before:
            kept = (keys.copy(), caps.copy(), aims.copy())
        tries += CHUNK
    if best >= NEVER:
        return None
    found = []
    for v, (start, end, slot, cranes) in enumerate(visits.tolist()):
        found.append(Visit(v + 1, slot + 1, start, end, problem.vessels[v].name, slot * problem.step, cranes))
    return BerthPlan(tuple(found), int(best), 0)
