"""What a GGUF file of the dense Qwen and Llama shapes holds: metadata, tokenizer, and weights rounded to codes.

A weight matrix is stored row by row; Q8_0 and Q4_0 cut each row into blocks of 32 weights with one float16 scale.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yunqi.cloud.models import BadCheckpoint, GgufTensor, gguf_name, gguf_paired
from yunqi.kernel.errors import Invalid

FILE_TYPES = {"F16": 1, "Q4_0": 2, "Q8_0": 7}
BLOCK = 32
_TYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q8_0": 8}
_ARCHITECTURES = {"qwen3": "qwen3", "qwen2": "qwen2", "llama": "llama"}


@dataclass(frozen=True, slots=True)
class Coded:
    """A matrix as whole numbers and scales.

    Parameters
    ----------
    codes
        Shape [rows, columns], -8..7 or -127..127.
    scales
        Shape [rows, columns / group], float16.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float16]
    bits: int

    def values(self) -> NDArray[np.float32]:
        """Return the matrix that the codes stand for."""
        rows, columns = self.codes.shape
        grouped = self.codes.reshape(rows, self.scales.shape[1], -1).astype(np.float32)
        return (grouped * self.scales.astype(np.float32)[:, :, None]).reshape(rows, columns)


def nearest(matrix: NDArray[np.float32], *, bits: int, group: int = BLOCK) -> Coded:
    """Round a matrix [rows, columns] to the nearest codes, with one scale for each ``group`` weights of a row.

    The rule is llama.cpp's: eight bits are symmetric; four bits let the largest weight be -8.
    """
    rows, columns = matrix.shape
    if columns % group:
        raise Invalid(f"A matrix of {columns} columns cannot be cut into groups of {group}.", param="group")
    grouped = matrix.reshape(rows, columns // group, group).astype(np.float32)
    scales = scales_of(grouped, bits=bits)
    inverse = np.divide(1.0, scales.astype(np.float32), out=np.zeros(scales.shape, np.float32), where=scales != 0)
    low, high = limits(bits)
    codes = np.clip(np.rint(grouped * inverse[:, :, None]), low, high).astype(np.int8)
    return Coded(codes.reshape(rows, columns), scales, bits)


def scales_of(grouped: NDArray[np.float32], *, bits: int) -> NDArray[np.float16]:
    """Return the scale of each group [..., group]."""
    if bits == 8:
        eighth: NDArray[np.float16] = (np.abs(grouped).max(-1) / 127).astype(np.float16)
        return eighth
    place = np.abs(grouped).argmax(-1)[..., None]
    found: NDArray[np.float16] = (np.take_along_axis(grouped, place, -1)[..., 0] / -8).astype(np.float16)
    return found


def limits(bits: int) -> tuple[int, int]:
    """Return the smallest and largest code."""
    return (-127, 127) if bits == 8 else (-8, 7)


def packed(coded: Coded) -> bytes:
    """Return the bytes of a matrix as Q8_0 or Q4_0 blocks."""
    blocks = coded.codes.reshape(-1, BLOCK)
    scales = coded.scales.reshape(-1, 1).view(np.uint8).reshape(-1, 2)
    if coded.bits == 8:
        return np.concatenate([scales, blocks.view(np.uint8)], axis=1).tobytes()
    shifted = (blocks + 8).astype(np.uint8)
    nibbles = shifted[:, : BLOCK // 2] | shifted[:, BLOCK // 2 :] << 4
    return np.concatenate([scales, nibbles], axis=1).tobytes()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A byte-level BPE as GGUF keeps it.

    Parameters
    ----------
    special
        Ids of control tokens.
    end
        The token that ends an answer.
    """

    tokens: tuple[str, ...]
    merges: tuple[str, ...]
    special: frozenset[int]
    end: int
    padding: int
    chat_template: str


def metadata(
    config: Mapping[str, Any], vocabulary: Vocabulary, *, name: str, licence: str, quantisation: str
) -> dict[str, Any]:
    """Return the file's metadata.

    Parameters
    ----------
    config
        The checkpoint's config.json.

    Raises
    ------
    Invalid
        For an architecture that has no place in the format.
    """
    kind = _architecture(config)
    heads = config["num_attention_heads"]
    width = config.get("head_dim") or config["hidden_size"] // heads
    rope = config.get("rope_parameters") or config
    whole = {
        "block_count": config["num_hidden_layers"], "context_length": config["max_position_embeddings"],
        "embedding_length": config["hidden_size"], "feed_forward_length": config["intermediate_size"],
        "attention.head_count": heads, "attention.head_count_kv": config.get("num_key_value_heads", heads),
        "attention.key_length": width, "attention.value_length": width, "vocab_size": config["vocab_size"],
        "rope.dimension_count": width,
    }  # fmt: skip
    return {
        "general.architecture": kind,
        "general.name": name,
        "general.license": licence,
        "general.file_type": FILE_TYPES[quantisation],
        **{f"{kind}.{key}": int(value) for key, value in whole.items()},
        f"{kind}.rope.freq_base": float(rope.get("rope_theta", 10_000.0)),
        f"{kind}.attention.layer_norm_rms_epsilon": float(config["rms_norm_eps"]),
        **_tokenizer(vocabulary, int(config["vocab_size"])),
    }


def stored(
    config: Mapping[str, Any], tensors: Mapping[str, NDArray[np.float32]], quantisation: str, coded: Mapping[str, Coded]
) -> Iterator[GgufTensor]:
    """Yield the weights as the file keeps them.

    Parameters
    ----------
    tensors
        By their names in the checkpoint.
    coded
        Matrices whose codes were chosen elsewhere, as by GPTQ; they are kept bit for bit.

    Raises
    ------
    Invalid
        For a weight that has no place in the format.
    """
    kind = _architecture(config)
    for path, values in tensors.items():
        yield _stored(kind, config, path, values, quantisation, coded.get(path))


def _architecture(config: Mapping[str, Any]) -> str:
    kind = _ARCHITECTURES.get(str(config.get("model_type")))
    if kind is None:
        raise Invalid(f"GGUF export knows {', '.join(_ARCHITECTURES)}, not {config.get('model_type')!r}.", param="base")
    return kind


def _stored(
    kind: str, config: Mapping[str, Any], path: str, values: NDArray[np.float32], quantisation: str, coded: Coded | None
) -> GgufTensor:
    try:
        name = gguf_name(path)
    except BadCheckpoint as error:
        raise Invalid(str(error), param="base") from None
    if values.ndim == 1:
        return _tensor(name, values.shape, "F32", values.astype(np.float32).tobytes())
    if kind == "llama" and path.endswith(("q_proj.weight", "k_proj.weight")):
        heads = config["num_attention_heads"] if "q_proj" in path else config["num_key_value_heads"]
        values, coded = gguf_paired(values, heads), None
    if coded is not None:
        return _tensor(name, values.shape, "Q8_0" if coded.bits == 8 else "Q4_0", packed(coded))
    if quantisation == "F16" or values.shape[1] % BLOCK:
        return _tensor(name, values.shape, "F16", values.astype(np.float16).tobytes())
    bits = 8 if quantisation == "Q8_0" or name in ("token_embd.weight", "output.weight") else 4
    return _tensor(name, values.shape, "Q8_0" if bits == 8 else "Q4_0", packed(nearest(values, bits=bits)))


def _tensor(name: str, shape: tuple[int, ...], kind: str, data: bytes) -> GgufTensor:
    return GgufTensor(name, shape, _TYPES[kind], len(data), lambda: data)


def _tokenizer(vocabulary: Vocabulary, size: int) -> dict[str, Any]:
    missing = range(len(vocabulary.tokens), size)
    kinds = [3 if number in vocabulary.special else 1 for number in range(len(vocabulary.tokens))] + [5] * len(missing)
    found = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "qwen2",
        "tokenizer.ggml.tokens": [*vocabulary.tokens, *(f"[PAD{number}]" for number in missing)],
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.merges": list(vocabulary.merges),
        "tokenizer.ggml.eos_token_id": vocabulary.end,
        "tokenizer.ggml.padding_token_id": vocabulary.padding,
        "tokenizer.ggml.add_bos_token": False,
    }
    return found | ({"tokenizer.chat_template": vocabulary.chat_template} if vocabulary.chat_template else {})
