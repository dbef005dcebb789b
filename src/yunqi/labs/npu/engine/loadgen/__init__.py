"""MLPerf's four scenarios over the timing model, with LoadGen's rules in simulated time."""

from yunqi.labs.npu.engine.loadgen.device import Device, device_of
from yunqi.labs.npu.engine.loadgen.fitting import fit_link
from yunqi.labs.npu.engine.loadgen.rules import RULES, latencies, poisson_arrivals
from yunqi.labs.npu.engine.loadgen.scenarios import run_scenario

__all__ = ["RULES", "Device", "device_of", "fit_link", "latencies", "poisson_arrivals", "run_scenario"]
