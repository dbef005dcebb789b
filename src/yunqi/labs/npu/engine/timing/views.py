"""What the timeline is shown as: a Perfetto trace, a roofline, the memory map over time, rows for each layer."""

from typing import Any

from yunqi.labs.npu.engine.timing.cost import BANK_BYTES, WAVE
from yunqi.labs.npu.engine.timing.modes import Pace
from yunqi.labs.npu.engine.timing.timeline import Timeline
from yunqi.labs.npu.model import Chip, Engine, Layer, Program


def perfetto(timeline: Timeline, chip: Chip) -> dict[str, Any]:
    """Return the timeline in Chrome's trace format, which Perfetto opens; times in microseconds."""
    tracks: dict[tuple[int, str], int] = {}
    events: list[dict[str, Any]] = []
    for span in timeline.spans:
        key = (span.core, span.engine)
        if key not in tracks:
            tracks[key] = len(tracks) + 1
        events.append(
            {
                "name": span.layer,
                "cat": span.engine,
                "ph": "X",
                "pid": span.core + 1,
                "tid": tracks[key],
                "ts": span.start / chip.clock_hz * 1e6,
                "dur": (span.end - span.start) / chip.clock_hz * 1e6,
                "args": {"tile": span.tile, "cycles": span.end - span.start},
            }
        )
    names: list[dict[str, Any]] = []
    for (core, engine), track in tracks.items():
        process = f"core {core}" if core >= 0 else "host side"
        names.append({"name": "process_name", "ph": "M", "pid": core + 1, "args": {"name": process}})
        names.append({"name": "thread_name", "ph": "M", "pid": core + 1, "tid": track, "args": {"name": engine}})
    return {"traceEvents": [*names, *events], "displayTimeUnit": "ns"}


def layer_rows(program: Program, pace: Pace, chip: Chip) -> list[dict[str, Any]]:
    """Return cycles, utilisation and what bounds each layer on the chip."""
    rows = []
    for layer, cost in zip(program.chip_layers, pace.batch_costs, strict=True):
        parts = {"engine": cost.engine, "stages": cost.stages, "memory banks": cost.banks, "ring": cost.ring}
        ideal = layer.work.macs / chip.macs_per_cycle
        rows.append(
            {
                "layer": layer.name,
                "operation": layer.label,
                "engine": layer.engine.value,
                "cycles": cost.total,
                "utilisation": ideal / cost.total if cost.total else 0.0,
                "bound_by": max(parts, key=lambda name: parts[name]) if cost.total else "nothing",
                "intensity": intensity(layer),
                "tops": 2 * layer.work.macs / (cost.total / chip.clock_hz) / 1e12 * chip.cores if cost.total else 0.0,
            }
        )
    return rows


def intensity(layer: Layer) -> float:
    """Return operations for each byte that the layer moves between memory and engine."""
    moved = layer.input_bytes + layer.output_bytes + layer.weight_bytes // WAVE
    return 2 * layer.work.macs / moved if moved else 0.0


def roofs(chip: Chip) -> tuple[float, float]:
    """Return the chip's roofs: operations a second, and bytes a second of all memory banks."""
    return chip.peak_tops * 1e12, chip.sram_banks * BANK_BYTES * chip.clock_hz


def memory_over_time(program: Program) -> list[dict[str, Any]]:
    """Return the bytes in use at each step of the program, and the blocks that hold them."""
    steps = []
    for step, layer in enumerate(program.layers):
        if layer.engine is Engine.HOST:
            continue
        live = [block for block in program.memory.blocks if block.first <= step <= block.last]
        steps.append({"step": step, "layer": layer.name, "bytes": sum(block.size for block in live)})
    return steps
