"""Constants of a graph."""

from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import ArrayLike, NDArray
from openvino import opset13 as op
from openvino.op import Constant

from yunqi.cloud.models.engine.paged.packing import Floats, nibbles, pack


def whole(values: ArrayLike) -> ov.Node:
    """Return whole numbers of 64 bits."""
    return op.constant(np.asarray(values, dtype=np.int64))


def packed_weight(values: Floats, bits: int) -> ov.Node:
    """Return weights [..., rows, columns] as a node: in 8 or 4 bits as the plugin multiplies them, or whole (32)."""
    if bits == 32:
        return op.constant(values)
    before = values.shape[:-1]
    found = pack(values.reshape(-1, values.shape[-1]), bits)
    kept, scales = (part.reshape(*before, *part.shape[1:]) for part in (found.values, found.scales))
    if found.zeros is None:
        return op.multiply(op.convert(op.constant(kept), np.float32), op.constant(scales))
    steps = op.subtract(
        *(op.convert(_four_bits(part), np.float16) for part in (kept, found.zeros.reshape(scales.shape)))
    )
    real = op.multiply(steps, op.constant(scales.astype(np.float16)))
    return op.convert(op.reshape(real, whole(values.shape), False), np.float32)


def _four_bits(values: NDArray[Any]) -> ov.Node:
    """Return values from 0 to 15 as numbers of 4 bits."""
    tensor = ov.Tensor(nibbles(values.astype(np.uint8)), list(values.shape), ov.Type.u4)
    return Constant(tensor, shared_memory=False)
