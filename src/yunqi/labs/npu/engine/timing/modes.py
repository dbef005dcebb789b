"""The whole chip's pace: images a second with each core on its own image, and the latency of one image over all cores."""

from dataclasses import dataclass

from yunqi.labs.npu.engine.timing.cost import Batching, Cost, layer_cost
from yunqi.labs.npu.engine.timing.pipeline import stages
from yunqi.labs.npu.model import Chip, Engine, Layer, Program, Split


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a program runs on the chip, host left out.

    Parameters
    ----------
    batch_cycles
        Cycles of one run of the program on one core, each core on its own.
    split_cycles
        Cycles of one run when all cores share it.
    batch_costs, split_costs
        Per layer, in program order.
    peak_ips, split_s
        Images a second with data on the chip; seconds of one image over all cores. Chips form a pipeline: its pace is
        the slowest stage's, and an image crosses the link between stages.
    chips
        Stages of the pipeline.
    """

    batch_cycles: int
    split_cycles: int
    batch_costs: tuple[Cost, ...]
    split_costs: tuple[Cost, ...]
    peak_ips: float
    split_s: float
    utilisation: float
    chips: int = 1


def pace_of(program: Program, chip: Chip) -> Pace:
    """Return the pace of a program on a chip."""
    layers = program.chip_layers
    batch = tuple(layer_cost(layer, chip, batching=Batching.BATCH) for layer in layers)
    split = tuple(_best_splits(layers, chip))
    batch_cycles = sum(cost.total for cost in batch)
    split_cycles = sum(cost.total for cost in split)
    parts = stages(program, batch)
    slowest = max((sum(batch[place].total for place in part) for part in parts), default=0)
    seconds = slowest / chip.clock_hz  # stages on several chips work on different images at the same time
    hops = sum(chip.link_latency_s + layers[part[-1]].output_bytes / chip.link_bandwidth for part in parts[:-1])
    ideal = program.macs / chip.macs_per_cycle
    return Pace(
        batch_cycles=batch_cycles,
        split_cycles=split_cycles,
        batch_costs=batch,
        split_costs=split,
        peak_ips=program.batch * chip.cores / seconds if seconds else 0.0,
        split_s=split_cycles / chip.clock_hz + chip.launch_s + hops,
        utilisation=ideal / slowest / len(parts) if slowest else 0.0,
        chips=len(parts),
    )


def _best_splits(layers: tuple[Layer, ...], chip: Chip) -> list[Cost]:
    """Choose rows or channels for each layer; a change of division costs an exchange over the ring."""
    best: dict[Split, tuple[int, list[Cost]]] = {Split.ROWS: (0, []), Split.CHANNELS: (0, [])}
    for layer in layers:
        options = {
            split: layer_cost(layer, chip, batching=Batching.SPLIT, split=split)
            for split in (Split.ROWS, Split.CHANNELS)
        }
        if layer.engine in (Engine.POOLING, Engine.MEMORY):
            options = dict.fromkeys(options, options[Split.ROWS])  # these follow the data's division
        moved = int(layer.main_bytes * (chip.cores - 1) / chip.cores / chip.cores / (2 * chip.ring_bytes_per_cycle))
        following = {}
        for split, cost in options.items():
            came = min(best, key=lambda old: best[old][0] + (moved if old is not split else 0))
            total = best[came][0] + (moved if came is not split else 0) + cost.total
            following[split] = (total, [*best[came][1], cost])
        best = following
    return min(best.values(), key=lambda option: option[0])[1]
