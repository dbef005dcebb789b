"""Lengths of picker walks, fast: the dynamic program of `picking` and the S-shape rule, compiled."""

import numba
import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.warehouse.picking import ACROSS, IN_AISLE, STATES
from yunqi.commerce.logistics.model.warehouse import Block

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_WAYS = ("through", "front", "back", "both", "twice", "not")
_NEXT = np.array(
    [[STATES.index(IN_AISLE[way][state]) if state in IN_AISLE[way] else -1 for state in STATES] for way in _WAYS],
    np.int64,
)
_MOVES = np.array(
    [
        (STATES.index(before), STATES.index(after), front + back)
        for (front, back), moves in ACROSS.items()
        for before, after in moves.items()
    ],
    np.int64,
)
_EMPTY, _E01, _0E1, _EE1 = (STATES.index(state) for state in ("000", "E01", "0E1", "EE1"))
_FAR = 1e18


def shape(block: Block) -> Floats:
    """Return a block as the compiled functions take it: length and pitch."""
    return np.array([block.length, block.pitch])


@numba.njit(cache=True, nogil=True)
def ways(aisles: Ints, places: Floats, at: int, upto: int, length: float, out: Floats) -> None:
    """Write what the six ways through an aisle cost, for picks ``at`` to ``upto`` (sorted by place)."""
    out[0], out[4] = length, 2 * length
    if at == upto:
        out[1], out[2], out[3], out[5] = _FAR, _FAR, _FAR, 0.0
        return
    gap = max(places[at], length - places[upto - 1])
    for k in range(at + 1, upto):
        gap = max(gap, places[k] - places[k - 1])
    out[1], out[2], out[3], out[5] = 2 * places[upto - 1], 2 * (length - places[at]), 2 * (length - gap), _FAR


@numba.njit(cache=True, nogil=True)
def _through(now: Floats, cost: Floats, is_first: bool, inside: Floats) -> None:
    """Write the least metres by state right of an aisle, from those left of it and the costs of the ways through it."""
    states = _NEXT.shape[1]
    inside[:] = _FAR
    for way in range(6):
        if cost[way] >= _FAR:
            continue
        for state in range(states):
            after = _NEXT[way, state]
            if now[state] >= _FAR or after < 0:
                continue
            if is_first and after == _EMPTY:
                after = _E01
            elif is_first and after == _0E1:
                continue
            inside[after] = min(inside[after], now[state] + cost[way])


@numba.njit(cache=True, nogil=True)
def _across(inside: Floats, pitch: float, now: Floats) -> None:
    """Write the least metres by state left of the next aisle."""
    now[:] = _FAR
    for k in range(_MOVES.shape[0]):
        before, after = _MOVES[k, 0], _MOVES[k, 1]
        if inside[before] < _FAR:
            now[after] = min(now[after], inside[before] + _MOVES[k, 2] * pitch)


@numba.njit(cache=True, nogil=True)
def ends(aisles: Ints, places: Floats, count: int, block: Floats, many: int, out: Floats) -> None:
    """Write the length of the shortest walk past the picks in aisles 0 to k, for each of so ``many`` aisles."""
    states = _NEXT.shape[1]
    now, inside, cost = np.full(states, _FAR), np.empty(states), np.empty(6)
    now[_EMPTY] = 0.0
    at, found = 0, 0.0
    for aisle in range(many):
        if at < count:
            upto = at
            while upto < count and aisles[upto] == aisle:
                upto += 1
            ways(aisles, places, at, upto, block[0], cost)
            _through(now, cost, aisle == 0, inside)
            if upto > at:
                found = min(inside[_EE1], inside[_E01], inside[_0E1])
            at = upto
            _across(inside, block[1], now)
        out[aisle] = found


@numba.njit(cache=True, nogil=True)
def exact(aisles: Ints, places: Floats, count: int, block: Floats) -> float:
    """Return the length of the shortest walk past ``count`` picks, sorted by aisle and place."""
    if count == 0:
        return 0.0
    states = _NEXT.shape[1]
    now, inside, cost = np.full(states, _FAR), np.empty(states), np.empty(6)
    now[_EMPTY] = 0.0
    at, last = 0, aisles[count - 1]
    for aisle in range(last + 1):
        upto = at
        while upto < count and aisles[upto] == aisle:
            upto += 1
        ways(aisles, places, at, upto, block[0], cost)
        at = upto
        _through(now, cost, aisle == 0, inside)
        if aisle < last:
            _across(inside, block[1], now)
    return float(min(inside[_EE1], inside[_E01], inside[_0E1]))


@numba.njit(cache=True, nogil=True)
def s_shape(aisles: Ints, places: Floats, count: int, block: Floats) -> float:
    """Return the length of the S-shape walk: through each aisle with picks, back out of the last when they are odd."""
    if count == 0:
        return 0.0
    visited, last = 0, aisles[count - 1]
    for k in range(count):
        if k == 0 or aisles[k] != aisles[k - 1]:
            visited += 1
    total = visited * block[0] + 2 * last * block[1]
    if visited % 2:
        total += 2 * places[count - 1] - block[0]
    return float(total)


@numba.njit(cache=True, nogil=True)
def walk(aisles: Ints, places: Floats, count: int, block: Floats, is_exact: bool) -> float:
    """Return the length by either rule."""
    return float(exact(aisles, places, count, block) if is_exact else s_shape(aisles, places, count, block))
