"""Where arriving containers go: dynamic programming over the stacks, which becomes a beam where there are too many states."""

import bisect
from collections.abc import Callable
from dataclasses import dataclass

from yunqi.commerce.logistics.model.yard import Container, Storage, YardProblem
from yunqi.kernel.errors import Invalid

NEVER = 1 << 60
WIDTHS = (50, 500, 5_000, 50_000)
"""States kept after each arrival, one try after another; a try that never had more is exact."""


@dataclass(frozen=True, slots=True, order=True)
class _Stack:
    """What matters of a stack: how high it is, who leaves first, what the top weighs and all together."""

    height: int
    first: int
    top: int
    weight: int


@dataclass(frozen=True, slots=True)
class _State:
    blocking: int
    stacks: tuple[_Stack, ...]
    chosen: tuple[int, ...]


def store(problem: YardProblem, *, used: Callable[[], float]) -> Storage:
    """Return a stack for each arrival; the fewest blocking ones where the bound says so.

    Parameters
    ----------
    used
        Tells which share of the budget is gone; at least one try is made.

    Raises
    ------
    Invalid
        Some container finds no place that keeps height and weights; named.
    """
    if not problem.arrivals:
        return Storage({}, 0, 0)
    lower, best = chain_bound(problem), None
    for width in WIDTHS:
        found, is_exact, failed = _try(problem, width, used if best else lambda: 0.0)
        if found is None and is_exact:
            raise Invalid(f"container {failed}: no stack takes it without breaking height or weight", "arrivals")
        if found is not None and (best is None or found.blocking < best.blocking):
            best = found
        if best is not None and is_exact:
            lower = best.blocking
        if best is not None and (best.blocking <= lower or used() >= 1.0):
            break
    if best is None:
        raise Invalid("no way to keep heights and weights was found among those that were tried", "arrivals")
    places = {one.id: at for one, at in zip(problem.arrivals, best.chosen, strict=True)}
    return Storage(places, best.blocking, lower)


def _try(problem: YardProblem, width: int, used: Callable[[], float]) -> tuple[_State | None, bool, str]:
    """Place one arrival after another; return the best state, whether none was dropped, and who found no place."""
    layer, is_exact = [_State(0, tuple(map(_stack, problem.stacks)), ())], True
    latest = 1 + max(one.leaves for one in problem.arrivals)
    for one in problem.arrivals:
        layer = _placed(problem, layer, one)
        if not layer or used() >= 1.0:
            return None, is_exact and not layer, one.id
        if len(layer) > width:
            is_exact = False
            layer.sort(key=lambda state: (state.blocking, -_ease(state.stacks, problem.tiers, latest)))
            del layer[width:]
    return min(layer, key=lambda state: state.blocking), is_exact, ""


def _stack(containers: tuple[Container, ...]) -> _Stack:
    first = min((one.leaves for one in containers), default=NEVER)
    top = containers[-1].weight if containers else NEVER
    return _Stack(len(containers), first, top, sum(one.weight for one in containers))


def _placed(problem: YardProblem, layer: list[_State], one: Container) -> list[_State]:
    """Return every state after one more arrival; states with the same stacks in another order are one."""
    found: dict[tuple[_Stack, ...], _State] = {}
    for state in layer:
        tried = set()
        for at, stack in enumerate(state.stacks):
            if stack in tried or not _allows(problem, stack, one):
                continue
            tried.add(stack)
            after = _Stack(stack.height + 1, min(stack.first, one.leaves), one.weight, stack.weight + one.weight)
            stacks = (*state.stacks[:at], after, *state.stacks[at + 1 :])
            blocking, key = state.blocking + (stack.first < one.leaves), tuple(sorted(stacks))
            if key not in found or blocking < found[key].blocking:
                found[key] = _State(blocking, stacks, (*state.chosen, at))
    return list(found.values())


def _allows(problem: YardProblem, stack: _Stack, one: Container) -> bool:
    if stack.height >= problem.tiers or (problem.heavy_below and one.weight > stack.top):
        return False
    return not problem.most_weight or stack.weight + one.weight <= problem.most_weight


def _ease(stacks: tuple[_Stack, ...], tiers: int, latest: int) -> int:
    """Return how much room is left that will not block: free places times how late their stack leaves."""
    return sum((tiers - stack.height) * min(stack.first, latest) for stack in stacks)


def chain_bound(problem: YardProblem) -> int:
    """Return how many arrivals must block on empty stacks of any height.

    Those that don't block form, in each stack, a sequence that never leaves later. The most that so many sequences can cover
    is the length of as many rows of the sequence's Young tableau (Greene 1974).
    """
    rows: list[list[int]] = []
    for one in problem.arrivals:
        value = -one.leaves
        for row in rows:
            at = bisect.bisect_right(row, value)
            if at == len(row):
                row.append(value)
                break
            row[at], value = value, row[at]
        else:
            rows.append([value])
    return len(problem.arrivals) - sum(map(len, rows[: len(problem.stacks)]))
