"""Fetching containers with few shifts: a rule, a beam around it, and depth-first search with rising limits that proves."""

from collections.abc import Callable, Sequence

from yunqi.commerce.logistics.model.yard import Retrieval, YardMove, YardProblem
from yunqi.kernel.errors import Invalid

Stacks = tuple[tuple[int, ...], ...]
"""Who leaves when, stack by stack from the ground up."""
Way = tuple[tuple[int, int], ...]
"""Moves (source, target); target -1 is out of the yard."""
WIDTHS = (1, 4, 16, 64, 256, 1_024)


def fetch(problem: YardProblem, *, used: Callable[[], float]) -> Retrieval:
    """Return the moves that take out all containers that stand in the bay.

    Parameters
    ----------
    used
        Tells which share of the budget is gone.

    Raises
    ------
    Invalid
        There are too few free places to shift what is in the way.
    """
    start: Stacks = tuple(tuple(one.leaves for one in stack) for stack in problem.stacks)
    lower, best = bound(start), None
    for width in WIDTHS:
        found = _beam(start, problem.tiers, width)
        best = min((way for way in (best, found) if way is not None), key=_shifts, default=None)
        if (best is not None and _shifts(best) <= lower) or used() >= 0.4:
            break
    proof = _Deepening(problem.tiers, used)
    while (best is None or _shifts(best) > lower) and lower <= len(start) * problem.tiers**2 and used() < 1.0:
        found = proof.search(start, lower)
        if found is not None:
            best = found
        elif not proof.is_over:
            lower += 1
    if best is None:
        raise Invalid(
            "no way to fetch the containers was found: too few places are free to shift what is in the way", "stacks"
        )
    return Retrieval(_named(problem, best), _shifts(best), min(lower, _shifts(best)))


def _shifts(way: Way) -> int:
    return sum(target >= 0 for _, target in way)


def bound(stacks: Stacks) -> int:
    """Return how many shifts no way is below: containers above one that leaves earlier, and those that will block again."""
    count = 0
    for stack in stacks:
        least = 1 << 60
        for leaves in stack:
            count += least < leaves
            least = min(least, leaves)
    mins = [min(stack, default=1 << 60) for stack in stacks]
    first = min(mins)
    if mins.count(first) == 1:
        at = mins.index(first)
        stack = stacks[at]
        # Until the next one is out, other stacks only grow, so who blocks in all of them now will block again.
        others = max((low for k, low in enumerate(mins) if k != at), default=-1)
        count += sum(leaves > others for leaves in stack[stack.index(first) + 1 :])
    return count


def _cleared(stacks: Stacks) -> tuple[Stacks, Way]:
    """Take out everything that can leave without a shift."""
    way: list[tuple[int, int]] = []
    while any(stacks):
        first = min(min(stack) for stack in stacks if stack)
        at = next((k for k, stack in enumerate(stacks) if stack and stack[-1] == first), -1)
        if at < 0:
            break
        stacks = (*stacks[:at], stacks[at][:-1], *stacks[at + 1 :])
        way.append((at, -1))
    return stacks, tuple(way)


def _sources(stacks: Stacks) -> list[int]:
    """Return the stacks that hold one of those who leave next."""
    first = min(min(stack) for stack in stacks if stack)
    return [at for at, stack in enumerate(stacks) if first in stack]


def _targets(stacks: Stacks, source: int, tiers: int) -> list[int]:
    """Return where the top of a stack may go: stacks where it does not block, tightest first, then the latest leaving."""
    leaves = stacks[source][-1]
    ways, tried = [], set()
    for at, stack in enumerate(stacks):
        if at == source or len(stack) >= tiers or stack in tried:
            continue
        tried.add(stack)
        least = min(stack, default=1 << 60)
        ways.append((least < leaves, least if least >= leaves else -least, at))
    return [at for _, _, at in sorted(ways)]


def _moved(stacks: Stacks, source: int, target: int) -> Stacks:
    changed = list(stacks)
    changed[target] = (*stacks[target], stacks[source][-1])
    changed[source] = stacks[source][:-1]
    return tuple(changed)


def _beam(start: Stacks, tiers: int, width: int) -> Way | None:
    """Keep the states with the least shifts still to come, after each shift; width 1 follows the rule alone."""
    stacks, way = _cleared(start)
    layer: list[tuple[Stacks, Way]] = [(stacks, way)]
    seen = {stacks}
    while layer:
        grown: list[tuple[int, int, Stacks, Way]] = []
        for stacks, way in layer:
            if not any(stacks):
                return way
            for source in _sources(stacks):
                for rank, target in enumerate(_targets(stacks, source, tiers)):
                    after, out = _cleared(_moved(stacks, source, target))
                    if after not in seen:
                        seen.add(after)
                        grown.append((bound(after), rank, after, (*way, (source, target), *out)))
        grown.sort(key=lambda one: one[:2])
        layer = [(stacks, way) for _, _, stacks, way in grown[:width]]
    return None


class _Deepening:
    """Depth-first search within a limit of shifts; remembers from where the limit was too low."""

    def __init__(self, tiers: int, used: Callable[[], float]) -> None:
        self._tiers = tiers
        self._used = used
        self.is_over = False

    def search(self, start: Stacks, limit: int) -> Way | None:
        """Return a way with at most ``limit`` shifts; None when there is none or the time is over (`is_over`)."""
        self._failed: dict[tuple[tuple[int, ...], ...], int] = {}
        self._looks = 0
        return self._within(start, limit)

    def _within(self, stacks: Stacks, limit: int) -> Way | None:
        stacks, out = _cleared(stacks)
        if not any(stacks):
            return out
        self._looks += 1
        if self._looks % 256 == 0 and self._used() >= 1.0:
            self.is_over = True
        key = tuple(sorted(stacks))
        if self.is_over or bound(stacks) > limit or self._failed.get(key, -1) >= limit:
            return None
        for source in _sources(stacks):
            for target in _targets(stacks, source, self._tiers):
                found = self._within(_moved(stacks, source, target), limit - 1)
                if found is not None:
                    return (*out, (source, target), *found)
        if not self.is_over:
            self._failed[key] = limit
        return None


def _named(problem: YardProblem, way: Way) -> tuple[YardMove, ...]:
    stacks = [[one.id for one in stack] for stack in problem.stacks]
    moves = []
    for source, target in way:
        name = stacks[source].pop()
        if target >= 0:
            stacks[target].append(name)
        moves.append(YardMove(name, source, target if target >= 0 else None))
    return tuple(moves)


def violations(problem: YardProblem, found: Retrieval) -> list[str]:
    """Return what a retrieval breaks, in words; it shares nothing with the searches."""
    stacks = [list(stack) for stack in problem.stacks]
    wrong: list[str] = []
    shifts = 0
    for number, move in enumerate(found.moves):
        if not stacks[move.source] or stacks[move.source][-1].id != move.container:
            return [*wrong, f"move {number}: {move.container} is not on top of stack {move.source}"]
        one = stacks[move.source].pop()
        if move.to is None:
            earlier = [other.id for stack in stacks for other in stack if other.leaves < one.leaves]
            if earlier:
                wrong.append(f"move {number}: {one.id} leaves before {earlier[0]}")
            continue
        shifts += 1
        stacks[move.to].append(one)
        if len(stacks[move.to]) > problem.tiers:
            wrong.append(f"move {number}: stack {move.to} is too high")
    if left := [one.id for stack in stacks for one in stack]:
        wrong.append(f"{left[0]} is never fetched")
    if shifts != found.shifts or found.bound > shifts:
        wrong.append(f"{shifts} shifts, not {found.shifts}, bound {found.bound}")
    return wrong


def storage_violations(problem: YardProblem, places: Sequence[tuple[str, int]], blocking: int) -> list[str]:
    """Return what a storage breaks, in words."""
    stacks = [list(stack) for stack in problem.stacks]
    wrong: list[str] = []
    given, count = dict(places), 0
    for one in problem.arrivals:
        at = given.get(one.id, -1)
        if not 0 <= at < len(stacks):
            return [*wrong, f"container {one.id} has no stack"]
        stack = stacks[at]
        count += any(below.leaves < one.leaves for below in stack)
        if problem.heavy_below and stack and stack[-1].weight < one.weight:
            wrong.append(f"container {one.id} stands on a lighter one")
        stack.append(one)
        if len(stack) > problem.tiers or 0 < problem.most_weight < sum(below.weight for below in stack):
            wrong.append(f"stack {at} is too high or too heavy with {one.id}")
    if count != blocking:
        wrong.append(f"{count} containers block, not {blocking}")
    return wrong
