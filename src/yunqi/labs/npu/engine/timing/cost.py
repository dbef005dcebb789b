"""Cycles of one layer on one core.

A product of ``positions x reduction`` by ``reduction x outputs`` takes one cycle for each block of rows x columns x
pixels of the array. Around it: the element-wise stages, the memory banks, and the ring that brings what other cores hold.
"""

from dataclasses import dataclass
from enum import Enum

from yunqi.labs.npu.model import Chip, Engine, Layer, Split, Work

BANK_BYTES = 128
WAVE = 4  # images a core handles on one broadcast of a layer's weights


class Batching(Enum):
    """How images are given to cores."""

    BATCH = "batch"
    """Each core has its own images; weights are broadcast once a wave of images."""
    SPLIT = "split"
    """All cores share one image, for the shortest latency."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Cycles of a layer.

    Parameters
    ----------
    engine
        Cycles that the array, the pooling or the memory engine is busy with one image's share on one core.
    stages, banks, ring
        Cycles that the element-wise stages, the memory banks and the ring need meanwhile.
    total
        From start to end: the slowest of them, start-up, and the barrier when cores share the image.
    split
        How the image is divided.
    """

    engine: int
    stages: int
    banks: int
    ring: int
    total: int
    split: Split


def layer_cost(layer: Layer, chip: Chip, *, batching: Batching, split: Split = Split.NONE) -> Cost:
    """Return the cost of a layer on one core.

    Parameters
    ----------
    split
        With `Batching.SPLIT`: by rows (neighbours exchange edges, weights are broadcast) or by channels (inputs are).
    """
    shares = chip.cores if batching is Batching.SPLIT and split is not Split.NONE else 1
    if layer.engine is Engine.HOST or (layer.engine is Engine.MEMORY and not layer.work.moved_bytes):
        return Cost(0, 0, 0, 0, 0, split)
    engine = engine_cycles(layer, chip, split=split, shares=shares)
    written = -(-layer.output_elements // shares)
    stages = -(-written * max(1, _binaries(layer)) // chip.vector_lanes) if layer.work.macs else 0
    banks = -(-_traffic(layer, chip) // shares // (chip.sram_banks // chip.cores * BANK_BYTES))
    ring = _ring_cycles(layer, chip, batching, split)
    total = max(engine, stages, banks, ring) + chip.startup_cycles
    if batching is Batching.SPLIT:
        total += chip.barrier_cycles
    return Cost(engine, stages, banks, ring, total, split)


def engine_cycles(layer: Layer, chip: Chip, *, split: Split, shares: int) -> int:
    """Return the cycles of a layer's own engine for one core's share."""
    work = layer.work
    if work.macs:
        return product_cycles(work, chip, passes=layer.passes, rows=layer.rows, split=split, shares=shares)
    if layer.engine is Engine.POOLING:
        return _share(work.pooled_elements, shares, chip.pooling_lanes)
    if layer.engine is Engine.MEMORY:
        return _share(work.moved_bytes, shares, chip.memory_bytes_per_cycle)
    return _share(work.vector_elements * max(1, work.vector_steps), shares, chip.vector_lanes)


def product_cycles(
    work: Work, chip: Chip, *, passes: int = 1, rows: int = 1, split: Split = Split.NONE, shares: int = 1
) -> int:
    """Return the array's cycles of a product; each operand of 16 bits doubles the passes of 8 bits."""
    outputs, positions, groups = work.outputs, work.positions, work.groups
    if split is Split.ROWS:
        positions = -(-positions // rows) * -(-rows // shares)
    elif split is Split.CHANNELS and groups > 1:
        groups = -(-groups // shares)
    elif split is Split.CHANNELS:
        outputs = -(-outputs // shares)
    reduction = -(-work.reduction // chip.rows)
    if work.depthwise:  # each column of the array slides its window over its own channel
        return passes * reduction * -(-groups * outputs // chip.columns) * -(-positions // chip.pixels)
    return passes * groups * reduction * -(-outputs // chip.columns) * -(-positions // chip.pixels)


def _share(amount: int, shares: int, lanes: int) -> int:
    own = -(-amount // shares)
    return -(-own // lanes)


def _binaries(layer: Layer) -> int:
    return sum(len(stage.inputs) > 1 and stage.op not in ("Clip",) for stage in layer.stages)


def _traffic(layer: Layer, chip: Chip) -> int:
    """Bytes between banks and engine: inputs once for each pass over output channels, weights and outputs once."""
    passes = -(-layer.work.outputs // chip.columns) if layer.work.macs and not layer.work.depthwise else 1
    touched = min(layer.main_bytes, layer.work.positions * layer.work.reduction * layer.work.groups)  # a stride skips
    return touched * (passes - 1) + layer.input_bytes + layer.weight_bytes // WAVE + layer.output_bytes


def _ring_cycles(layer: Layer, chip: Chip, batching: Batching, split: Split) -> int:
    """What the ring brings: three quarters of the weights lie with other cores, both directions carry them."""
    if chip.cores == 1:
        return 0
    both, away = 2 * chip.ring_bytes_per_cycle, (chip.cores - 1) / chip.cores
    if batching is Batching.BATCH:
        return int(layer.weight_bytes * away / both / WAVE)
    if split is Split.ROWS:
        return int((layer.weight_bytes * away + 2 * layer.halo_bytes) / both)
    return int(layer.main_bytes * away / both)  # a residual is divided by channels already
