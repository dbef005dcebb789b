"""Orders, aisles and stock: what a warehouse decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from yunqi.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class WaveProblem:
    """Which orders to pick together, from which aisles, so that each visited aisle yields most.

    Parameters
    ----------
    orders
        Units wanted of each item, an order each.
    aisles
        Units lying of each item, an aisle each.
    least, most
        Bounds on the units of a wave.

    Notes
    -----
    The form of the SBPO 2025 challenge (Mercado Libre): maximise units picked per aisle visited.
    """

    orders: tuple[Mapping[str, int], ...]
    aisles: tuple[Mapping[str, int], ...]
    least: int
    most: int

    def __post_init__(self) -> None:
        """Refuse what no wave can be made of."""
        if not self.orders or not self.aisles or not 0 <= self.least <= self.most or self.most == 0:
            raise Invalid("a wave needs orders, aisles and bounds 0 <= least <= most, most above 0", "file")
        for what, rows in (("order", self.orders), ("aisle", self.aisles)):
            for number, row in enumerate(rows):
                if any(units < 0 for units in row.values()):
                    raise Invalid(f"{what} {number}: units can't be negative", what)


@dataclass(frozen=True, slots=True)
class Wave:
    """Orders and aisles (counted from 0), the units an aisle, a bound on them, and whether it is proven."""

    orders: tuple[int, ...]
    aisles: tuple[int, ...]
    value: float
    bound: float

    @property
    def is_proven(self) -> bool:
        """Whether no wave is better."""
        return self.bound <= self.value + 1e-6


@dataclass(frozen=True, slots=True)
class Block:
    """A warehouse block of parallel aisles with a cross aisle at each end.

    Parameters
    ----------
    aisles
        How many there are.
    length
        Of an aisle, in metres.
    pitch
        Between neighbouring aisles, in metres.
    """

    aisles: int
    length: float
    pitch: float

    def __post_init__(self) -> None:
        """Refuse what is no block."""
        if self.aisles < 1 or not self.length > 0 or not self.pitch > 0:
            raise Invalid("a block needs at least one aisle, and a length and pitch above 0", "block")


Point = tuple[int, float]
"""An aisle (from 0) and metres from its front."""
MOST_CROSSINGS = 5
"""Cross aisles, front and back included: with each one more the exact walk takes several times as long."""


@dataclass(frozen=True, slots=True)
class WalkProblem:
    """Picks to be fetched in one walk.

    Parameters
    ----------
    picks
        Where each is.
    start
        Where the walk begins and ends.
    cross
        Cross aisles between the front and the back, in metres from the front, in order.
    """

    block: Block
    picks: tuple[Point, ...]
    start: Point = (0, 0.0)
    cross: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what lies outside the block, by the pick's number."""
        inside = (0.0, *self.cross, self.block.length)
        if any(not low < high for low, high in pairwise(inside)):
            raise Invalid("cross aisles must lie between front and back, each further than the one before", "cross_m")
        if len(inside) > MOST_CROSSINGS:
            raise Invalid(
                f"at most {MOST_CROSSINGS - 2} cross aisles between front and back are planned with", "cross_m"
            )
        for what, (aisle, at) in (("the start", self.start), *((f"pick {k}", one) for k, one in enumerate(self.picks))):
            if not 0 <= aisle < self.block.aisles or not 0 <= at <= self.block.length:
                raise Invalid(f"{what}: aisle {aisle} at {at} m lies outside the block", "picks")

    @property
    def crossings(self) -> tuple[float, ...]:
        """All cross aisles, front and back included."""
        return (0.0, *self.cross, self.block.length)


@dataclass(frozen=True, slots=True)
class PickRoute:
    """The shortest walk from the start past every pick and back.

    Parameters
    ----------
    metres
        Its length.
    picks
        Numbers of the picks (from 0), in the order in which they are fetched.
    path
        Where it turns and where it stops: the start, corners and picks, and the start again.
    """

    metres: float
    picks: tuple[int, ...]
    path: tuple[Point, ...] = ()
