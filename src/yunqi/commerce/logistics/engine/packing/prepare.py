"""From items and a bin to the arrays that the search works on."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.packing import blocks
from yunqi.commerce.logistics.engine.packing.greedy import Kit
from yunqi.commerce.logistics.model.packing import Bin, Item

Ints = npt.NDArray[np.int64]
UNLIMITED = 1 << 60
LONGEST = 4_096
"""Longer edges are measured in coarser steps when lost room is estimated; placements stay exact."""

RULES = ((4.0, 1.0, 0.2, 0.02), (3.0, 1.0, 0.3, 0.04))
"""Powers of touching surface, of room not lost and of the number of pieces, and the slack that counts as touching.

The first are those of the paper; both were compared on generated cases, never on the published ones."""


def kit(
    items: Sequence[Item],
    copies: Sequence[int],
    bin_: Bin,
    *,
    support: bool,
    door: bool = False,
    rule: tuple[float, float, float, float] = RULES[0],
    limit: int = 10_000,
    payload: int | None = None,
) -> Kit:
    """Return the blocks for ``copies`` of ``items`` in ``bin_`` and what else the search needs."""
    turned = [
        (kind, size)
        for kind, item in enumerate(items)
        if copies[kind] > 0
        for size in dict.fromkeys(rotation.turn(item.size) for rotation in item.rotations)
        if all(edge <= room for edge, room in zip(size, bin_.size, strict=True))
    ]
    limit = max(limit, 2 * len(turned))
    table = np.zeros((limit, blocks.COLUMNS), np.int64)
    counts = np.zeros((limit, len(items)), np.int64)
    bearing = np.zeros((limit, 2))
    for row, (kind, size) in enumerate(turned):
        item = items[kind]
        top = (0, 0) if item.bearing == 0 else size[:2]
        table[row] = (*size, *top, item.volume, item.weight, 0, 0, blocks.BOX, 1)
        counts[row, kind] = 1
        bearing[row] = np.inf if item.bearing is None else item.bearing, item.weight / (size[0] * size[1])
    size_ = np.array(bin_.size, np.int64)
    used = 0
    if turned:
        used = blocks.grow(table, counts, bearing, len(turned), np.array(copies, np.int64), size_, 0.98, support)
    table = table[:used]
    order = np.argsort(-table[:, blocks.VOLUME], kind="stable")
    least = table[: len(turned), :3].min(axis=0) if turned else size_ + 1
    carried = payload if payload is not None else bin_.payload
    return Kit(
        table, counts[:used], bearing[:used], order, size_, _fits(table[: len(turned)], bin_.size), least,
        np.array(rule), UNLIMITED if carried is None else carried, support, door,
    )  # fmt: skip


def _fits(singles: Ints, size: tuple[int, int, int]) -> Ints:
    """Return for each axis and length the longest row of boxes that is no longer."""
    fits = np.zeros((3, max(size) + 1), np.int64)
    for axis in range(3):
        length = size[axis]
        step = -(-length // LONGEST)
        edges = sorted({int(edge) // step for edge in singles[:, axis] if edge // step > 0})
        reachable = 1
        for _ in range(length // step // max(edges[0], 1) if edges else 0):
            wider = reachable
            for edge in edges:
                wider |= reachable << edge
            wider &= (1 << (length // step + 1)) - 1
            if wider == reachable:
                break
            reachable = wider
        bits = np.array([reachable >> at & 1 for at in range(length // step + 1)])
        best = np.maximum.accumulate(np.where(bits == 1, np.arange(bits.size), 0)) * step
        fits[axis, : length + 1] = np.repeat(best, step)[: length + 1] if step > 1 else best
    return fits
