"""Design-space exploration: variants of the chip, what each does on a network, and which none beats."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from yunqi.labs.npu.engine.chips import vary
from yunqi.labs.npu.engine.compile import compile_network
from yunqi.labs.npu.engine.timing import pace_of
from yunqi.labs.npu.engine.timing.energy import area_of, energy_of
from yunqi.labs.npu.model import Chip, DoesNotFit, Graph


@dataclass(frozen=True, slots=True)
class Variant:
    """One design and its figures.

    Parameters
    ----------
    best
        Whether no other design has more images a second on less area with less energy.
    """

    changes: tuple[tuple[str, float], ...]
    peak_ips: float
    latency_us: float
    watts: float
    images_per_joule: float
    area_mm2: float
    utilisation: float
    fits: bool
    best: bool = False


def sweep(graph: Graph, chip: Chip, axes: Mapping[str, Sequence[float]], *, bits: int = 8) -> list[Variant]:
    """Return every combination of the values, in order.

    Parameters
    ----------
    axes
        Values to try for each parameter of the chip; lanes follow the array so that the stages keep up with it.
    """
    names = list(axes)
    found = [
        _variant(graph, chip, dict(zip(names, values, strict=True)), bits)
        for values in itertools.product(*axes.values())
    ]
    return _marked(found)


def _variant(graph: Graph, chip: Chip, changes: dict[str, float], bits: int) -> Variant:
    other = vary(chip, **changes)
    follow = {"vector_lanes": other.columns * other.pixels, "pooling_lanes": other.rows * other.pixels}
    other = vary(other, **{name: value for name, value in follow.items() if name not in changes})
    label = tuple(sorted(changes.items()))
    area = area_of(other, chip).total
    try:
        program = compile_network(graph, other, bits=bits)
    except DoesNotFit:
        return Variant(label, 0.0, 0.0, 0.0, 0.0, area, 0.0, fits=False)
    pace = pace_of(program, other)
    energy = energy_of(program, chip, images_per_second=pace.peak_ips)
    return Variant(
        label,
        pace.peak_ips,
        pace.split_s * 1e6,
        energy.watts,
        energy.images_per_joule,
        area,
        pace.utilisation,
        fits=True,
    )


def _marked(variants: Iterable[Variant]) -> list[Variant]:
    every = list(variants)
    found = []
    for one in every:
        beaten = any(
            other.peak_ips >= one.peak_ips and other.area_mm2 <= one.area_mm2
            and (other.peak_ips > one.peak_ips or other.area_mm2 < one.area_mm2)
            for other in every
            if other.fits
        )  # fmt: skip
        values = (one.peak_ips, one.latency_us, one.watts, one.images_per_joule, one.area_mm2, one.utilisation)
        found.append(Variant(one.changes, *values, fits=one.fits, best=one.fits and not beaten))
    return found
