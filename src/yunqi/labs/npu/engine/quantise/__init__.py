"""From a float graph to the chip's integers: calibration, recipe, equalisation, levelling, rounding, export."""

from yunqi.labs.npu.engine.quantise.calibrating import Range, calibrate, float_outputs, float_session
from yunqi.labs.npu.engine.quantise.compensating import compensate, with_biases
from yunqi.labs.npu.engine.quantise.equalising import equalise
from yunqi.labs.npu.engine.quantise.exporting import to_onnx
from yunqi.labs.npu.engine.quantise.flowing import Flow
from yunqi.labs.npu.engine.quantise.judging import Judged, classifies, inputs_needed, judged
from yunqi.labs.npu.engine.quantise.levelling import level, spreads
from yunqi.labs.npu.engine.quantise.masking import soften
from yunqi.labs.npu.engine.quantise.qdq import Activations, to_qdq
from yunqi.labs.npu.engine.quantise.recipe import quantise
from yunqi.labs.npu.engine.quantise.widening import MOST_CHIPS, Mixed, Outputs, Step, quick_outputs, shortest, wide_of

__all__ = [
    "MOST_CHIPS",
    "Activations",
    "Flow",
    "Judged",
    "Mixed",
    "Outputs",
    "Range",
    "Step",
    "calibrate",
    "classifies",
    "compensate",
    "equalise",
    "float_outputs",
    "float_session",
    "inputs_needed",
    "judged",
    "level",
    "quantise",
    "quick_outputs",
    "shortest",
    "soften",
    "spreads",
    "to_onnx",
    "to_qdq",
    "wide_of",
    "with_biases",
]
