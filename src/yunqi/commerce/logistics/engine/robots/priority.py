"""Paths one robot after another, and better ones by taking some robots out and planning them anew (large neighbourhoods)."""

import random
from collections.abc import Callable, Sequence

from yunqi.commerce.logistics.engine.robots.floor import Ground, Reservations, route

Paths = list[list[int]]
TAKEN_OUT = (2, 4, 8)
"""How many robots are planned anew at once."""


def in_turn(ground: Ground, ends: Sequence[tuple[int, int]], order: Sequence[int]) -> tuple[Paths, int]:
    """Plan robots (start, goal) in an order, each around those before it; return the paths and -1, or who found no way."""
    taken, paths = Reservations(ground.size), dict[int, list[int]]()
    for robot in order:
        found = route(ground, taken, *ends[robot])
        if found is None:
            return [], robot
        taken.add(found)
        paths[robot] = found
    return [paths[robot] for robot in range(len(ends))], -1


def first_paths(
    ground: Ground, ends: Sequence[tuple[int, int]], *, used: Callable[[], float], seed: int
) -> Paths | None:
    """Try orders until one serves all: the longest ways first, then whoever found no way is moved to the front."""
    chance = random.Random(seed)
    order = sorted(range(len(ends)), key=lambda robot: -ground.distances(ends[robot][1])[ends[robot][0]])
    for _ in range(2 * len(ends) + 10):
        if used() >= 1.0:
            break
        found, failed = in_turn(ground, ends, order)
        if failed < 0:
            return found
        order.remove(failed)
        order.insert(chance.randrange(1 + order.index(order[-1]) // 8) if chance.random() < 0.2 else 0, failed)
    return None


def improve(
    ground: Ground, ends: Sequence[tuple[int, int]], paths: Paths, *, used: Callable[[], float], seed: int
) -> Paths:
    """Take a few robots out, plan them anew in a random order, and keep that when the sum of their steps isn't larger."""
    chance = random.Random(seed)
    taken = Reservations(ground.size)
    for path in paths:
        taken.add(path)
    least = [ground.distances(goal)[start] for start, goal in ends]
    while used() < 1.0:
        late = [robot for robot, path in enumerate(paths) if len(path) - 1 > least[robot]]
        if not late:
            break
        some = _neighbourhood(ground, paths, late, chance)
        old = sum(len(paths[robot]) for robot in some)
        for robot in some:
            taken.remove(paths[robot])
        chance.shuffle(some)
        new: dict[int, list[int]] = {}
        for robot in some:
            room = old - sum(map(len, new.values())) - sum(least[r] + 1 for r in some if r not in new and r != robot)
            found = route(ground, taken, *ends[robot], limit=room)
            if found is None:
                break
            new[robot] = found
            taken.add(found)
        if len(new) < len(some) or sum(map(len, new.values())) > old:
            for path in new.values():
                taken.remove(path)
            for robot in some:
                taken.add(paths[robot])
            continue
        for robot, path in new.items():
            paths[robot] = path
        taken.last = max(map(len, paths))
    return paths


def _neighbourhood(ground: Ground, paths: Paths, late: Sequence[int], chance: random.Random) -> list[int]:
    """Return a late robot and robots that stand in its shortest way, or others at random."""
    size = min(len(paths), chance.choice(TAKEN_OUT))
    first = chance.choice(late)
    some = {first}
    if chance.random() < 0.7:
        guide, at = ground.distances(paths[first][-1]), paths[first][0]
        step = 0
        while guide[at] and len(some) < size:
            at = chance.choice([there for there in ground.next[at] if guide[there] < guide[at]])
            step += 1
            some |= {robot for robot, path in enumerate(paths) if path[min(step, len(path) - 1)] == at}
    while len(some) < size:
        some.add(chance.choice(late) if len(late) > size and chance.random() < 0.5 else chance.randrange(len(paths)))
    return sorted(some)
