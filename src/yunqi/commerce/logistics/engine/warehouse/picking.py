"""The shortest walk of a picker in a block of aisles: exact, in time linear in the aisles (Ratliff and Rosenthal 1983)."""

from collections.abc import Sequence

from yunqi.commerce.logistics.model.warehouse import Block, PickRoute
from yunqi.kernel.errors import Invalid

# What a partial walk looks like at the right end of an aisle: parity of front and back corner, and how many parts it has.
# E even, U odd, 0 untouched; C joined.
STATES = ("UU1", "E01", "0E1", "EE1", "EE2", "001", "000")


def shortest(block: Block, picks: Sequence[tuple[int, float]]) -> PickRoute:
    """Return the shortest walk from the front of aisle 0 past all picks and back.

    Parameters
    ----------
    picks
        Aisle (from 0) and distance from the front, in metres, of each.

    Raises
    ------
    Invalid
        A pick lies outside the block; its number is named.
    """
    for number, (aisle, at) in enumerate(picks):
        if not 0 <= aisle < block.aisles or not 0 <= at <= block.length:
            raise Invalid(f"pick {number}: aisle {aisle} at {at} m lies outside the block", "picks")
    if not picks:
        return PickRoute(0.0, ())
    last = max(aisle for aisle, _ in picks)
    metres, choice = _walk(block, [sorted(at for a, at in picks if a == aisle) for aisle in range(last + 1)])
    return PickRoute(metres, _order(picks, choice))


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


def _walk(block: Block, places: Sequence[Sequence[float]]) -> tuple[float, list[str]]:
    # The walk starts at the front of aisle 0, so that corner is always part of it.
    best: dict[str, tuple[float, list[str]]] = {"000": (0.0, [])}
    for aisle, here in enumerate(places):
        inside: dict[str, tuple[float, list[str]]] = {}
        for way, metres in _inside(block, here).items():
            for state, (so_far, ways) in best.items():
                after = IN_AISLE[way].get(state)
                if after == "000" and aisle == 0:
                    after = "E01"  # the depot itself, without a step
                elif after == "0E1" and aisle == 0:
                    after = None
                if after is not None and so_far + metres < inside.get(after, (float("inf"), []))[0]:
                    inside[after] = (so_far + metres, [*ways, way])
        if aisle == len(places) - 1:
            best = inside
            break
        best = {}
        for (front, back), moves in ACROSS.items():
            for state, after in moves.items():
                if state in inside:
                    metres = inside[state][0] + (front + back) * block.pitch
                    if metres < best.get(after, (float("inf"), []))[0]:
                        best[after] = (metres, inside[state][1])
    ended = [best[state] for state in ("EE1", "E01", "0E1") if state in best]
    return min(ended, key=lambda found: found[0])


def _order(picks: Sequence[tuple[int, float]], ways: Sequence[str]) -> tuple[int, ...]:
    """Return the picks aisle by aisle: front to back where the aisle is walked from the front, else back to front."""
    ordered: list[int] = []
    up = True
    for aisle, way in enumerate(ways):
        here = sorted(
            (number for number, (a, _) in enumerate(picks) if a == aisle), key=lambda number: picks[number][1]
        )
        ordered += here if up or way == "front" else here[::-1]
        up = up != (way == "through")
    return tuple(ordered)
