"""What is decided on the floor of a warehouse: batches of orders, places of products, refills of the pick face."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from yunqi.commerce.logistics.model.warehouse import Block
from yunqi.kernel.errors import Invalid


class Walk(StrEnum):
    """How a picker goes: the shortest way, or through every aisle that holds a pick (S-shape)."""

    EXACT = "exact"
    S_SHAPE = "s_shape"


@dataclass(frozen=True, slots=True)
class PickOrder:
    """An order to pick.

    Parameters
    ----------
    picks
        Aisle (from 0) and metres from the front, of each line.
    load
        What it takes of the cart, in the cart's unit.
    """

    id: str
    picks: tuple[tuple[int, float], ...]
    load: int

    def __post_init__(self) -> None:
        """Refuse an order without picks or with a load that isn't above 0."""
        if not self.picks or self.load <= 0:
            raise Invalid(f"order {self.id}: it needs at least one pick and a load above 0", "orders")

    def check_inside(self, block: Block) -> None:
        """Refuse picks that lie outside a block."""
        for aisle, at in self.picks:
            if not 0 <= aisle < block.aisles or not 0 <= at <= block.length:
                raise Invalid(f"order {self.id}: aisle {aisle} at {at} m lies outside the block", "orders")


@dataclass(frozen=True, slots=True)
class BatchProblem:
    """Orders to divide into batches, each walked by one picker with one cart.

    Parameters
    ----------
    capacity
        Of the cart.
    """

    block: Block
    orders: tuple[PickOrder, ...]
    capacity: int
    walk: Walk = Walk.EXACT

    def __post_init__(self) -> None:
        """Refuse, by the order's name, what no cart or block can hold."""
        if not self.orders or self.capacity <= 0:
            raise Invalid("batches need orders and a cart with a capacity above 0", "orders")
        seen = set()
        for order in self.orders:
            if order.id in seen:
                raise Invalid(f"order {order.id} stands twice", "orders")
            seen.add(order.id)
            if order.load > self.capacity:
                raise Invalid(f"order {order.id}: load {order.load} is above the cart's {self.capacity}", "orders")
            order.check_inside(self.block)


@dataclass(frozen=True, slots=True)
class Batch:
    """Orders that are picked in one walk, its metres, and the load of the cart."""

    orders: tuple[str, ...]
    metres: float
    load: int


@dataclass(frozen=True, slots=True)
class Batching:
    """Batches with their total walk, a bound that no batching is below, and two simpler ways for comparison.

    Parameters
    ----------
    first_come
        Metres when orders are batched as they come.
    savings
        Metres of the savings method alone (Clarke and Wright's rule on batches).
    """

    batches: tuple[Batch, ...]
    metres: float
    bound: float
    first_come: float
    savings: float

    @property
    def gap(self) -> float:
        """How far the walk is above the bound, as a share of the walk."""
        return (self.metres - self.bound) / self.metres if self.metres else 0.0


@dataclass(frozen=True, slots=True)
class Location:
    """A pick location: aisle, metres from the front, and the heaviest (g) and highest (mm) product that it takes."""

    id: str
    aisle: int
    at: float
    most_g: int = 10**9
    most_mm: int = 10**9


@dataclass(frozen=True, slots=True)
class Product:
    """A product to place: weight of a unit (g), height (mm), cubic space of its stock (any unit, 0: unknown)."""

    id: str
    weight_g: int = 0
    height_mm: int = 0
    cube: float = 0.0

    def __post_init__(self) -> None:
        """Refuse negative sizes."""
        if self.weight_g < 0 or self.height_mm < 0 or not 0 <= self.cube < math.inf:
            raise Invalid(f"product {self.id}: weight, height and cube can't be negative", "products")


@dataclass(frozen=True, slots=True)
class SlotProblem:
    """Products to place, from the history of orders.

    Parameters
    ----------
    orders
        The products of each past order, oldest first.
    current
        Where products lie today, by product; may be empty.
    pinned
        Products that stay where they are.
    held_out
        Share of the newest orders that the placement never sees and is judged by.
    """

    block: Block
    locations: tuple[Location, ...]
    products: tuple[Product, ...]
    orders: tuple[tuple[str, ...], ...]
    current: Mapping[str, str]
    pinned: frozenset[str] = frozenset()
    held_out: float = 0.25

    def __post_init__(self) -> None:
        """Refuse, by name, what can't be placed."""
        _unique("location", [one.id for one in self.locations])
        _unique("product", [one.id for one in self.products])
        if not self.products or not self.orders or not 0 <= self.held_out < 1:
            raise Invalid("slotting needs products, past orders and a held-out share from 0 to below 1", "orders")
        if len(self.products) > len(self.locations):
            raise Invalid(f"{len(self.products)} products need more than {len(self.locations)} locations", "locations")
        for one in self.locations:
            if not 0 <= one.aisle < self.block.aisles or not 0 <= one.at <= self.block.length:
                raise Invalid(f"location {one.id}: aisle {one.aisle} at {one.at} m lies outside the block", "locations")
        self._check_names()

    def _check_names(self) -> None:
        products, places = {one.id: one for one in self.products}, {one.id: one for one in self.locations}
        for number, order in enumerate(self.orders):
            for product in order:
                if product not in products:
                    raise Invalid(f"orders[{number}]: product {product} is not among the products", "orders")
        taken: dict[str, str] = {}
        for product, place in self.current.items():
            if product not in products or place not in places:
                raise Invalid(f"current: {product} at {place}: no such product or location", "current")
            if place in taken:
                raise Invalid(f"current: {product} and {taken[place]} lie both at {place}", "current")
            taken[place] = product
        for product in self.pinned:
            if product not in self.current:
                raise Invalid(f"pinned: product {product} has no place in current", "pinned")
        for product, place in ((one, self.current[one]) for one in sorted(self.pinned)):
            if not allows(places[place], products[product]):
                raise Invalid(f"pinned: product {product} is too heavy or too high for {place}", "pinned")


@dataclass(frozen=True, slots=True)
class Slotting:
    """Where each product goes, and the mean walk of an order in metres: on the orders learned from, and on those held out.

    Parameters
    ----------
    places
        Location by product.
    peer
        What is compared with: the most asked-for products (by cube) nearest to the depot; ``today`` the current places.
    moves
        Products whose place differs from today's.
    """

    places: Mapping[str, str]
    learned: float
    held_out: float
    peer_learned: float
    peer_held_out: float
    today_held_out: float | None
    moves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PickFace:
    """The forward location of a product: what lies there, when it is refilled and up to what; ``case`` units come at once."""

    product: str
    on_hand: int
    least: int
    most: int
    case: int = 1

    def __post_init__(self) -> None:
        """Refuse levels that are out of order."""
        if not 0 <= self.least <= self.most or self.on_hand < 0 or self.case < 1 or self.most < 1:
            raise Invalid(
                f"pick face {self.product}: 0 <= least <= most, most and case from 1, on_hand from 0", "faces"
            )


@dataclass(frozen=True, slots=True)
class Lot:
    """Stock in reserve; the lot with the lowest ``rank`` (as the day it expires) goes first."""

    id: str
    product: str
    units: int
    rank: int = 0

    def __post_init__(self) -> None:
        """Refuse an empty lot."""
        if self.units <= 0:
            raise Invalid(f"lot {self.id}: units must be above 0", "lots")


@dataclass(frozen=True, slots=True)
class PickWave:
    """Picking that starts at a minute and takes units of products from their faces."""

    id: str
    start: int
    units: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RefillProblem:
    """Pick faces, reserve and the waves to come.

    Parameters
    ----------
    minutes
        That one refill takes one worker.
    workers
        Who refill.
    """

    faces: tuple[PickFace, ...]
    lots: tuple[Lot, ...]
    waves: tuple[PickWave, ...]
    minutes: int
    workers: int

    def __post_init__(self) -> None:
        """Refuse names that stand twice or nowhere, and negative units."""
        _unique("pick face", [one.product for one in self.faces])
        _unique("lot", [one.id for one in self.lots])
        _unique("wave", [one.id for one in self.waves])
        faces = {one.product for one in self.faces}
        if not self.faces or self.minutes <= 0 or self.workers <= 0:
            raise Invalid("refills need pick faces, and minutes and workers above 0", "faces")
        for lot in self.lots:
            if lot.product not in faces:
                raise Invalid(f"lot {lot.id}: product {lot.product} has no pick face", "lots")
        for wave in self.waves:
            for product, units in wave.units.items():
                if product not in faces:
                    raise Invalid(f"wave {wave.id}: product {product} has no pick face", "waves")
                if units < 0:
                    raise Invalid(f"wave {wave.id}: {product}: units can't be negative", "waves")
            if wave.start < 0:
                raise Invalid(f"wave {wave.id}: it starts before minute 0", "waves")


@dataclass(frozen=True, slots=True)
class Refill:
    """A task: units of a lot to the face of a product.

    Parameters
    ----------
    due
        Minute by which it has to be done; the start of the wave that needs it.
    start, end
        When a worker does it; ``end`` above ``due`` is late.
    urgent
        Whether the wave would run short without it; else it only restores the least level.
    """

    product: str
    lot: str
    units: int
    wave: str
    due: int
    start: int
    end: int
    worker: int
    urgent: bool


@dataclass(frozen=True, slots=True)
class RefillPlan:
    """Tasks in the order of their due times, what no stock is there for (wave, product, units), and how late the latest is."""

    tasks: tuple[Refill, ...]
    short: tuple[tuple[str, str, int], ...]
    latest: int


def allows(place: Location, product: Product) -> bool:
    """Whether a location takes a product."""
    return product.weight_g <= place.most_g and product.height_mm <= place.most_mm


def _unique(what: str, names: list[str]) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise Invalid(f"{what} {name} stands twice", what)
        seen.add(name)
