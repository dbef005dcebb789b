"""Constants of a graph."""

from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import ArrayLike, NDArray
from openvino import opset13 as op
from openvino.op import Constant

from yunqi.cloud.models.engine.paged.packing import nibbles


def whole(values: ArrayLike) -> ov.Node:
    """Return whole numbers of 64 bits."""
    return op.constant(np.asarray(values, dtype=np.int64))


def four_bits(values: NDArray[Any]) -> ov.Node:
    """Return values from 0 to 15 as numbers of 4 bits."""
    tensor = ov.Tensor(nibbles(values.astype(np.uint8)), list(values.shape), ov.Type.u4)
    return Constant(tensor, shared_memory=False)
