"""Nouns as plain documents, for JSON on the command line, over HTTP and in the console."""

from typing import Any

from yunqi.labs.npu.model import Engine, Layer, LoadReport
from yunqi.labs.npu.service.npu import Compiled


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
            "chips": program.memory.chips,
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
