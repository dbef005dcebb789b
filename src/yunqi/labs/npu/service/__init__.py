"""The NPU lab's verbs."""

from yunqi.labs.npu.service.npu import Compiled, Npu

__all__ = ["Compiled", "Npu"]
