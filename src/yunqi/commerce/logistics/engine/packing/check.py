"""The independent judge of packings: shares nothing with the search but the nouns."""

from collections import Counter
from collections.abc import Sequence

from yunqi.commerce.logistics.model.packing import Bin, Item, Load, Packing, PackingProblem, Placement

GRAIN = 1e-3
"""Grams that don't count: moments are fractions."""


def violations(problem: PackingProblem, packing: Packing, *, scale: int = 1) -> list[str]:
    """Return every rule that the packing breaks, in words; empty for a valid one.

    Parameters
    ----------
    scale
        How many of the problem's units make one of those in which places are named.
    """
    items = {item.id: item for item in problem.items}
    bins = {bin_.id: bin_ for bin_ in problem.bins}
    found: list[str] = []
    for load in packing.loads:
        if load.bin not in bins:
            found.append(f"{load.bin} is no bin of the problem")
        elif any(piece.item not in items for piece in load.placements):
            found.append(f"bin {load.bin}: holds an item that the problem does not have")
        else:
            found += _load(problem, bins[load.bin], items, load, scale)
    packed = Counter(piece.item for load in packing.loads for piece in load.placements)
    for item in problem.items:
        left = packing.left.get(item.id, (0, ""))[0]
        if packed[item.id] + left != item.copies:
            found.append(f"item {item.id}: {packed[item.id]} packed and {left} left of {item.copies}")
    used = Counter(load.bin for load in packing.loads)
    found += [
        f"bin {b.id}: {used[b.id]} used of {b.copies}" for b in problem.bins if b.copies and used[b.id] > b.copies
    ]
    return found


def use(problem: PackingProblem, packing: Packing) -> float:
    """Return the share of the used bins' volume that pieces fill."""
    bins = {bin_.id: bin_.volume for bin_ in problem.bins}
    room = sum(bins[load.bin] for load in packing.loads)
    filled = sum(p.dx * p.dy * p.dz for load in packing.loads for p in load.placements)
    return filled / room if room else 0.0


def _load(problem: PackingProblem, bin_: Bin, items: dict[str, Item], load: Load, scale: int) -> list[str]:
    found = [
        f"{_name(piece, scale)} reaches out of bin {bin_.id}"
        for piece in load.placements
        if min(piece.x, piece.y, piece.z) < 0
        or piece.x + piece.dx > bin_.size[0]
        or piece.y + piece.dy > bin_.size[1]
        or piece.z + piece.dz > bin_.size[2]
    ]
    found += [
        f"{_name(piece, scale)} is turned as item {piece.item} may not be"
        for piece in load.placements
        if (piece.dx, piece.dy, piece.dz)
        not in {turn.turn(items[piece.item].size) for turn in items[piece.item].rotations}
    ]
    ordered = sorted(load.placements, key=lambda piece: piece.x)
    for index, piece in enumerate(ordered):
        for other in ordered[index + 1 :]:
            if other.x >= piece.x + piece.dx:
                break
            if _area(piece, other) > 0 and piece.z < other.z + other.dz and other.z < piece.z + piece.dz:
                found.append(f"{_name(piece, scale)} and {_name(other, scale)} share room")
    weight = sum(items[piece.item].weight for piece in load.placements)
    if bin_.payload is not None and weight > bin_.payload:
        found.append(f"bin {bin_.id} carries {weight} g of {bin_.payload} g")
    return found + _standing(problem, items, load, scale) + _order(items, load, scale) + _axles(bin_, items, load)


def _name(piece: Placement, scale: int) -> str:
    return f"{piece.item} at ({', '.join(f'{corner / scale:g}' for corner in (piece.x, piece.y, piece.z))})"


def _area(a: Placement, b: Placement) -> int:
    """Return the area that two pieces share seen from above."""
    along_x = min(a.x + a.dx, b.x + b.dx) - max(a.x, b.x)
    along_y = min(a.y + a.dy, b.y + b.dy) - max(a.y, b.y)
    return along_x * along_y if along_x > 0 and along_y > 0 else 0


def _standing(problem: PackingProblem, items: dict[str, Item], load: Load, scale: int) -> list[str]:
    """Check support and, from the top down, what each piece carries (spread by area over what is right below)."""
    below = {
        piece: [(low, _area(low, piece)) for low in load.placements if low.z + low.dz == piece.z and _area(low, piece)]
        for piece in load.placements
    }
    bears = any(items[piece.item].bearing is not None for piece in load.placements)
    found = []
    if problem.support or bears:
        found = [
            f"{_name(piece, scale)} hangs over"
            for piece, carriers in below.items()
            if piece.z > 0 and sum(area for _, area in carriers) < piece.dx * piece.dy
        ]
    on_top: dict[Placement, float] = dict.fromkeys(load.placements, 0.0)
    pressed: dict[Placement, float] = dict.fromkeys(load.placements, 0.0)
    for piece in sorted(load.placements, key=lambda one: -one.z):
        pressure = (items[piece.item].weight + on_top[piece]) / (piece.dx * piece.dy)
        for low, area in below[piece]:
            on_top[low] += pressure * area
            pressed[low] = max(pressed[low], pressure)
    for piece in load.placements:
        bearing = items[piece.item].bearing
        covered = any(piece is low for carriers in below.values() for low, _ in carriers)
        if bearing == 0 and covered:
            found.append(f"something stands on {_name(piece, scale)}, which carries nothing")
        elif bearing is not None and pressed[piece] > bearing * (1 + 1e-9):
            found.append(f"{_name(piece, scale)} carries {pressed[piece]:.3g} g a square unit of {bearing:.3g}")
    return found


def _order(items: dict[str, Item], load: Load, scale: int) -> list[str]:
    """Check that nothing which leaves later stands in the way of a piece or on it."""
    found = []
    for piece in load.placements:
        for other in load.placements:
            if items[other.item].stop <= items[piece.item].stop:
                continue
            in_front = (
                other.x >= piece.x + piece.dx
                and min(piece.y + piece.dy, other.y + other.dy) > max(piece.y, other.y)
                and min(piece.z + piece.dz, other.z + other.dz) > max(piece.z, other.z)
            )
            if in_front or (
                other.z >= piece.z + piece.dz and _area(piece, other) > 0 and other.z == piece.z + piece.dz
            ):
                later, sooner = items[other.item].stop, items[piece.item].stop
                found.append(f"{_name(other, scale)} (stop {later}) blocks {_name(piece, scale)} (stop {sooner})")
    return found


def _axles(bin_: Bin, items: dict[str, Item], load: Load) -> list[str]:
    if bin_.axles is None:
        return []
    front, rear = bin_.axles.loads(moments(items, load.placements))
    over = [("front", front, bin_.axles.front_limit), ("rear", rear, bin_.axles.rear_limit)]
    return [
        f"bin {bin_.id}: {name} axle carries {load_:.0f} g of {limit} g"
        for name, load_, limit in over
        if load_ > limit + GRAIN
    ]


def moments(items: dict[str, Item], placements: Sequence[Placement]) -> list[tuple[int, float]]:
    """Return (grams, position of the centre along the first axis) of each piece."""
    return [(items[piece.item].weight, piece.x + piece.dx / 2) for piece in placements]
