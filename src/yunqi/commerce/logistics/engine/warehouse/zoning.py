"""Aisles divided among pickers so that the busiest has least to do: exact for zones that are runs of aisles.

An order passes the zones that hold its picks; in each the picker walks the shortest way from the front of the zone's first
aisle past them and back. One pass of Ratliff and Rosenthal's program from each aisle prices all zones that begin there; a
dynamic program over runs of aisles then finds the least of the busiest, and a second one the least total among those.
"""

import numba
import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.warehouse.picking import least_metres
from yunqi.commerce.logistics.engine.warehouse.walks import ends, shape
from yunqi.commerce.logistics.model.floor import PickOrder
from yunqi.commerce.logistics.model.warehouse import Block
from yunqi.commerce.logistics.model.zones import Divided, Zone, ZoneProblem, Zoning

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def _walks(starts: Ints, aisles: Ints, places: Floats, block: Floats, count: int) -> Floats:
    """Return the metres of all orders together in a zone from aisle i to aisle j, shape (count, count)."""
    metres, out, own = np.zeros((count, count)), np.empty(count), np.empty(len(aisles), np.int64)
    for order in range(len(starts) - 1):
        last = starts[order + 1]
        at = starts[order]
        for first in range(count):
            while at < last and aisles[at] < first:
                at += 1
            if at == last:
                break
            picks = last - at
            for k in range(picks):
                own[k] = aisles[at + k] - first
            ends(own, places[at:last], picks, block, count - first, out)
            for k in range(count - first):
                metres[first, first + k] += out[k]
    return metres


def seconds_by_zone(problem: ZoneProblem, orders: tuple[PickOrder, ...]) -> Floats:
    """Return the picker's seconds for so many orders in a zone from aisle i to aisle j, shape (aisles, aisles)."""
    count = problem.block.aisles
    rows = [sorted(order.picks) for order in orders]
    starts = np.cumsum([0, *(len(row) for row in rows)])
    aisles = np.array([aisle for row in rows for aisle, _ in row], np.int64)
    places = np.array([at for row in rows for _, at in row], np.float64)
    picks = np.bincount(aisles, minlength=count).astype(np.float64)
    upto = np.concatenate([[0.0], np.cumsum(picks)])
    inside = np.maximum(upto[None, 1:] - upto[:-1, None], 0.0)
    walked = _walks(starts, aisles, places, shape(problem.block), count)
    found: Floats = walked / problem.metres_per_second + inside * problem.seconds_per_pick
    return found


def _least(cost: Floats, most: int, limit: float | None = None) -> tuple[Floats, Ints]:
    """Return, by number of zones and aisles, the least busiest (or with ``limit`` total) and where the last zone begins."""
    count = len(cost)
    best, begins = np.full((most + 1, count + 1), np.inf), np.zeros((most + 1, count + 1), np.int64)
    best[0, 0] = 0.0
    for zones in range(1, most + 1):
        for end in range(zones, count + 1):
            last, before = cost[:end, end - 1], best[zones - 1, :end]
            ways = (
                np.maximum(before, last)
                if limit is None
                else np.where(last <= limit * (1 + 1e-12), before + last, np.inf)
            )
            begins[zones, end] = np.argmin(ways)
            best[zones, end] = ways[begins[zones, end]]
    return best, begins


def _runs(begins: Ints, zones: int, aisles: int) -> list[tuple[int, int]]:
    runs, end = [], aisles
    for k in range(zones, 0, -1):
        first = int(begins[k, end])
        runs.append((first, end - 1))
        end = first
    return runs[::-1]


def zone(problem: ZoneProblem) -> Zoning:
    """Divide the block; exact on the orders learned from."""
    aisles = problem.block.aisles
    cost, judge = seconds_by_zone(problem, problem.learned), seconds_by_zone(problem, problem.judged)
    ways, runs = [], [(0, aisles - 1)]
    busiest = _least(cost, problem.zones)[0][:, aisles]
    for zones in range(1, problem.zones + 1):
        begins = _least(cost, zones, float(busiest[zones]))[1]
        runs = _runs(begins, zones, aisles)
        each = [float(cost[run]) for run in runs]
        passed = sum(_visits(problem.learned, run) for run in runs)
        ways.append(
            Divided(zones, max(each), sum(each), max(float(judge[run]) for run in runs),
                    passed / len(problem.learned) - 1)
        )  # fmt: skip
    equal = [(aisles * k // problem.zones, aisles * (k + 1) // problem.zones - 1) for k in range(problem.zones)]
    return Zoning(
        tuple(Zone(*run, float(cost[run]), _visits(problem.learned, run)) for run in runs), tuple(ways),
        max(float(cost[run]) for run in equal), max(float(judge[run]) for run in equal),
    )  # fmt: skip


def _visits(orders: tuple[PickOrder, ...], run: tuple[int, int]) -> int:
    return sum(any(run[0] <= aisle <= run[1] for aisle, _ in order.picks) for order in orders)


def violations(problem: ZoneProblem, found: Zoning) -> list[str]:
    """Return what zones break, in words: aisles in none or two, and seconds that the walks, made one by one, don't take."""
    wrong = []
    held = [aisle for one in found.zones for aisle in range(one.first, one.last + 1)]
    if held != list(range(problem.block.aisles)) or len(found.zones) != problem.zones:
        wrong.append("not every aisle lies in exactly one zone")
    for one in found.zones:
        block, seconds = Block(one.last - one.first + 1, problem.block.length, problem.block.pitch), 0.0
        for order in problem.learned:
            picks = [(aisle - one.first, at) for aisle, at in order.picks if one.first <= aisle <= one.last]
            seconds += least_metres(block, picks) / problem.metres_per_second
            seconds += len(picks) * problem.seconds_per_pick
        if abs(seconds - one.seconds) > 1e-6 * max(1.0, seconds):
            wrong.append(f"zone {one.first} to {one.last}: the walks take {seconds} s, not {one.seconds} s")
    return wrong
