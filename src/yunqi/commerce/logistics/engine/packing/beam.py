"""Beam search over greedy completions (Araya and Riff 2014), with a beam that widens until the budget ends."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.packing.greedy import (
    PACKED,
    SPACES,
    Desk,
    Kit,
    State,
    copy,
    fill,
    place,
    settle,
)

Ints = npt.NDArray[np.int64]
SPACE_ROOM = 1_000


def blank(kit: Kit, available: Ints, *, places: int) -> State:
    """Return an empty bin: one space, nothing placed."""
    spaces = np.zeros((SPACE_ROOM, 6), np.int64)
    spaces[0, 3:] = kit.size
    bears = np.full(SPACE_ROOM, np.inf)
    numbers = np.zeros(4, np.int64)
    numbers[SPACES] = 1
    return State(spaces, bears, np.zeros((places, 7), np.int64), available.astype(np.int64).copy(), numbers)


def _like(state: State) -> State:
    return State(
        np.empty_like(state.spaces), np.empty_like(state.bears), np.empty_like(state.placed), np.empty_like(state.left),
        np.empty_like(state.numbers),
    )  # fmt: skip


def desk(places: int) -> Desk:
    """Return room to work in for states of so many places."""
    return Desk(np.zeros((SPACE_ROOM, 6), np.int64), np.zeros(SPACE_ROOM), np.zeros(places + 1, np.int64))


@numba.njit(cache=True, nogil=True)
def _branch(
    kit: Kit, state: State, work: Desk, child: State, trial: State, best: Ints, scores: npt.NDArray[np.float64],
    values: Ints, blocks: Ints, record: Ints, record_state: State,
) -> tuple[int, int]:  # fmt: skip
    """Value each of the best blocks for a state's next space by filling the bin greedily after it.

    Returns the space and how many blocks were valued; ``values`` and ``blocks`` hold them, ``record`` the best fill so far.
    """
    at, found = settle(kit, state, work, best, scores)
    for k in range(found):
        copy(state, child)
        place(kit, child, work, at, best[k])
        copy(child, trial)
        fill(kit, trial, work)
        values[k], blocks[k] = trial.numbers[PACKED], best[k]
        if trial.numbers[PACKED] > record[0]:
            record[0] = trial.numbers[PACKED]
            copy(trial, record_state)
    return at, found


@dataclass(frozen=True, slots=True)
class Step:
    """How far the search is: the width of the beam, bins filled so far, and the best volume packed."""

    width: int
    fills: int
    packed: int


class BeamSearch:
    """The widening search for the best fill of one bin.

    Parameters
    ----------
    kit
        The bin and its blocks.
    start
        The bin before the search, see `blank`.
    """

    def __init__(self, kit: Kit, start: State) -> None:
        self.kit = kit
        self.best = _like(start)
        copy(start, self.best)
        self._start = start
        self._work = desk(len(start.placed))
        self._record = np.full(1, -1, np.int64)
        self.fills = 0

    def steps(self, *, is_over: Callable[[int], bool], first_width: int = 1) -> Iterator[Step]:
        """Search until ``is_over(fills)`` or until a wider beam can't change anything; yield after each pass."""
        width = first_width
        while True:
            branched = self._pass(width, is_over)
            yield Step(width, self.fills, int(self._record[0]))
            if is_over(self.fills) or not branched or self.best.left.sum() == 0:
                return
            width = max(width + 1, int(width * 1.42))

    def _pass(self, width: int, is_over: Callable[[int], bool]) -> bool:
        """Go through the bin once with a beam of this width; return whether any choice was cut off."""
        first, child, trial = _like(self._start), _like(self._start), _like(self._start)
        copy(self._start, first)
        beam = [first]
        scores, best = np.empty(width), np.empty(width, np.int64)
        values, blocks = np.empty(width, np.int64), np.empty(width, np.int64)
        branched = False
        while beam:
            grown: list[tuple[int, int, int, int]] = []
            for parent, state in enumerate(beam):
                at, found = _branch(
                    self.kit, state, self._work, child, trial, best, scores, values, blocks, self._record, self.best
                )
                self.fills += found
                branched |= found == width
                grown += [(int(values[k]), parent, int(at), int(blocks[k])) for k in range(found)]
                if is_over(self.fills):
                    return True
            beam = self._choose(beam, grown, width)
        return branched

    def _choose(self, beam: list[State], grown: list[tuple[int, int, int, int]], width: int) -> list[State]:
        grown.sort(key=lambda one: -one[0])
        seen: set[int] = set()
        chosen: list[State] = []
        for value, parent, at, block in grown:
            if value in seen:
                continue
            seen.add(value)
            state = _like(self._start)
            copy(beam[parent], state)
            place(self.kit, state, self._work, at, block)
            chosen.append(state)
            if len(chosen) == width:
                break
        return chosen
