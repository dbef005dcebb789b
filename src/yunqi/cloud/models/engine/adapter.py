"""A low-rank adapter (LoRA, Hu and others 2021): a second way beside linear layers, ``y = W x + B A x``."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter, its scale folded into B.

    Parameters
    ----------
    rank
        The widest of its ways; narrower ones are filled up with zeros.
    ways
        By the official name of the linear layer, without ``.weight``: A [rank, in] and B [out, rank].
    """

    rank: int
    ways: Mapping[str, tuple[Floats, Floats]]
