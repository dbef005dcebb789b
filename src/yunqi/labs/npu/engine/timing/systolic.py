"""One systolic array, as SCALE-Sim counts it: for comparing a plain array with others' models, layer by layer.

A product of ``positions x reduction`` by ``reduction x outputs`` is folded onto rows x columns. A fold loads what is
stationary (rows cycles; sums that stay in place are not loaded), streams the rest (length), and skews in and out
(rows + columns - 2). The last cycle of the run is not counted, since cycles are numbered from zero.
"""

from enum import Enum

from yunqi.kernel.errors import Invalid


class Dataflow(Enum):
    """What stays in the array."""

    WEIGHTS = "ws"
    OUTPUTS = "os"
    INPUTS = "is"


def systolic_cycles(
    positions: int, reduction: int, outputs: int, *, rows: int, columns: int, dataflow: Dataflow = Dataflow.WEIGHTS
) -> int:
    """Return the cycles of one product on one array.

    Examples
    --------
    >>> systolic_cycles(196, 256, 64, rows=32, columns=32)
    4639
    """
    if min(positions, reduction, outputs, rows, columns) < 1:
        raise Invalid("Every dimension of a product and of an array must be at least 1.", "rows")
    across, down, length = {
        Dataflow.WEIGHTS: (outputs, reduction, positions),
        Dataflow.OUTPUTS: (outputs, positions, reduction),
        Dataflow.INPUTS: (positions, reduction, outputs),
    }[dataflow]
    folds = -(-down // rows) * -(-across // columns)
    load = 0 if dataflow is Dataflow.OUTPUTS else rows
    return folds * (load + rows + columns + length - 2) - 1
