"""The Hanguang 800 NPU as a working tool: quantise, compile, run, predict.

What the chip does with an ONNX network, how long it takes there, and what MLPerf would say; every number of the chip
stands in one parameter file with its source.

>>> from yunqi.labs.npu import Scenario, load_chip
>>> chip = load_chip("hanguang800")
>>> round(chip.peak_tops, 2), chip.sram_bytes >> 20
(825.75, 192)
>>> sorted(scenario.value for scenario in Scenario)
['multi-stream', 'offline', 'server', 'single-stream']
"""

from yunqi.labs.npu.config import NpuConfig
from yunqi.labs.npu.engine.chips import CHIPS, load_chip, vary
from yunqi.labs.npu.model import (
    Basis,
    Chip,
    DoesNotFit,
    Engine,
    ExtraMissing,
    Graph,
    LoadReport,
    NetworkRefused,
    NotSupported,
    Parameter,
    Program,
    Refusal,
    Scenario,
    Segment,
    ShapeUnknown,
)
from yunqi.labs.npu.service import Compiled, Npu, SimulatedChip

__all__ = [
    "CHIPS",
    "Basis",
    "Chip",
    "Compiled",
    "DoesNotFit",
    "Engine",
    "ExtraMissing",
    "Graph",
    "LoadReport",
    "NetworkRefused",
    "NotSupported",
    "Npu",
    "NpuConfig",
    "Parameter",
    "Program",
    "Refusal",
    "Scenario",
    "Segment",
    "ShapeUnknown",
    "SimulatedChip",
    "load_chip",
    "vary",
]
