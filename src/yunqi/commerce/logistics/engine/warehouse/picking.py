"""The length of the shortest walk of a picker in a block with a cross aisle at each end: exact (Ratliff and Rosenthal 1983)."""

import math
from collections.abc import Sequence

from yunqi.commerce.logistics.model.warehouse import Block

# What a partial walk looks like at the right end of an aisle: parity of front and back corner, and how many parts it has.
# E even, U odd, 0 untouched; C joined.
STATES = ("UU1", "E01", "0E1", "EE1", "EE2", "001", "000")


def least_metres(block: Block, picks: Sequence[tuple[int, float]]) -> float:
    """Return the length of the shortest walk from the front of aisle 0 past all picks and back.

    Parameters
    ----------
    picks
        Aisle (from 0) and distance from the front, in metres, of each; they lie inside the block.
    """
    if not picks:
        return 0.0
    last = max(aisle for aisle, _ in picks)
    return _walk(block, [sorted(at for a, at in picks if a == aisle) for aisle in range(last + 1)])


def _inside(block: Block, places: Sequence[float]) -> dict[str, float]:
    """Return the ways through one aisle and their metres: through, from the front, from the back, both ends, twice, not."""
    length = block.length
    if not places:
        return {"through": length, "not": 0.0, "twice": 2 * length}
    gaps = [b - a for a, b in zip((0.0, *places), (*places, length), strict=True)]
    return {
        "through": length,
        "front": 2 * places[-1],
        "back": 2 * (length - places[0]),
        "both": 2 * (length - max(gaps)),
        "twice": 2 * length,
    }


# From the state of the walk left of an aisle, by the way through the aisle, to the state right of its edges.
IN_AISLE = {
    "through": {"UU1": "EE1", "E01": "UU1", "0E1": "UU1", "EE1": "UU1", "EE2": "UU1", "000": "UU1"},
    "front": {"UU1": "UU1", "E01": "E01", "0E1": "EE2", "EE1": "EE1", "EE2": "EE2", "000": "E01"},
    "back": {"UU1": "UU1", "E01": "EE2", "0E1": "0E1", "EE1": "EE1", "EE2": "EE2", "000": "0E1"},
    "both": {"UU1": "UU1", "E01": "EE2", "0E1": "EE2", "EE1": "EE1", "EE2": "EE2", "000": "EE2"},
    "twice": {"UU1": "UU1", "E01": "EE1", "0E1": "EE1", "EE1": "EE1", "EE2": "EE1", "000": "EE1"},
    "not": {state: state for state in STATES},
}
# Along the cross aisles to the next aisle: how often front and back are walked.
ACROSS = {
    (1, 1): {"UU1": "UU1"},
    (2, 0): {"E01": "E01", "EE1": "E01"},
    (0, 2): {"0E1": "0E1", "EE1": "0E1"},
    (2, 2): {"EE1": "EE1", "EE2": "EE2", "E01": "EE2", "0E1": "EE2"},
    (0, 0): {"000": "000"},
}


def _walk(block: Block, places: Sequence[Sequence[float]]) -> float:
    # The walk starts at the front of aisle 0, so that corner is always part of it.
    best = {"000": 0.0}
    for aisle, here in enumerate(places):
        inside: dict[str, float] = {}
        for way, length in _inside(block, here).items():
            for state, so_far in best.items():
                after = IN_AISLE[way].get(state)
                if after == "000" and aisle == 0:
                    after = "E01"  # the depot itself, without a step
                elif after == "0E1" and aisle == 0:
                    after = None
                if after is not None:
                    inside[after] = min(inside.get(after, math.inf), so_far + length)
        if aisle == len(places) - 1:
            best = inside
            break
        best = {}
        for (front, back), moves in ACROSS.items():
            for state, after in moves.items():
                if state in inside:
                    best[after] = min(best.get(after, math.inf), inside[state] + (front + back) * block.pitch)
    return min(best[state] for state in ("EE1", "E01", "0E1") if state in best)
