"""Stacks of containers: storing and fetching against brute force, bad rows refused by name."""

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from yunqi.commerce.logistics import Container, LogisticsConfig, Retrieval, Yard, YardProblem
from yunqi.commerce.logistics.engine.yard.fetch import bound, fetch, storage_violations, violations
from yunqi.commerce.logistics.engine.yard.store import chain_bound, store
from yunqi.commerce.logistics.service.plain_yard import retrieval_document, storage_document
from yunqi.kernel import Invalid

YARD = Yard(LogisticsConfig())


def steps(calls: int) -> Callable[[], float]:
    count = itertools.count()
    return lambda: next(count) / calls


def bay(stacks: int, fill: int, tiers: int, seed: int, same: int = 1) -> YardProblem:
    chance = random.Random(seed)
    leaves = [number // same for number in range(stacks * fill)]
    chance.shuffle(leaves)
    return YardProblem(
        tuple(tuple(Container(f"c{s}-{k}", leaves[s * fill + k]) for k in range(fill)) for s in range(stacks)), tiers
    )


def least_shifts(problem: YardProblem) -> int:
    """Return the fewest shifts, by breadth over all states of the restricted problem."""
    layer = {tuple(tuple(one.leaves for one in stack) for stack in problem.stacks)}
    shifts = 0
    while layer:
        todo, layer = list(layer), set()
        for stacks in todo:
            if not any(stacks):
                return shifts
            first = min(min(stack) for stack in stacks if stack)
            out = [at for at, stack in enumerate(stacks) if stack and stack[-1] == first]
            if out:
                todo.append((*stacks[: out[0]], stacks[out[0]][:-1], *stacks[out[0] + 1 :]))
                continue
            for source in (at for at, stack in enumerate(stacks) if first in stack):
                for to in range(len(stacks)):
                    if to != source and len(stacks[to]) < problem.tiers:
                        after = [list(stack) for stack in stacks]
                        after[to].append(after[source].pop())
                        layer.add(tuple(map(tuple, after)))
        shifts += 1
    raise AssertionError("no way")


@pytest.mark.parametrize("same", [1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_the_fewest_shifts_are_found_and_proven(seed: int, same: int) -> None:
    problem = bay(3, 3, 4, seed, same)
    found = fetch(problem, used=steps(10_000))
    assert found.shifts == found.bound == least_shifts(problem)
    assert violations(problem, found) == []
    assert bound(tuple(tuple(one.leaves for one in stack) for stack in problem.stacks)) <= found.shifts


def test_a_large_bay_is_fetched_with_a_bound() -> None:
    problem = bay(10, 6, 8, 1)
    found = fetch(problem, used=steps(3))
    assert found.bound <= found.shifts < 60
    assert violations(problem, found) == []


def test_too_few_free_places_are_told() -> None:
    problem = YardProblem(((Container("a", 1), Container("b", 2)), (Container("c", 3), Container("d", 4))), 2)
    with pytest.raises(Invalid, match="too few places are free"):
        fetch(problem, used=steps(100))


def test_the_checker_of_moves_sees_what_is_broken() -> None:
    problem = bay(3, 2, 3, 1)
    found = fetch(problem, used=steps(1_000))
    assert "is never fetched" in " ".join(violations(problem, Retrieval(found.moves[:-1], found.shifts, 0)))
    assert "is not on top" in violations(problem, Retrieval(found.moves[1:], found.shifts, 0))[-1]
    other = Retrieval(found.moves, found.shifts + 1, 0)
    assert "shifts, not" in violations(problem, other)[-1]


def least_blocking(problem: YardProblem) -> int | None:
    best = None
    for chosen in itertools.product(range(len(problem.stacks)), repeat=len(problem.arrivals)):
        stacks, count = [list(stack) for stack in problem.stacks], 0
        for one, at in zip(problem.arrivals, chosen, strict=True):
            if len(stacks[at]) >= problem.tiers or (
                problem.heavy_below and stacks[at] and stacks[at][-1].weight < one.weight
            ):
                break
            count += any(below.leaves < one.leaves for below in stacks[at])
            stacks[at].append(one)
        else:
            best = count if best is None else min(best, count)
    return best


@pytest.mark.parametrize("heavy_below", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_the_fewest_blocking_arrivals_are_found(seed: int, heavy_below: bool) -> None:
    chance = random.Random(seed)
    there = tuple((Container(f"s{at}", chance.randrange(6), 9),) for at in range(3))
    arrivals = tuple(Container(f"a{at}", chance.randrange(8), chance.randint(1, 4)) for at in range(6))
    problem = YardProblem(there, 4, arrivals, heavy_below=heavy_below)
    best = least_blocking(problem)
    if best is None:
        with pytest.raises(Invalid, match="no stack takes it"):
            store(problem, used=steps(10))
        return
    found = store(problem, used=steps(10_000))
    assert found.blocking == found.bound == best
    assert chain_bound(problem) <= best
    assert storage_violations(problem, tuple(found.places.items()), found.blocking) == []


def test_a_container_that_no_stack_takes_is_named() -> None:
    problem = YardProblem(((Container("light", 1, 5),),), 3, (Container("heavy", 2, 9),), heavy_below=True)
    with pytest.raises(Invalid, match="container heavy: no stack takes it"):
        store(problem, used=steps(10))
    weak = YardProblem(((),), 3, (Container("heavy", 2, 9),), most_weight=8)
    with pytest.raises(Invalid, match="container heavy"):
        store(weak, used=steps(10))


ONE = {"id": "a", "leaves": 1}
BAY = {"tiers": 2, "stacks": [[ONE], []]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"stacks": []}, "a bay needs stacks"),
        ({"stacks": [[ONE, ONE]]}, "container a stands twice"),
        ({"stacks": [[ONE, {"id": "b", "leaves": 1}, {"id": "c", "leaves": 1}]]}, r"stacks\[0\]: 3 containers in 2"),
        ({"stacks": [[{"id": "a", "leaves": float("nan")}]]}, r"stacks\[0\]\[0\].leaves is nan"),
        ({"stacks": [[{"id": "a", "leaves": -1}]]}, r"stacks\[0\]\[0\].leaves is -1"),
        ({"arrivals": [{"id": f"x{at}", "leaves": 1} for at in range(4)]}, "4 containers arrive and 3"),
        ({"stacks": [[], []]}, "holds no containers and none arrive"),
        ({"heavy_below": 1}, "true or false"),
        ({"stack": []}, "did you mean 'stacks'"),
    ],
)
def test_a_bad_yard_is_refused_by_its_row(change: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        YARD.read_yard(BAY | change)


def test_the_desk_answers_documents() -> None:
    problem = YARD.read_yard({"tiers": 2, "stacks": [[ONE, {"id": "b", "leaves": 2}], []]})
    found = retrieval_document(YARD.fetch(problem, seconds=1))
    assert found == {
        "shifts": 1, "bound": 1,
        "moves": [{"container": "b", "source": 0, "to": 1}, {"container": "a", "source": 0, "to": None},
                  {"container": "b", "source": 1, "to": None}],
    }  # fmt: skip
    stored = storage_document(YARD.store(YARD.read_yard(BAY | {"arrivals": [{"id": "n", "leaves": 5}]}), seconds=1))
    assert stored == {"blocking": 0, "bound": 0, "places": {"n": 1}}
