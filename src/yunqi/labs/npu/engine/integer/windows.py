"""Sliding windows of convolutions and pools: padding, strides, dilations as ONNX means them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from yunqi.labs.npu.model import Array


@dataclass(frozen=True, slots=True)
class Window:
    """A sliding window over the last axes of a map.

    Parameters
    ----------
    begins, ends
        Padding before and after each axis.
    outputs
        Positions along each axis.
    """

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    begins: tuple[int, ...]
    ends: tuple[int, ...]
    outputs: tuple[int, ...]


def window_of(
    attributes: dict[str, Any], sizes: Sequence[int], kernel: Sequence[int], outputs: Sequence[int]
) -> Window:
    """Return the window of a node over maps of ``sizes`` that gives maps of ``outputs``."""
    rank = len(sizes)
    strides = tuple(int(n) for n in attributes.get("strides") or [1] * rank)
    dilations = tuple(int(n) for n in attributes.get("dilations") or [1] * rank)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    auto = attributes.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        total = [max(0, (o - 1) * s + r - n) for o, s, r, n in zip(outputs, strides, reach, sizes, strict=True)]
        small = [amount // 2 for amount in total]
        large = [amount - part for amount, part in zip(total, small, strict=True)]
        begins, ends = (small, large) if auto == "SAME_UPPER" else (large, small)
    else:
        pads = [0] * (2 * rank) if auto == "VALID" else list(attributes.get("pads") or [0] * (2 * rank))
        begins, ends = pads[:rank], pads[rank:]
    # what a rounded-up output reads beyond the padding
    needed = [(o - 1) * s + r - n - b for o, s, r, n, b in zip(outputs, strides, reach, sizes, begins, strict=True)]
    ends = [max(e, more) for e, more in zip(ends, needed, strict=True)]
    return Window(tuple(kernel), strides, dilations, tuple(begins), tuple(ends), tuple(outputs))


def windows(data: Array, window: Window, *, fill: int) -> Array:
    """Return a view ``(N, C, *outputs, *kernel)`` of the padded map."""
    rank = len(window.kernel)
    edges = [(0, 0), (0, 0), *zip(window.begins, window.ends, strict=True)]
    if any(before or after for before, after in edges):
        data = np.pad(data, edges, constant_values=fill)
    reach = tuple((k - 1) * d + 1 for k, d in zip(window.kernel, window.dilations, strict=True))
    view = sliding_window_view(data, reach, axis=tuple(range(2, 2 + rank)))
    steps = tuple(slice(None, (o - 1) * s + 1, s) for o, s in zip(window.outputs, window.strides, strict=True))
    taps = tuple(slice(None, None, d) for d in window.dilations)
    return view[(slice(None), slice(None), *steps, *taps)]


def counted(sizes: Sequence[int], window: Window, *, padded: bool = False, pads: Sequence[int] | None = None) -> Array:
    """Return how many elements each window sees: real ones, or with ``padded`` those of the declared padding too.

    Never those that only a rounded-up output reaches.
    """
    ones = np.ones((1, 1, *sizes), np.int64)
    rank = len(window.kernel)
    if padded:
        begins, ends = (pads[:rank], pads[rank:]) if pads else (window.begins, window.ends)
        ones = np.pad(ones, [(0, 0), (0, 0), *zip(begins, ends, strict=True)], constant_values=1)
        rest = tuple(max(0, have - given) for have, given in zip(window.ends, ends, strict=True))
        window = replace(window, begins=(0,) * rank, ends=rest)
    return np.asarray(windows(ones, window, fill=0).sum(axis=tuple(range(-rank, 0))))
