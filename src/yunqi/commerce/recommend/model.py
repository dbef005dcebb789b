"""The nouns of recommendations."""

from dataclasses import dataclass

from yunqi.commerce.ranking import Answer


@dataclass(frozen=True, slots=True)
class Section:
    """A strip of a page; ``id`` is the surface."""

    id: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class NeighboursRebuilt:
    """Which products go together was counted again, from ``visits`` visits, and waits in ``file``."""

    file: str
    visits: int
    products: int
    seq: int


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild counted."""

    visits: int
    products: int
    seconds: float
