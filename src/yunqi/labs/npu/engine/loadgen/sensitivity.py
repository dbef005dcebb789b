"""How much each figure owes to each assumption: halve it, double it, and look."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from yunqi.kernel.errors import Invalid
from yunqi.labs.npu.engine.chips import vary
from yunqi.labs.npu.engine.compile import compile_network
from yunqi.labs.npu.engine.loadgen.device import device_of
from yunqi.labs.npu.engine.loadgen.scenarios import run_scenario
from yunqi.labs.npu.engine.timing import pace_of
from yunqi.labs.npu.model import Basis, Chip, DoesNotFit, Graph, Scenario

FACTORS = (0.5, 2.0)
_IRRELEVANT = ("idle_power_share", "array_area_share", "host_flops", "host_bytes_per_s")


@dataclass(frozen=True, slots=True)
class Figures:
    """The five figures of a network on a chip."""

    offline_ips: float
    peak_ips: float
    single_stream_ms: float
    server_qps: float
    multistream_streams: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What the figures become, as shares of what they are, when one parameter is multiplied by ``factor``."""

    parameter: str
    factor: float
    change: Figures


def figures_of(graph: Graph, chip: Chip) -> Figures:
    """Return the five figures."""
    program = compile_network(graph, chip)
    device = device_of(graph, program, chip)
    values = {scenario: run_scenario(scenario, device).value for scenario in Scenario}
    return Figures(
        values[Scenario.OFFLINE],
        pace_of(program, chip).peak_ips,
        values[Scenario.SINGLE_STREAM],
        values[Scenario.SERVER],
        values[Scenario.MULTI_STREAM],
    )


def sensitivities(
    graph: Graph, chip: Chip, names: Sequence[str] = (), *, seen: Callable[[int, int, str], None] = lambda *_: None
) -> list[Sensitivity]:
    """Return the change of every figure for each assumption (or the named parameters), halved and doubled.

    The fitted number is left as it is, so that the effect of the assumption is seen alone.
    """
    assumed = [p.name for p in chip.parameters if p.basis is Basis.ASSUMED and p.name not in _IRRELEVANT]
    base = figures_of(graph, chip)
    found = []
    wanted = list(names) or assumed
    for place, name in enumerate(wanted):
        for factor in FACTORS:
            try:
                figures = figures_of(graph, vary(chip, **{name: getattr(chip, name) * factor}))
            except (DoesNotFit, Invalid):
                continue
            found.append(Sensitivity(name, factor, _shares(figures, base)))
        seen(place + 1, len(wanted), name)
    return found


def _shares(figures: Figures, base: Figures) -> Figures:
    return Figures(
        figures.offline_ips / base.offline_ips,
        figures.peak_ips / base.peak_ips,
        figures.single_stream_ms / base.single_stream_ms,
        figures.server_qps / base.server_qps,
        figures.multistream_streams / base.multistream_streams,
    )
