"""Containers in the stacks of a yard: where arriving ones go, and in which moves they are fetched."""

from collections.abc import Mapping
from dataclasses import dataclass

from yunqi.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Container:
    """A container.

    Parameters
    ----------
    leaves
        When it leaves, as any rising number; equal ones leave in any order.
    weight
        In kilograms; 0 where it does not matter.
    """

    id: str
    leaves: int
    weight: int = 0

    def __post_init__(self) -> None:
        """Refuse negative times and weights."""
        if self.leaves < 0 or self.weight < 0:
            raise Invalid(f"container {self.id}: leaves and weight can't be negative", "containers")


@dataclass(frozen=True, slots=True)
class YardProblem:
    """A bay of stacks (containers from the ground up), and containers that arrive in order and have to be stored.

    Parameters
    ----------
    tiers
        How high a stack may be.
    most_weight
        That a stack may weigh in all; 0: no limit.
    heavy_below
        Whether a container may only stand on one that is at least as heavy.
    """

    stacks: tuple[tuple[Container, ...], ...]
    tiers: int
    arrivals: tuple[Container, ...] = ()
    most_weight: int = 0
    heavy_below: bool = False

    def __post_init__(self) -> None:
        """Refuse containers that stand twice or too high, by name."""
        if not self.stacks or self.tiers < 1 or self.most_weight < 0:
            raise Invalid("a bay needs stacks, and tiers from 1", "stacks")
        seen: set[str] = set()
        for one in [container for stack in self.stacks for container in stack] + list(self.arrivals):
            if one.id in seen:
                raise Invalid(f"container {one.id} stands twice", "containers")
            seen.add(one.id)
        for number, stack in enumerate(self.stacks):
            if len(stack) > self.tiers:
                raise Invalid(f"stacks[{number}]: {len(stack)} containers in {self.tiers} tiers", "stacks")
        room = len(self.stacks) * self.tiers - sum(map(len, self.stacks))
        if len(self.arrivals) > room:
            raise Invalid(f"{len(self.arrivals)} containers arrive and {room} places are free", "arrivals")
        if not self.arrivals and not seen:
            raise Invalid("the bay holds no containers and none arrive", "stacks")


@dataclass(frozen=True, slots=True)
class Storage:
    """The stack (from 0) of each arriving container, how many arrivals stand on one that leaves before them, and a bound."""

    places: Mapping[str, int]
    blocking: int
    bound: int


@dataclass(frozen=True, slots=True)
class YardMove:
    """A container from the top of a stack to the top of another, or out of the yard (``to`` is None); stacks from 0."""

    container: str
    source: int
    to: int | None


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The moves that take every container out in its order, how many of them only shift one, and a bound on those.

    Notes
    -----
    Only containers above the one to be fetched next are shifted (the restricted block relocation problem); the bound is one
    of that problem.
    """

    moves: tuple[YardMove, ...]
    shifts: int
    bound: int
