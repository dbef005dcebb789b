"""Writes a model file as a graph: weights packed, tokenizer and template beside it; whole or not at all."""

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino as ov

from yunqi.cloud.models.engine.adapter import Adapter
from yunqi.cloud.models.engine.lineage.rotary import frequencies
from yunqi.cloud.models.engine.paged.graph import decoder, unsupported
from yunqi.cloud.models.engine.paged.packing import Floats
from yunqi.cloud.models.engine.tokens.template import CHATML
from yunqi.cloud.models.engine.weights.adapters import read_adapter
from yunqi.cloud.models.service.loaded import LoadedModel
from yunqi.cloud.models.service.opening import load
from yunqi.cloud.models.service.paged.compiled import ABOUT, GRAPH, TILES, TOKENIZER, WIDE_GRAPH, flags
from yunqi.kernel import Error, Invalid

MOST_WHOLE = 1 << 30
"""Bytes of linear layers in 16 bits up to which a second graph has them whole: it takes that much memory."""


def export(source: Path, folder: Path, *, bits: int = 8, adapters: Sequence[Path] = ()) -> None:
    """Write the graph of a checkpoint folder or GGUF file, and of a small model a second one for steps of many tokens.

    Parameters
    ----------
    folder
        What to make; one that is there already is replaced when all is written.
    bits
        8 (and 4 for what loses nothing by it), 4, or 32 to keep the weights as they are.
    adapters
        Folders of adapters that requests may choose; they keep 32 bits.

    Raises
    ------
    BadCheckpoint
        When the files are damaged.
    Invalid
        When the member cannot be written as a graph, or carries no tokenizer.
    """
    model = load(source, dtype="stored")
    if reason := unsupported(model.spec):
        raise Invalid(f"{source} cannot be written as a graph: {reason}. Use the engine llama.cpp.")
    if model.tokenizer is None:
        raise Invalid(f"{source} carries no tokenizer, so it cannot be served.")
    if adapters and any(model.spec.text.sparse):
        raise Invalid(f"{source} has experts, and adapters beside those are not written as a graph yet. Use llama.cpp.")
    shapes = {name: tuple(value.shape) for name, value in model.module.state_dict().items()}
    ways = [read_adapter(one, shapes) for one in adapters]
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        _write(model, made, bits, ways)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _write(model: LoadedModel, folder: Path, bits: int, adapters: Sequence[Adapter]) -> None:
    text = model.spec.text
    held = dict(model.module.state_dict())

    def weight(name: str) -> Floats | None:
        found = held.get(name)
        return None if found is None else np.ascontiguousarray(found.float().numpy())

    inverse, factor = frequencies(text, text.context)
    whole = 2 * sum(value.numel() for name, value in held.items() if name.endswith("_proj.weight"))
    second = bits < 16 and not any(text.sparse) and whole <= MOST_WHOLE and TILES in flags()
    for name, width in ((GRAPH, bits), *([(WIDE_GRAPH, 16)] if second else [])):
        graph = decoder(text, weight, inverse.numpy(), factor, bits=width, adapters=adapters)
        ov.save_model(graph, folder / name, compress_to_fp16=False)
    if model.tokenizer is not None:
        model.tokenizer.save(folder / TOKENIZER)
    about = {
        "template": model.extras.template or CHATML,
        "specials": model.extras.specials,
        "ends": sorted(model.extras.ends),
        "vocabulary": text.vocabulary,
        "context": text.context,
        "ranks": [adapter.rank for adapter in adapters],
    }
    (folder / ABOUT).write_text(json.dumps(about), encoding="utf-8")


def main() -> None:
    """Write what the command line names: a file, a folder, the bits, and folders of adapters."""
    source, folder, bits, *adapters = sys.argv[1:]
    try:
        export(Path(source), Path(folder), bits=int(bits), adapters=[Path(one) for one in adapters])
    except Error as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main()
