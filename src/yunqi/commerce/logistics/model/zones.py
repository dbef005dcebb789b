"""Zone picking: a block divided among pickers, each with aisles of their own beside one another."""

import math
from dataclasses import dataclass

from yunqi.commerce.logistics.model.floor import PickOrder
from yunqi.commerce.logistics.model.warehouse import Block
from yunqi.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class ZoneProblem:
    """Orders that pass from zone to zone, one picker in each; every zone is a run of aisles.

    Parameters
    ----------
    orders
        Past orders, oldest first.
    zones
        How many pickers there are.
    metres_per_second
        How fast they walk (1.0 is an assumption).
    seconds_per_pick
        What a pick takes once the picker is there (10 is an assumption).
    held_out
        Share of the newest orders that the zones never see and are judged by.
    """

    block: Block
    orders: tuple[PickOrder, ...]
    zones: int
    metres_per_second: float = 1.0
    seconds_per_pick: float = 10.0
    held_out: float = 0.25

    def __post_init__(self) -> None:
        """Refuse, by the order's name, what lies outside the block, and more zones than aisles."""
        if not self.orders or not 0 <= self.held_out < 1:
            raise Invalid("zones need past orders and a held-out share from 0 to below 1", "orders")
        if not 1 <= self.zones <= self.block.aisles:
            raise Invalid(f"{self.block.aisles} aisles make 1 to {self.block.aisles} zones, not {self.zones}", "zones")
        if not 0 < self.metres_per_second < math.inf or not 0 <= self.seconds_per_pick < math.inf:
            raise Invalid(
                "pickers need a pace above 0 m/s, and seconds a pick that are not negative", "metres_per_second"
            )
        seen = set()
        for order in self.orders:
            if order.id in seen:
                raise Invalid(f"order {order.id} stands twice", "orders")
            seen.add(order.id)
            order.check_inside(self.block)

    @property
    def learned(self) -> tuple[PickOrder, ...]:
        """The orders that decide."""
        return self.orders[: len(self.orders) - int(len(self.orders) * self.held_out)]

    @property
    def judged(self) -> tuple[PickOrder, ...]:
        """The newest orders, which only judge."""
        return self.orders[len(self.learned) :]


@dataclass(frozen=True, slots=True)
class Zone:
    """A run of aisles, what its picker has to do for the orders learned from, and how many of them come here.

    Parameters
    ----------
    first, last
        Aisles, from 0, both inside.
    """

    first: int
    last: int
    seconds: float
    orders: int


@dataclass(frozen=True, slots=True)
class Divided:
    """What so many zones come to: the busiest picker's seconds and everybody's, on orders learned from and held out."""

    zones: int
    busiest: float
    total: float
    busiest_held_out: float
    handovers: float
    """Zones that an order passes beyond its first, on average."""


@dataclass(frozen=True, slots=True)
class Zoning:
    """Zones in which the busiest picker has least to do, and among these the ones with least work in all.

    Parameters
    ----------
    ways
        The best division into one zone, two, and so on up to as many as were asked for.
    equal_held_out
        The busiest picker's seconds on the orders held out, with as many aisles in each zone.
    """

    zones: tuple[Zone, ...]
    ways: tuple[Divided, ...]
    equal: float
    equal_held_out: float
