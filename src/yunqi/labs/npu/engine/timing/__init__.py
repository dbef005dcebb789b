"""How long a program takes: cycles of each layer, the engines' timeline, whole-chip modes, energy."""

from yunqi.labs.npu.engine.timing.cost import Batching, layer_cost
from yunqi.labs.npu.engine.timing.modes import Pace, pace_of

__all__ = ["Batching", "Pace", "layer_cost", "pace_of"]
