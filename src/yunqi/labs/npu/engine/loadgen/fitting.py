"""The one fit: the link's efficiency from MLPerf Offline."""

from yunqi.labs.npu.engine.chips import vary
from yunqi.labs.npu.engine.loadgen.device import device_of
from yunqi.labs.npu.engine.loadgen.scenarios import run_scenario
from yunqi.labs.npu.model import Chip, Graph, Program, Scenario


def fit_link(graph: Graph, program: Program, chip: Chip, *, offline_ips: float) -> float:
    """Return the link efficiency at which Offline gives ``offline_ips``; by bisection, in (0.01, 1)."""
    low, high = 0.01, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        device = device_of(graph, program, vary(chip, link_efficiency=middle))
        if run_scenario(Scenario.OFFLINE, device).value < offline_ips:
            low = middle
        else:
            high = middle
    return (low + high) / 2
