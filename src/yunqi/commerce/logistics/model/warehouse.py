"""Orders, aisles and stock: what a warehouse decides."""

from collections.abc import Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class PickRoute:
    """The shortest walk from the depot (front of aisle 0) past every pick and back, in metres, and the picks in order."""

    metres: float
    picks: tuple[int, ...]
