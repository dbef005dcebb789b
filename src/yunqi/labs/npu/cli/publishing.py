"""``yunqi npu`` publish."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from yunqi.kernel import Invalid
from yunqi.labs.npu.cli.options import (
    Agreement,
    AsJson,
    Batch,
    Bits,
    Change,
    ChipName,
    Chips,
    Confidence,
    Deviation,
    File,
    Inputs,
    Judges,
    Mean,
    OpenApp,
    Pictures,
    RecipeName,
    RecipeOption,
    Shape,
    Tolerance,
    Views,
    compiled_for,
    feeds_for,
    judges_for,
    preparation_for,
    print_document,
    quantised_for,
)  # fmt: skip
from yunqi.labs.npu.model import Aim, Graph, Recipe
from yunqi.labs.npu.service import Npu
from yunqi.labs.npu.service.documents import widening_document
from yunqi.labs.npu.service.pictures import Preparation
from yunqi.labs.npu.service.publishing import Provenance, publish
from yunqi.labs.npu.service.quantising import Feeds

MOST_TESTED = 256  # pictures of a folder that the agreement is measured on
_RANDOM = "random inputs, which say nothing about accuracy"


def publishing_commands(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the command that publishes a compiled network."""

    @app.command(
        "publish",
        help="Quantise, compile and keep a network in the hub. Example: yunqi npu publish net.onnx --pictures photos",
    )
    def publish_(
        file: File,
        name: Annotated[str, typer.Option(help="Name in the hub; by default the file's.")] = "",
        inputs: Inputs = None, pictures: Pictures = None, mean: Mean = "127.5", deviation: Deviation = "127.5",
        test: Annotated[Path | None, typer.Option(help="Held-out inputs (.npz or a folder) for the agreement.")] = None,
        recipe: RecipeOption = RecipeName.VENDOR, agreement: Agreement = 0.0, tolerance: Tolerance = 0.0,
        confidence: Confidence = 0.0, judge: Judges = None, views: Views = 1,
        licence: Annotated[str, typer.Option(help="The network's licence, for its card.")] = "",
        batch: Batch = 1, shape: Shape = [], bits: Bits = 8, chips: Chips = 1, chip: ChipName = "",  # noqa: B006
        change: Change = [],  # noqa: B006
        as_json: AsJson = False,
    ) -> None:  # fmt: skip
        preparation, aim = preparation_for(mean, deviation), Aim(agreement, tolerance, confidence)
        with open_app() as opened:
            npu, label = opened.npu, name or file.stem.lower()
            opened.hub.require_free(label)
            compiled = compiled_for(npu, file, batch, shape, bits, chips, chip, change)
            feeds = feeds_for(npu, compiled.graph, inputs, pictures, preparation, views=views)
            held_out = feeds if test is None else _held_out(npu, compiled.graph, test, preparation)
            original, given = compiled.graph, inputs or pictures
            compiled, quantised, widened = quantised_for(
                npu, compiled, feeds, recipe, Recipe(bits=bits), synthetic=given is None, aim=aim,
                judges=judges_for(npu, original, judge, preparation, views),
            )  # fmt: skip
            found = npu.agreement(compiled, quantised, held_out, original=original)
            source = _RANDOM if given is None else given.name
            tested = f"{test.name}, not seen by the quantiser" if test else f"the same inputs ({source})"
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            provenance = Provenance(file.name, digest, licence, source, tested)
            published = preparation if pictures is not None or (test is not None and test.is_dir()) else None
            installed, manifest = publish(
                opened.hub,
                label,
                compiled,
                quantised,
                found,
                provenance,
                published,
                original=original,
                widening=None if widened is None else widening_document(widened),
            )
        document = {"asset": installed.asset.id, "path": installed.path, "sha256": installed.asset.sha256, **manifest}
        pace, agreed = manifest["predicted"], manifest["agreement"]
        row = {
            "asset": installed.asset.id, "top1": agreed["top1"], "cosine": agreed["cosine"],
            "simulated_ms": pace["latency_ms"], "simulated_mj": pace["joules"] * 1e3,
            "sram_mb": manifest["sram_peak"] / 2**20,
        }  # fmt: skip
        print_document(document, as_json, [row])


def _held_out(npu: Npu, graph: Graph, test: Path, preparation: Preparation) -> Feeds:
    if not test.is_dir() and test.suffix not in (".npz", ".npy"):
        raise Invalid(f"--test takes a .npz file or a folder of pictures, not {test}.", "test")
    inputs, pictures = (None, test) if test.is_dir() else (test, None)
    return feeds_for(npu, graph, inputs, pictures, preparation, most=MOST_TESTED)
