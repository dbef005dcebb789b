"""Packing problems solved: which bins, in which order, and what stays outside and why."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from yunqi.commerce.logistics.engine.packing import loading
from yunqi.commerce.logistics.engine.packing.check import moments, use
from yunqi.commerce.logistics.model.packing import Bin, Item, Load, Packing, PackingProblem, Placement

SHRINKING = 0.9
"""Share of the budget after which loads are tried in cheaper bins, where there are several kinds."""
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
    loads: list[Load] = []
    reasons: dict[str, str] = {}
    spent = Counter[str]()
    most = 1.0 if len(problem.bins) == 1 else SHRINKING
    while sum(copies) and (choices := [b for b in problem.bins if not b.copies or spent[b.id] < b.copies]):
        share = _share(items, copies, choices, spent)
        bin_ = _cheapest_that_may_hold(items, copies, choices)
        pieces = loading.load(
            items, copies, bin_, support=problem.support, is_over=_within(stop_at, share[0] * most, share[1] * most),
            workers=workers, on_step=on_step,
        )  # fmt: skip
        kept, dropped = _balanced(bin_, items, pieces)
        reasons |= {items[kind].id: "an axle would be overloaded" for kind, _ in dropped}
        if not kept:
            break
        spent[bin_.id] += 1
        loads.append(Load(bin_.id, spent[bin_.id], tuple(piece for _, piece in kept)))
        for kind, _ in kept:
            copies[kind] -= 1
    if most < 1.0:
        loads = _shrunk(problem, loads, stop_at, workers)
    packing = Packing(tuple(loads), 0.0, _left(problem, loads, reasons), bound(problem, loads))
    return replace(packing, use=use(problem, packing))


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
    numbers = Counter[str]()
    for at, load in enumerate(shrunk):
        numbers[load.bin] += 1
        shrunk[at] = replace(load, number=numbers[load.bin])
    return shrunk


def _within(stop_at: Share, start: float, end: float) -> Callable[[float, int], bool]:
    rules: dict[float, Callable[[float, int], bool]] = {}

    def is_over(share: float, fills: int) -> bool:
        rule = rules.setdefault(share, stop_at(start + share * (end - start)))
        return rule(share, fills)

    return is_over


def _fits(item: Item, bin_: Bin) -> bool:
    within = any(
        all(edge <= room for edge, room in zip(turn.turn(item.size), bin_.size, strict=True)) for turn in item.rotations
    )
    return within and (bin_.payload is None or item.weight <= bin_.payload)


def _fits_somewhere(item: Item, bins: Sequence[Bin]) -> bool:
    return any(_fits(item, bin_) for bin_ in bins)


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
    usable = [bin_ for bin_ in choices if any(_fits(item, bin_) for item in left)] or choices
    whole = [
        bin_
        for bin_ in usable
        if bin_.volume * 0.9 >= volume
        and (bin_.payload is None or bin_.payload >= weight)
        and all(_fits(item, bin_) for item in left)
    ]
    if whole:
        return min(whole, key=lambda bin_: (bin_.cost, bin_.volume))
    return min(usable, key=lambda bin_: ((bin_.cost or bin_.volume) / bin_.volume, -bin_.volume))


def _balanced(
    bin_: Bin, items: list[Item], pieces: list[tuple[int, Placement]]
) -> tuple[list[tuple[int, Placement]], list[tuple[int, Placement]]]:
    """Take pieces out, topmost of those nearest to the overloaded axle first, until both axles carry what they may."""
    kept = list(pieces)
    dropped: list[tuple[int, Placement]] = []
    if bin_.axles is None:
        return kept, dropped
    axles, by_id = bin_.axles, {item.id: item for item in items}
    kept = min(kept, _mirrored(bin_, items, kept), key=lambda side: _excess(bin_, by_id, side))
    while kept and _excess(bin_, by_id, kept) > 0:
        front, _ = axles.loads(moments(by_id, [piece for _, piece in kept]))
        at = axles.front if front > axles.front_limit else axles.rear
        free = [one for one in kept if not any(_lies_on(other, one[1]) for _, other in kept)]
        out = min(free, key=lambda one: (abs(one[1].x + one[1].dx / 2 - at), one[1].x))
        kept.remove(out)
        dropped.append(out)
    return kept, dropped


def _excess(bin_: Bin, by_id: dict[str, Item], pieces: list[tuple[int, Placement]]) -> float:
    axles = bin_.axles
    if axles is None:
        return 0.0
    front, rear = axles.loads(moments(by_id, [piece for _, piece in pieces]))
    return max(0.0, front - axles.front_limit) + max(0.0, rear - axles.rear_limit)


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
            left[item.id] = (number, reasons.get(item.id) or _reason(item, problem))
    return left


def _reason(item: Item, problem: PackingProblem) -> str:
    if not any(_fits(replace(item, weight=0), bin_) for bin_ in problem.bins):
        return f"{item.size} goes into no bin in any rotation that it allows"
    if not _fits_somewhere(item, problem.bins):
        return f"{item.weight} g is more than any bin that it goes into may carry"
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
