"""Packs a GGUF file's weights again, in a form that this processor multiplies faster, and says what it costs.

llama.cpp has quick kernels for Q8_0 and Q4_0 on CPUs, and slow ones for some of what is published (Q4_1, Q5_0).
"""

from pathlib import Path
from typing import Any

import numpy as np

from yunqi.cloud.models.engine.weights.gguf import GgufFile
from yunqi.cloud.models.engine.weights.gguf_pack import packed, plain
from yunqi.cloud.models.engine.weights.gguf_write import GgufTensor, write_gguf
from yunqi.cloud.models.service.opening import load
from yunqi.kernel import Invalid

KINDS = {"q8_0": ("Q8_0", 7), "q4_0": ("Q4_0", 2)}
_OUTER = ("token_embd.weight", "output.weight")


def repack(source: Path, target: Path, *, kind: str = "q8_0") -> int:
    """Write a file of the same model packed anew, and return its bytes; embeddings keep 8 bits.

    Raises
    ------
    Invalid
        When the kind is unknown.
    BadCheckpoint
        When the file is damaged.
    """
    if kind not in KINDS:
        raise Invalid(f"{kind!r} is no packing; use one of {', '.join(KINDS)}.", param="kind")
    name, number = KINDS[kind]
    file = GgufFile(source)
    values = {**file.values, "general.file_type": number, "general.quantization_version": 2}
    return write_gguf(target, values, [_item(file, tensor, name) for tensor in file.names()])


def _item(file: GgufFile, tensor: str, kind: str) -> GgufTensor:
    shape = file.shape(tensor)
    if len(shape) < 2 or shape[-1] % 32 or not tensor.endswith(".weight"):
        return plain(tensor, file.tensor(tensor))
    return packed(tensor, shape, "Q8_0" if tensor in _OUTER else kind, lambda: file.tensor(tensor))


def perplexity(path: Path, text: str, *, most: int = 448) -> float:
    """Return the perplexity of a file's weights on a text, exactly computed, on at most so many tokens."""
    model = load(path)
    if model.tokenizer is None:
        raise Invalid(f"{path} carries no tokenizer.")
    ids = model.tokenizer.encode(text)[:most]
    logits: Any = model.logits(ids)[:-1].astype(np.float64)
    peak = logits.max(-1)
    chances = logits[np.arange(len(ids) - 1), ids[1:]] - peak - np.log(np.exp(logits - peak[:, None]).sum(-1))
    return float(np.exp(-chances.mean()))
