"""Nouns as plain documents, for JSON on the command line, over HTTP and in the console."""

from collections.abc import Sequence
from typing import Any

from yunqi.labs.npu.engine.chips import load_chip
from yunqi.labs.npu.engine.plots import roofline
from yunqi.labs.npu.engine.sweep import Variant
from yunqi.labs.npu.engine.timing import Batching
from yunqi.labs.npu.engine.timing.energy import area_of, energy_of
from yunqi.labs.npu.engine.timing.timeline import simulate, utilisation
from yunqi.labs.npu.engine.timing.views import layer_rows, memory_over_time, roofs
from yunqi.labs.npu.model import Chip, Engine, Layer, LoadReport, Wide
from yunqi.labs.npu.service.npu import Compiled
from yunqi.labs.npu.service.widening import Widening


def compiled_document(compiled: Compiled, *, layers: bool = False) -> dict[str, Any]:
    """Return what `yunqi npu compile` prints: segments, memory, refusals, pace; layers when asked for."""
    program, pace = compiled.program, compiled.pace
    document: dict[str, Any] = {
        "network": program.network,
        "chip": compiled.chip.name,
        "bits": program.bits,
        "batch": program.batch,
        "assumed_dimensions": dict(program.assumed),
        "macs": program.macs,
        "inputs": {name: list(compiled.graph.shape(name)) for name in program.inputs},
        "outputs": {name: list(compiled.graph.shape(name)) for name in program.outputs},
        "segments": [
            {
                "place": segment.place,
                "layers": len(segment.layers),
                "first": segment.layers[0],
                "last": segment.layers[-1],
                "inputs": list(segment.inputs),
                "outputs": list(segment.outputs),
                "input_bytes": segment.input_bytes,
                "output_bytes": segment.output_bytes,
                "macs": segment.macs,
            }
            for segment in program.segments
        ],
        "instructions": len(program.chip_layers),
        "sram_peak": program.memory.peak,
        "sram": {
            "capacity": program.memory.capacity,
            "peak": program.memory.peak,
            "weights": program.memory.weight_bytes,
            "activations_peak": program.memory.activation_peak,
            "chips": max(program.memory.chips, pace.chips),
        },
        "refusals": [
            {"node": refusal.node, "op": refusal.op, "reason": refusal.reason, "way_out": refusal.way_out}
            for refusal in program.refusals
        ],
        "pace": {
            "peak_ips": pace.peak_ips,
            "one_image_us": pace.split_s * 1e6,
            "cycles": pace.batch_cycles,
            "utilisation": pace.utilisation,
        },
    }
    if layers:
        document["layers"] = [layer_document(layer) for layer in program.layers]
    return document


def layer_document(layer: Layer) -> dict[str, Any]:
    """Return a layer as a row."""
    return {
        "name": layer.name,
        "operation": layer.label,
        "engine": layer.engine.value,
        "macs": layer.work.macs,
        "weight_bytes": layer.weight_bytes if layer.engine is not Engine.HOST else 0,
        "input_bytes": layer.input_bytes,
        "output_bytes": layer.output_bytes,
    }


def profile_document(compiled: Compiled, *, split: bool = False) -> dict[str, Any]:
    """Return layers, utilisation, energy, area, roofs, timeline and memory over time: what the console shows."""
    program, pace, chip = compiled.program, compiled.pace, compiled.chip
    batching = Batching.SPLIT if split else Batching.BATCH
    timeline = simulate(program, chip, batching=batching)
    energy = energy_of(program, chip, images_per_second=pace.peak_ips, graph=compiled.graph)
    area = area_of(chip, load_chip())
    peak, bandwidth = roofs(chip)
    start = min((span.start for span in timeline.spans if span.core == 0), default=0)
    return {
        "network": program.network,
        "chip": chip.name,
        "batching": batching.value,
        "peak_ips": pace.peak_ips,
        "one_image_us": pace.split_s * 1e6,
        "utilisation": pace.utilisation,
        "engines": utilisation(timeline, chip),
        "cycles": timeline.cycles - start,
        "synchronisations": timeline.tokens,
        "energy": {
            "joules_per_image": energy.joules,
            "watts": energy.watts,
            "images_per_joule": energy.images_per_joule,
        },
        "area_mm2": {"total": area.total, "array": area.array, "sram": area.sram, "rest": area.rest},
        "roofs": {"operations_per_s": peak, "bytes_per_s": bandwidth},
        "layers": layer_rows(program, pace, chip),
        "memory": {
            "capacity": program.memory.capacity,
            "weights": program.memory.weight_bytes,
            "steps": memory_over_time(program),
            "blocks": [
                {"name": b.name, "kind": b.kind, "offset": b.offset, "size": b.size, "first": b.first, "last": b.last}
                for b in program.memory.blocks
            ],
        },
        "timeline": [
            {"core": s.core, "engine": s.engine, "layer": s.layer, "tile": s.tile, "start": s.start, "end": s.end}
            for s in timeline.spans
            if s.core <= 0
        ],
        "clock_hz": chip.clock_hz,
    }


def roofline_plot(compiled: Compiled) -> str:
    """Return a roofline plot of a network's layers, as SVG."""
    peak, bandwidth = roofs(compiled.chip)
    rows = layer_rows(compiled.program, compiled.pace, compiled.chip)
    points = [(row["intensity"], row["tops"] * 1e12, f"{row['layer']} {row['operation']}") for row in rows]
    title = f"{compiled.program.network} on {compiled.chip.name} (model)"
    return roofline(points, peak=peak, bandwidth=bandwidth, title=title)


def chip_document(chip: Chip) -> dict[str, Any]:
    """Return a chip's parameters with basis and source."""
    rows = [
        {"name": p.name, "value": p.value, "unit": p.unit, "basis": p.basis.value, "source": p.source}
        for p in chip.parameters
    ]
    return {"name": chip.name, "peak_tops": chip.peak_tops, "parameters": rows}


def sweep_rows(variants: Sequence[Variant]) -> list[dict[str, Any]]:
    """Return designs as rows."""
    return [
        {
            **dict(one.changes),
            "peak_ips": one.peak_ips,
            "one_image_us": one.latency_us,
            "watts": one.watts,
            "images_per_joule": one.images_per_joule,
            "area_mm2": one.area_mm2,
            "utilisation": one.utilisation,
            "fits": one.fits,
            "best": one.best,
        }
        for one in variants
    ]


def load_document(report: LoadReport) -> dict[str, Any]:
    """Return a load report as the command line and the API show it; latencies in milliseconds."""
    return {
        "scenario": report.scenario.value,
        "network": report.network,
        "system": report.system,
        "metric": report.metric,
        "value": report.value,
        "unit": report.unit,
        "valid": report.valid,
        "simulated": report.simulated,
        "queries": report.queries,
        "samples": report.samples,
        "duration_s": report.duration_s,
        "latency_ms": {name: seconds * 1e3 for name, seconds in report.latency_s.items()},
        "rules": {
            "min_queries": report.rules.min_queries,
            "min_duration_s": report.rules.min_duration_s,
            "latency_ms": report.rules.latency_s * 1e3,
            "percentile": report.rules.percentile,
            "interval_ms": report.rules.interval_s * 1e3,
        },
        "notes": list(report.notes),
    }


def wide_document(wide: Wide) -> dict[str, list[str]]:
    """Return which products' inputs and weights take 16 bits, as `--widths` and requests read it."""
    return {"inputs": sorted(wide.inputs), "weights": sorted(wide.weights)}


def widening_document(found: Widening) -> dict[str, Any]:
    """Return what was widened, what it costs, and what the verifying inputs show."""
    low, high = found.mixed.interval()
    scores = found.mixed.classifies
    return {
        "wanted": {"agreement": found.aim.agreement, "error": found.aim.error, "confidence": found.aim.confidence},
        "met": found.met,
        "verified_on": found.mixed.inputs,
        "agreement": found.mixed.agreement if scores else None,
        "agreement_interval": [low, high] if scores else None,
        "expected_agreement": found.mixed.expected if scores else None,
        "confidence": found.mixed.confidence(found.aim.agreement) if scores and found.aim.agreement else None,
        "relative_error": found.mixed.error,
        "narrow_agreement": found.narrow.agreement if scores else None,
        "narrow_relative_error": found.narrow.error,
        "products": found.products,
        "widths": wide_document(found.wide),
        "steps": [
            {"product": step.product, "operands": list(step.operands), "error": step.lost**0.5, "cycles": step.cycles}
            for step in found.steps
        ],
        "images_per_second": {"8_bits": found.narrow_ips, "mixed": found.mixed_ips, "16_bits": found.wide_ips},
    }
