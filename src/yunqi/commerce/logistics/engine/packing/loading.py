"""Filling one bin: by unloading order, with two differently minded searches side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.packing import blocks, greedy
from yunqi.commerce.logistics.engine.packing.beam import BeamSearch, Step, blank, desk
from yunqi.commerce.logistics.engine.packing.prepare import RULES, kit
from yunqi.commerce.logistics.engine.packing.spaces import cut
from yunqi.commerce.logistics.model.packing import Bin, Item, Placement

Ints = npt.NDArray[np.int64]
IsOver = Callable[[float, int], bool]
"""Tells whether the search should end: given the share of the budget that it may use, and the bins it has filled."""
OnStep = Callable[[Step], None]


def load(
    items: Sequence[Item],
    copies: Sequence[int],
    bin_: Bin,
    *,
    support: bool,
    is_over: IsOver,
    workers: int = 2,
    on_step: OnStep = lambda step: None,
) -> list[tuple[int, Placement]]:
    """Fill one bin as well as the budget allows.

    Returns
    -------
    list
        Each piece with the index of its item. Items with a later stop lie further from the door; nothing stands between a
        piece and the door, or on it, that leaves later.
    """
    # Loads on top can only be known where pieces rest on what is below them.
    support = support or any(item.bearing is not None for item, left in zip(items, copies, strict=True) if left > 0)
    stops = sorted({item.stop for item, left in zip(items, copies, strict=True) if left > 0}, reverse=True)
    pieces: list[tuple[int, Placement]] = []
    for number, stop in enumerate(stops, 1):
        wanted = [left if item.stop == stop else 0 for item, left in zip(items, copies, strict=True)]
        pieces += _group(
            items, wanted, bin_, pieces, support=support, door=len(stops) > 1, workers=workers, on_step=on_step,
            is_over=partial(is_over, number / len(stops)),
        )  # fmt: skip
    return pieces


def _group(
    items: Sequence[Item],
    wanted: Sequence[int],
    bin_: Bin,
    before: list[tuple[int, Placement]],
    *,
    support: bool,
    door: bool,
    workers: int,
    on_step: OnStep,
    is_over: Callable[[int], bool],
) -> list[tuple[int, Placement]]:
    def search(worker: int) -> tuple[int, list[tuple[int, Placement]]]:
        payload = None if bin_.payload is None else bin_.payload - sum(items[kind].weight for kind, _ in before)
        tools = kit(items, wanted, bin_, support=support, door=door, rule=RULES[worker % len(RULES)], payload=payload)
        start = _start(tools, np.array(wanted, np.int64), items, before)
        beam = BeamSearch(tools, start)
        for step in beam.steps(is_over=is_over, first_width=1 + worker // len(RULES)):
            on_step(step)
        return int(beam.best.numbers[greedy.PACKED]), _pieces(beam, items, len(before))

    if workers == 1:
        return search(0)[1]
    with ThreadPoolExecutor(workers) as pool:
        return max(pool.map(search, range(workers)), key=lambda found: found[0])[1]


def _start(tools: greedy.Kit, wanted: Ints, items: Sequence[Item], before: list[tuple[int, Placement]]) -> greedy.State:
    """Return the bin with what was loaded before, and the room behind it closed: nobody reaches past a piece."""
    places = int(min(max(int(wanted.sum()), 1), 2_000)) + len(before)
    state, work = blank(tools, wanted, places=places), desk(places)
    numbers = state.numbers

    def take(cuboid: Ints, top: tuple[int, int], carries: float, pressure: float) -> None:
        numbers[greedy.SPACES] = cut(
            state.spaces, state.bears, numbers[greedy.SPACES], cuboid, *top, carries, pressure,
            tools.support, tools.least, work.spaces, work.bears,
        )  # fmt: skip

    for kind, piece in sorted(before, key=lambda one: one[1].z):  # what carries before what it carries
        row = state.placed[numbers[greedy.PLACED]]
        row[:] = (piece.x, piece.y, piece.z, piece.x + piece.dx, piece.y + piece.dy, piece.z + piece.dz, -1)
        numbers[greedy.PLACED] += 1
        bearing = items[kind].bearing
        pressure = items[kind].weight / (piece.dx * piece.dy)
        take(row, (0, 0) if bearing == 0 else (piece.dx, piece.dy), np.inf if bearing is None else bearing, pressure)
    for row in state.placed[: numbers[greedy.PLACED]].copy():
        row[3], row[0] = row[0], 0
        if row[3] > 0:
            take(row, (0, 0), np.inf, 0.0)
    return state


def _pieces(beam: BeamSearch, items: Sequence[Item], skip: int) -> list[tuple[int, Placement]]:
    table, counts = beam.kit.table, beam.kit.counts
    found = []
    for row in beam.best.placed[skip : beam.best.numbers[greedy.PLACED]]:
        for box, x, y, z in blocks.boxes(int(row[6]), table, (int(row[0]), int(row[1]), int(row[2]))):
            kind = int(counts[box].argmax())
            dx, dy, dz = (int(edge) for edge in table[box, :3])
            found.append((kind, Placement(items[kind].id, x, y, z, dx, dy, dz)))
    return found
