"""A compiled network in the hub: one archive with the float network, the integers, the program, its card and lineage."""

import dataclasses
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yunqi.cloud.hub import Asset, Hub, Installed
from yunqi.labs.npu.engine.artifact import Artifact, pack, unpack
from yunqi.labs.npu.engine.compile import assemble, compile_network, lower, to_text
from yunqi.labs.npu.engine.timing.energy import energy_of
from yunqi.labs.npu.model import Graph, NetworkRefused, QuantisedGraph
from yunqi.labs.npu.service.agreeing import Agreement
from yunqi.labs.npu.service.npu import Compiled
from yunqi.labs.npu.service.pictures import Preparation

FORM = "npu"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a published network comes from.

    Parameters
    ----------
    source
        Name of the ONNX file.
    sha256
        Its digest.
    calibrated_on, tested_on
        What the quantiser looked at, and what the agreement was measured on.
    """

    source: str
    sha256: str
    licence: str
    calibrated_on: str
    tested_on: str


def publish(
    hub: Hub, name: str, compiled: Compiled, quantised: QuantisedGraph, found: Agreement, provenance: Provenance,
    preparation: Preparation | None, *, original: Graph | None = None, widening: dict[str, Any] | None = None,
) -> tuple[Installed, dict[str, Any]]:  # fmt: skip
    """Publish a compiled, quantised network; returns the asset and its manifest.

    Parameters
    ----------
    original
        The float network before its recipe rewrote it.
    widening
        What was widened and why, as `widening_document` tells it.

    Raises
    ------
    Conflict
        When the name belongs to an asset that was not compiled here.
    """
    from yunqi.labs.npu.engine.quantise import to_onnx, to_qdq

    manifest = _manifest(compiled, quantised, found, provenance, preparation) | {"widening": widening}
    text = program_text(compiled)
    files = {
        "network.onnx": to_onnx(original or quantised.graph).SerializeToString(),
        "quantised.onnx": to_qdq(compiled.program, quantised).SerializeToString(),
        "program.npuasm": text.encode(),
        "program.npu": assemble(text),
    }
    data = pack(compiled.program, quantised, compiled.chip, manifest=manifest, files=files)
    asset = Asset(
        id=name, family=compiled.program.network, architecture=compiled.chip.name,
        parameters=sum(value.elements for value in compiled.graph.parameters() if value.is_float),
        quantisation=f"INT{compiled.program.bits}", context=0, licence=provenance.licence or "not stated",
        licence_source="given when published" if provenance.licence else "none", size=len(data),
        sha256=hashlib.sha256(data).hexdigest(), filename=f"{name}.npu.zip", chat=False, form=FORM,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / asset.filename
        path.write_bytes(data)
        installed = hub.publish_compiled(path, asset=asset, card=card(name, manifest), lineage=_lineage(manifest))
    return installed, manifest


def reopened(data: bytes) -> tuple[Artifact, Compiled]:
    """Read an archive and compile it again, for what it was compiled for.

    Raises
    ------
    NetworkRefused
        When it is damaged, or this release compiles it to another program than the one that was published.
    """
    artifact = unpack(data)
    graph = artifact.quantised.graph
    program = compile_network(graph, artifact.chip, bits=artifact.bits, wide=artifact.wide, chips=artifact.chips)
    compiled = Compiled(graph, program, artifact.chip)
    if program_text(compiled) != artifact.program:
        raise NetworkRefused(
            f"This release compiles {graph.name!r} to another program than the one that was published. Publish it again."
        )
    return artifact, compiled


def program_text(compiled: Compiled) -> str:
    """Return the chip's program as text."""
    splits = [cost.split for cost in compiled.pace.split_costs]
    return to_text(lower(compiled.graph, compiled.program, splits=splits))


def predicted(compiled: Compiled) -> dict[str, float]:
    """Return what the timing model says of one run: milliseconds from the call to the answer, joules, images a second."""
    alone = compiled.device.alone_s()
    batch = max(1, compiled.program.batch)
    return {
        "latency_ms": alone * batch * 1e3,
        "joules": _joules(compiled, 1 / alone) * batch,
        "peak_ips": compiled.pace.peak_ips,
    }


def _joules(compiled: Compiled, images_per_second: float) -> float:
    program, chip = compiled.program, compiled.chip
    return energy_of(program, chip, images_per_second=images_per_second, graph=compiled.graph).joules


def _manifest(
    compiled: Compiled, quantised: QuantisedGraph, found: Agreement, provenance: Provenance,
    preparation: Preparation | None,
) -> dict[str, Any]:  # fmt: skip
    program, graph = compiled.program, compiled.graph
    recipe = dataclasses.asdict(quantised.recipe)
    return {
        "network": program.network,
        "chip": compiled.chip.name,
        "simulated": True,
        "recipe": {name: getattr(value, "value", value) for name, value in recipe.items()},
        "wide": len(program.widths.wide.names),
        "images": quantised.images,
        "inputs": {name: list(graph.shape(name)) for name in graph.inputs},
        "outputs": {name: list(graph.shape(name)) for name in graph.outputs},
        "pictures": None if preparation is None else dataclasses.asdict(preparation),
        "sram_peak": program.memory.peak,
        "sram_capacity": program.memory.capacity,
        "chips": program.memory.chips,
        "segments": [{"place": one.place, "layers": len(one.layers)} for one in program.segments],
        "refusals": [{"node": one.node, "op": one.op, "reason": one.reason} for one in program.refusals],
        "predicted": predicted(compiled),
        "agreement": dataclasses.asdict(found),
        "provenance": dataclasses.asdict(provenance),
    }


def _lineage(manifest: dict[str, Any]) -> dict[str, Any]:
    kept = ("recipe", "wide", "images", "chip", "provenance")
    return {name: manifest[name] for name in kept} | {
        "metrics": manifest["agreement"], "predicted": manifest["predicted"], "simulated": True, "parents": [],
    }  # fmt: skip


def _widening_rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    paces = found["images_per_second"]
    rows = [
        ("wanted of it", ", ".join(f"{name} {value:g}" for name, value in found["wanted"].items() if value)),
        ("reached", f"{'yes' if found['met'] else 'no'}, on {found['verified_on']} inputs kept apart"),
        ("8 bits, as it is, 16 bits (simulated)", " / ".join(f"{pace:,.0f}" for pace in paces.values()) + " images/s"),
    ]
    if found["agreement"] is not None:
        low, high = found["agreement_interval"]
        rows.append(("agreement there", f"{found['agreement']:.2%}, 95 % interval {low:.2%} to {high:.2%}"))
    return rows


def card(name: str, manifest: dict[str, Any]) -> str:
    """Return the model card as Markdown."""
    found, pace, source = manifest["agreement"], manifest["predicted"], manifest["provenance"]
    host = sum(one["layers"] for one in manifest["segments"] if one["place"] == "host")
    rows = [
        ("network", f"{manifest['network']} ({source['source']}, SHA-256 {source['sha256'][:16]}…)"),
        ("licence", source["licence"] or "not stated"),
        ("compiled for", f"{manifest['chip']}, {manifest['chips']} chip(s)"),
        ("stored in", f"{manifest['recipe']['bits']} bits, {manifest['wide']} products wider"),
        ("calibrated on", f"{manifest['images']} inputs: {source['calibrated_on']}"),
        ("on-chip memory", f"{manifest['sram_peak'] / 2**20:.1f} of {manifest['sram_capacity'] / 2**20:.0f} MB"),
        ("layers on the host", str(host)),
        ("one run (simulated)", f"{pace['latency_ms']:.3f} ms, {pace['joules'] * 1e3:.2f} mJ"),
        ("data on the chip (simulated)", f"{pace['peak_ips']:,.0f} images/s"),
        ("agreement measured on", f"{found['images']} inputs: {source['tested_on']}"),
        ("same largest output as floating point", f"{found['top1']:.1%}"),
        ("relative error", f"{found['error']:.4f}"),
        ("cosine, mean and least", f"{found['cosine']:.4f}, {found['least_cosine']:.4f}"),
    ]
    if manifest["widening"] is not None:
        rows += _widening_rows(manifest["widening"])
    if found["nearest"] is not None:
        rows.append(("nearest other input kept", f"{found['nearest']:.1%}"))
    table = "".join(f"| {label} | {text} |\n" for label, text in rows)
    return (
        f"# {name}\n\nA network quantised and compiled for the {manifest['chip']} NPU. Times and energy come from a timing "
        f"model of the chip, not from silicon; the integers are exact.\n\n| | |\n|---|---|\n{table}"
    )
