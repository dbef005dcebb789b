"""From a float graph to the chip's integers: calibration, recipe, equalisation, export."""

from yunqi.labs.npu.engine.quantise.calibrating import Range, calibrate
from yunqi.labs.npu.engine.quantise.equalising import equalise
from yunqi.labs.npu.engine.quantise.exporting import to_onnx
from yunqi.labs.npu.engine.quantise.masking import soften
from yunqi.labs.npu.engine.quantise.qdq import Activations, to_qdq
from yunqi.labs.npu.engine.quantise.recipe import quantise
from yunqi.labs.npu.engine.quantise.widening import Widening, widen

__all__ = [
    "Activations",
    "Range",
    "Widening",
    "calibrate",
    "equalise",
    "quantise",
    "soften",
    "to_onnx",
    "to_qdq",
    "widen",
]
