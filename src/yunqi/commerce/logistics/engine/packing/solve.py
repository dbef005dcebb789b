"""Packing problems solved: which bins, in which order, and what stays outside and why."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from yunqi.commerce.logistics.engine.packing import loading
from yunqi.commerce.logistics.engine.packing.cartons import Cartons, fits, is_small, prices
from yunqi.commerce.logistics.engine.packing.check import GRAIN, use
from yunqi.commerce.logistics.model.packing import Axles, Bin, Item, Load, Packing, PackingProblem, Placement

SHRINKING = 0.9
"""Share of the budget after which loads are tried in cheaper bins, and small orders divided anew."""
TRIED = 40
"""Bins filled to see whether a mix of few pieces goes into one."""
Share = Callable[[float], Callable[[float, int], bool]]
"""Makes a stop rule that ends at a share of the whole budget."""


def solve(
    problem: PackingProblem, *, stop_at: Share, workers: int = 2, on_step: loading.OnStep = lambda step: None
) -> Packing:
    """Pack as much as the budget allows.

    Parameters
    ----------
    stop_at
        Makes the rule that ends a search when a share (0 to 1) of the whole budget is used.
    workers
        Threads that search side by side.

    Returns
    -------
    Packing
        Pieces placed; what is left outside, with reasons; ``seconds`` stays 0.
    """
    items = list(problem.items)
    copies = [item.copies if _fits_somewhere(item, problem.bins) else 0 for item in items]
    wanted, loads = tuple(copies), list[Load]()
    reasons: dict[str, str] = {}
    spent = Counter[str]()
    most = SHRINKING if len(problem.bins) > 1 or is_small(problem, wanted) else 1.0
    useless: set[str] = set()  # bins that take none of what is left
    while sum(copies) and (choices := _choices(problem, copies, spent, useless)):
        share = _share(items, copies, choices, spent)
        bin_ = _cheapest_that_may_hold(items, copies, choices)
        pieces = loading.load(
            items, copies, bin_, support=problem.support, is_over=_within(stop_at, share[0] * most, share[1] * most),
            workers=workers, on_step=on_step,
        )  # fmt: skip
        kept, dropped = _balanced(bin_, items, pieces)
        reasons |= {items[kind].id: "an axle would be overloaded" for kind, _ in dropped}
        if not kept:
            useless.add(bin_.id)
            continue
        useless.clear()
        spent[bin_.id] += 1
        loads.append(Load(bin_.id, spent[bin_.id], tuple(piece for _, piece in kept)))
        for kind, _ in kept:
            copies[kind] -= 1
    if most < 1.0:
        loads = _shrunk(problem, loads, stop_at, workers)
    if is_small(problem, wanted):
        loads = _divided(problem, loads, wanted, stop_at)
    packing = Packing(tuple(loads), 0.0, _left(problem, loads, reasons), bound(problem, loads))
    return replace(packing, use=use(problem, packing))


def _choices(problem: PackingProblem, copies: list[int], spent: Counter[str], useless: set[str]) -> list[Bin]:
    """Return the kinds of which one may still be used, and into which something goes that is left."""
    left = [item for item, number in zip(problem.items, copies, strict=True) if number]
    return [
        bin_
        for bin_ in problem.bins
        if bin_.id not in useless
        and (not bin_.copies or spent[bin_.id] < bin_.copies)
        and any(fits(item, bin_) for item in left)
    ]


def _shrunk(problem: PackingProblem, loads: list[Load], stop_at: Share, workers: int) -> list[Load]:
    """Put what a bin holds into a cheaper one where all of it goes in, the last loads first: they are the emptiest."""
    bins, items = {bin_.id: bin_ for bin_ in problem.bins}, list(problem.items)
    spent = Counter(load.bin for load in loads)
    volumes = {item.id: item.volume for item in items}
    shrunk = list(loads)
    for at in range(len(loads) - 1, -1, -1):
        load = shrunk[at]
        held = Counter(piece.item for piece in load.placements)
        volume = sum(volumes[item] * number for item, number in held.items())
        smaller = [
            bin_
            for bin_ in problem.bins
            if bin_.cost < bins[load.bin].cost
            and bin_.volume >= volume
            and (not bin_.copies or spent[bin_.id] < bin_.copies)
        ]
        for bin_ in sorted(smaller, key=lambda one: (one.cost, one.volume)):
            pieces = loading.load(
                items, [held[item.id] for item in items], bin_, support=problem.support,
                is_over=_within(stop_at, SHRINKING, 1.0), workers=workers, on_step=lambda step: None,
            )  # fmt: skip
            kept, dropped = _balanced(bin_, items, pieces)
            if not dropped and len(kept) == len(load.placements):
                spent[load.bin] -= 1
                spent[bin_.id] += 1
                shrunk[at] = Load(bin_.id, 0, tuple(piece for _, piece in kept))
                break
    return _numbered(shrunk)


def _numbered(loads: Sequence[Load]) -> list[Load]:
    """Count the bins of each kind from 1."""
    numbers, found = Counter[str](), []
    for load in loads:
        numbers[load.bin] += 1
        found.append(replace(load, number=numbers[load.bin]))
    return found


def _divided(problem: PackingProblem, loads: list[Load], wanted: tuple[int, ...], stop_at: Share) -> list[Load]:
    """Return a cheaper division of a small order among bins, or one that leaves nothing outside; else the loads."""
    items, over = list(problem.items), stop_at(1.0)

    def fill(bin_: Bin, mix: tuple[int, ...]) -> list[tuple[int, Placement]] | None:
        pieces = loading.load(
            items, mix, bin_, support=problem.support, workers=1,
            is_over=lambda share, fills: fills >= TRIED or over(1.0, fills),
        )  # fmt: skip
        kept, dropped = _balanced(bin_, items, pieces)
        return None if dropped or len(kept) < sum(mix) else kept

    price = dict(zip((bin_.id for bin_ in problem.bins), prices(problem.bins), strict=True))
    is_whole = sum(len(load.placements) for load in loads) == sum(wanted)
    below = sum(price[load.bin] for load in loads) if is_whole else math.inf
    found = Cartons(problem, fill, is_over=lambda: over(1.0, 1)).cheapest(wanted, below=below)
    if found is None:
        return loads
    return _numbered([Load(bin_.id, 0, tuple(piece for _, piece in pieces)) for bin_, pieces in found])


def _within(stop_at: Share, start: float, end: float) -> Callable[[float, int], bool]:
    rules: dict[float, Callable[[float, int], bool]] = {}

    def is_over(share: float, fills: int) -> bool:
        rule = rules.setdefault(share, stop_at(start + share * (end - start)))
        return rule(share, fills)

    return is_over


def _fits_somewhere(item: Item, bins: Sequence[Bin]) -> bool:
    return any(fits(item, bin_) for bin_ in bins)


def _share(items: list[Item], copies: list[int], choices: list[Bin], spent: Counter[str]) -> tuple[float, float]:
    """Return which part of the budget the next bin may use: the bins to come are guessed by volume."""
    volume = sum(item.volume * left for item, left in zip(items, copies, strict=True))
    to_come = max(1, min(-(-volume // max(b.volume for b in choices)), sum(b.copies or 10_000 for b in choices)))
    used = spent.total()
    start = used / (used + to_come)
    return start, start + (1 - start) / to_come


def _cheapest_that_may_hold(items: list[Item], copies: list[int], choices: list[Bin]) -> Bin:
    """Return the cheapest bin that might hold everything left, else the one that holds most for its cost."""
    volume = sum(item.volume * left for item, left in zip(items, copies, strict=True))
    weight = sum(item.weight * left for item, left in zip(items, copies, strict=True))
    left = [item for item, number in zip(items, copies, strict=True) if number]
    whole = [
        bin_
        for bin_ in choices
        if bin_.volume * 0.9 >= volume
        and (bin_.payload is None or bin_.payload >= weight)
        and all(fits(item, bin_) for item in left)
    ]
    if whole:
        return min(whole, key=lambda bin_: (bin_.cost, bin_.volume))
    return min(choices, key=lambda bin_: ((bin_.cost or bin_.volume) / bin_.volume, -bin_.volume))


def _balanced(
    bin_: Bin, items: list[Item], pieces: list[tuple[int, Placement]]
) -> tuple[list[tuple[int, Placement]], list[tuple[int, Placement]]]:
    """Slide the load to where both axles carry what they may, or take pieces out until there is such a place.

    Out goes what relieves the axles most; of equals the smallest, nothing on which something lies.
    """
    axles = bin_.axles
    if axles is None or not pieces:
        return list(pieces), []
    weights, volumes = [item.weight for item in items], [item.volume for item in items]
    sides = (list(pieces), _mirrored(bin_, items, pieces))
    kept = min(sides, key=lambda side: _slide(axles, bin_.size[0], weights, side))
    above = [sum(_lies_on(other, piece) for _, other in kept) for _, piece in kept]
    dropped: list[tuple[int, Placement]] = []
    while kept and _slide(axles, bin_.size[0], weights, kept)[0] > GRAIN:
        free = [at for at in range(len(kept)) if not above[at]]
        out = min(
            free,
            key=lambda at: (
                _slide(axles, bin_.size[0], weights, kept[:at] + kept[at + 1 :])[0], volumes[kept[at][0]]
            ),
        )  # fmt: skip
        dropped.append(kept.pop(out))
        above.pop(out)
        above = [number - _lies_on(dropped[-1][1], piece) for number, (_, piece) in zip(above, kept, strict=True)]
    _, move = _slide(axles, bin_.size[0], weights, kept)
    return [(kind, replace(piece, x=piece.x + move)) for kind, piece in kept], dropped


def _slide(
    axles: Axles, length: int, weights: Sequence[int], pieces: Sequence[tuple[int, Placement]]
) -> tuple[float, int]:
    """Return the grams above the axles' limits and the move of all pieces along the first axis that makes them least."""
    if not pieces:
        return 0.0, 0
    low, high = -min(piece.x for _, piece in pieces), length - max(piece.x + piece.dx for _, piece in pieces)
    front, rear = axles.loads([(weights[kind], piece.x + piece.dx / 2) for kind, piece in pieces])
    moves = {low, 0, high}
    if front + rear > 0:
        # Each unit of way takes so much from one axle to the other: there is where an axle just carries what it may.
        a_unit = (front + rear) / (axles.rear - axles.front)
        for at in ((front - axles.front_limit) / a_unit, (axles.rear_limit - rear) / a_unit):
            moves |= {min(max(low, whole), high) for whole in (math.floor(at), math.ceil(at))}
    else:
        a_unit = 0.0
    ways = [
        (max(0.0, front - move * a_unit - axles.front_limit) + max(0.0, rear + move * a_unit - axles.rear_limit), move)
        for move in moves
    ]
    return min(ways, key=lambda way: (way[0], abs(way[1])))


def _mirrored(bin_: Bin, items: list[Item], pieces: list[tuple[int, Placement]]) -> list[tuple[int, Placement]]:
    if len({items[kind].stop for kind, _ in pieces}) > 1:
        return pieces
    return [(kind, replace(piece, x=bin_.size[0] - piece.x - piece.dx)) for kind, piece in pieces]


def _lies_on(upper: Placement, lower: Placement) -> bool:
    return (
        upper.z == lower.z + lower.dz
        and min(upper.x + upper.dx, lower.x + lower.dx) > max(upper.x, lower.x)
        and min(upper.y + upper.dy, lower.y + lower.dy) > max(upper.y, lower.y)
    )


def _left(problem: PackingProblem, loads: list[Load], reasons: dict[str, str]) -> dict[str, tuple[int, str]]:
    packed = Counter(piece.item for load in loads for piece in load.placements)
    left = {}
    for item in problem.items:
        if (number := item.copies - packed[item.id]) > 0:
            left[item.id] = (number, reasons.get(item.id) or _reason(item, problem, loads))
    return left


def _reason(item: Item, problem: PackingProblem, loads: list[Load]) -> str:
    bins = {bin_.id: bin_ for bin_ in problem.bins}
    if not any(fits(replace(item, weight=0), bin_) for bin_ in problem.bins):
        return f"{item.size} goes into no bin in any rotation that it allows"
    if not _fits_somewhere(item, problem.bins):
        return f"{item.weight} g is more than any bin that it goes into may carry"
    free = [b for b in problem.bins if not b.copies or sum(load.bin == b.id for load in loads) < b.copies]
    weights = {one.id: one.weight for one in problem.items}
    if not free and all(
        (payload := bins[load.bin].payload) is not None
        and sum(weights[piece.item] for piece in load.placements) + item.weight > payload
        for load in loads
    ):
        return f"{item.weight} g more is above the payload of every bin that may be used"
    return "no room was found in the bins that may be used"


def bound(problem: PackingProblem, loads: list[Load]) -> float:
    """Return what share of the used bins no packing can exceed: by volume, and by weight where a payload binds."""
    bins = {bin_.id: bin_ for bin_ in problem.bins}
    used = [bins[load.bin] for load in loads]
    room = sum(bin_.volume for bin_ in used)
    if not room:
        return 1.0
    by_weight = sorted((item for item in problem.items if item.copies), key=lambda item: item.weight / item.volume)
    payload: float = sum(bin_.payload for bin_ in used if bin_.payload is not None)
    if any(bin_.payload is None for bin_ in used):
        payload = sum(item.weight * item.copies for item in problem.items)
    volume = 0.0
    for item in by_weight:
        can = item.copies if not item.weight else min(item.copies, payload / item.weight)
        volume += can * item.volume
        payload -= can * item.weight
    return min(1.0, volume / room)
