"""The NPU lab's verbs."""

from yunqi.labs.npu.service.deploying import SimulatedChip
from yunqi.labs.npu.service.npu import Compiled, Npu

__all__ = ["Compiled", "Npu", "SimulatedChip"]
