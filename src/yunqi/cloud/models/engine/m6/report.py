"""How evenly experts are loaded, and how many tokens found no seat."""

from collections.abc import Sequence
from dataclasses import dataclass

from yunqi.cloud.models.engine.m6.routing import Routing


@dataclass(frozen=True, slots=True)
class LayerLoad:
    """One sparse layer.

    Attributes
    ----------
    load
        Tokens that chose each expert.
    capacity
        Seats of each expert.
    dropped
        Share of choices turned away, 0 to 1.
    lost
        Share of tokens turned away by all their experts, 0 to 1.
    variation
        Standard deviation of the load over its mean (the c_v of M6-T); 0 is even.
    """

    load: tuple[int, ...]
    capacity: int
    dropped: float
    lost: float
    variation: float


def loads(routes: Sequence[Routing]) -> tuple[LayerLoad, ...]:
    """Return the load of each sparse layer of one run."""
    return tuple(_load(found) for found in routes)


def _load(found: Routing) -> LayerLoad:
    load = found.load.double()
    mean = float(load.mean())
    variation = float(load.std(correction=0)) / mean if mean else 0.0
    tokens = max(len(found.kept), 1)
    lost = int((~found.kept.any(1)).sum()) / tokens
    dropped = int((~found.kept).sum()) / max(found.kept.numel(), 1)
    counts: list[int] = found.load.tolist()
    return LayerLoad(tuple(counts), found.capacity, dropped, lost, variation)
