"""What is packed, into what, and where each piece ended up."""

import enum
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from yunqi.kernel.errors import Invalid


class Rotation(enum.StrEnum):
    """Which edge of an item lies along which axis of the bin: ``yxz`` lays its second edge along the first axis."""

    XYZ = "xyz"
    YXZ = "yxz"
    ZYX = "zyx"
    YZX = "yzx"
    XZY = "xzy"
    ZXY = "zxy"

    def turn(self, size: tuple[int, int, int]) -> tuple[int, int, int]:
        """Return the extents along the bin's axes of an item of ``size`` turned this way."""
        x, y, z = ("xyz".index(axis) for axis in self.value)
        return size[x], size[y], size[z]


UPRIGHT = (Rotation.XYZ, Rotation.YXZ)
"""The rotations that keep an item's third edge vertical."""


@dataclass(frozen=True, slots=True)
class Item:
    """A kind of box to be packed.

    Parameters
    ----------
    id
        Its name in the order or the file.
    size
        Its three edges, in the unit of the bin (whole numbers).
    copies
        How many there are.
    rotations
        How it may be turned; ``UPRIGHT`` for "this side up".
    weight
        Of one copy, in grams.
    bearing
        Grams a square unit of its top may carry; ``None`` for any load, 0 for "nothing on top" (fragile).
    stop
        Its place in the unloading order: 1 leaves first. 0 when the order does not matter.
    """

    id: str
    size: tuple[int, int, int]
    copies: int = 1
    rotations: tuple[Rotation, ...] = tuple(Rotation)
    weight: int = 0
    bearing: float | None = None
    stop: int = 0

    def __post_init__(self) -> None:
        """Refuse what can't be a box."""
        if min(self.size) <= 0:
            raise Invalid(f"item {self.id}: every edge must be above 0, not {self.size}", "size")
        if self.copies < 0 or self.weight < 0 or self.stop < 0 or (self.bearing or 0) < 0:
            raise Invalid(f"item {self.id}: copies, weight, bearing and stop can't be negative", "items")
        if not self.rotations:
            raise Invalid(f"item {self.id}: allow at least one rotation", "rotations")

    @property
    def volume(self) -> int:
        """Of one copy, in cubic units."""
        return self.size[0] * self.size[1] * self.size[2]


@dataclass(frozen=True, slots=True)
class Axles:
    """Where a vehicle's two axle groups stand below the load floor, and what each may carry.

    Parameters
    ----------
    front, rear
        Distance from the bin's origin along its first axis, in the unit of the bin.
    front_limit, rear_limit
        In grams, of the load alone.
    """

    front: int
    rear: int
    front_limit: int
    rear_limit: int

    def __post_init__(self) -> None:
        """Refuse axles that can't carry."""
        if self.front == self.rear or min(self.front_limit, self.rear_limit) <= 0:
            raise Invalid("axles: the two positions must differ and both limits be above 0", "axles")

    def loads(self, moments: list[tuple[int, float]]) -> tuple[float, float]:
        """Return the loads of front and rear axle in grams, from (grams, position of the centre) of each piece."""
        total = float(sum(grams for grams, _ in moments))
        rear = sum(grams * (at - self.front) for grams, at in moments) / (self.rear - self.front)
        return total - rear, rear


@dataclass(frozen=True, slots=True)
class Bin:
    """A carton, pallet or container. Its first axis runs to the door, its third up.

    Parameters
    ----------
    size
        Inner extents, whole numbers of any unit of length.
    copies
        How many there are; 0 for as many as needed.
    payload
        What it may carry, in grams; ``None`` for any weight.
    cost
        What using one costs, in minor units of the shop's currency; compared when several kinds would do.
    """

    id: str
    size: tuple[int, int, int]
    copies: int = 1
    payload: int | None = None
    cost: int = 0
    axles: Axles | None = None

    def __post_init__(self) -> None:
        """Refuse what can't hold anything."""
        if min(self.size) <= 0:
            raise Invalid(f"bin {self.id}: every extent must be above 0, not {self.size}", "size")
        if self.copies < 0 or self.cost < 0 or (self.payload is not None and self.payload <= 0):
            raise Invalid(f"bin {self.id}: copies, cost and payload can't be negative", "bins")

    @property
    def volume(self) -> int:
        """In cubic units."""
        return self.size[0] * self.size[1] * self.size[2]


@dataclass(frozen=True, slots=True)
class PackingProblem:
    """Items and bins.

    Parameters
    ----------
    support
        Whether every piece must stand with its whole base on the floor or on other pieces.
    """

    items: tuple[Item, ...]
    bins: tuple[Bin, ...]
    support: bool = True

    def __post_init__(self) -> None:
        """Refuse empty problems and names that stand twice."""
        if not self.items or not self.bins:
            raise Invalid("nothing to pack: give at least one item and one bin", "items")
        for what, names in (("item", [i.id for i in self.items]), ("bin", [b.id for b in self.bins])):
            twice = [name for name, times in Counter(names).items() if times > 1]
            if twice:
                raise Invalid(f"{what} {twice[0]} stands twice; give each its own id", what)


@dataclass(frozen=True, slots=True)
class Placement:
    """One piece: the corner nearest the bin's origin, and its extents along the bin's axes."""

    item: str
    x: int
    y: int
    z: int
    dx: int
    dy: int
    dz: int


@dataclass(frozen=True, slots=True)
class Load:
    """What lies in one bin."""

    bin: str
    number: int
    placements: tuple[Placement, ...]


@dataclass(frozen=True, slots=True)
class Packing:
    """The answer to a packing problem.

    Parameters
    ----------
    left
        How many copies of each item stay outside, and why.
    bound
        An upper bound of ``use``: what no packing can exceed.
    """

    loads: tuple[Load, ...]
    use: float
    left: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    bound: float = 1.0
    seconds: float = 0.0
