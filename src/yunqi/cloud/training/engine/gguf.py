"""Writes GGUF, the file format of llama.cpp, for the dense Qwen and Llama shapes.

Layout after the GGUF specification, version 3: magic, counts, metadata, tensor table, aligned data. A weight matrix is
stored row by row; Q8_0 and Q4_0 cut each row into blocks of 32 weights with one float16 scale.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel.errors import Invalid

FILE_TYPES = {"F16": 1, "Q4_0": 2, "Q8_0": 7}
BLOCK = 32
_ALIGN = 32
_TYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q8_0": 8}
_UINT32, _FLOAT32, _BOOL, _STRING, _ARRAY, _INT32 = 4, 6, 7, 8, 9, 5
_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}  # fmt: skip
_BLOCK_NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip
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


def write_gguf(
    out: IO[bytes], config: Mapping[str, Any], tensors: Mapping[str, NDArray[np.float32]], vocabulary: Vocabulary, *,
    name: str, licence: str, quantisation: str, coded: Mapping[str, Coded] | None = None,
) -> None:  # fmt: skip
    """Write a whole file.

    Parameters
    ----------
    config
        The checkpoint's config.json.
    tensors
        Weights by their names in the checkpoint.
    coded
        Matrices whose codes were chosen elsewhere, as by GPTQ; they are kept bit for bit.

    Raises
    ------
    Invalid
        For an architecture or weight that has no place in the format.
    """
    kind = _ARCHITECTURES.get(str(config.get("model_type")))
    if kind is None:
        raise Invalid(f"GGUF export knows {', '.join(_ARCHITECTURES)}, not {config.get('model_type')!r}.", param="base")
    stored = [_stored(kind, config, path, tensors[path], quantisation, (coded or {}).get(path)) for path in tensors]
    pairs = list(_metadata(kind, config, vocabulary, name, licence, quantisation))
    out.write(b"GGUF" + struct.pack("<IQQ", 3, len(stored), len(pairs)))
    for pair in pairs:
        out.write(pair)
    offset = 0
    for tensor in stored:
        dimensions = struct.pack(f"<{len(tensor.shape)}Q", *reversed(tensor.shape))
        out.write(_text(tensor.name) + struct.pack("<I", len(tensor.shape)) + dimensions)
        out.write(struct.pack("<IQ", _TYPES[tensor.kind], offset))
        offset += len(tensor.data) + -len(tensor.data) % _ALIGN
    out.write(b"\0" * (-out.tell() % _ALIGN))
    for tensor in stored:
        out.write(tensor.data + b"\0" * (-len(tensor.data) % _ALIGN))


@dataclass(frozen=True, slots=True)
class _Stored:
    name: str
    shape: tuple[int, ...]
    kind: str
    data: bytes


def _stored(
    kind: str, config: Mapping[str, Any], path: str, values: NDArray[np.float32], quantisation: str, coded: Coded | None
) -> _Stored:
    name = _name(path)
    if values.ndim == 1:
        return _Stored(name, values.shape, "F32", values.astype(np.float32).tobytes())
    if kind == "llama" and path.endswith(("q_proj.weight", "k_proj.weight")):
        heads = config["num_attention_heads"] if "q_proj" in path else config["num_key_value_heads"]
        values, coded = _interleaved(values, heads), None
    if coded is not None:
        return _Stored(name, values.shape, "Q8_0" if coded.bits == 8 else "Q4_0", packed(coded))
    if quantisation == "F16" or values.shape[1] % BLOCK:
        return _Stored(name, values.shape, "F16", values.astype(np.float16).tobytes())
    bits = 8 if quantisation == "Q8_0" or name in ("token_embd.weight", "output.weight") else 4
    return _Stored(name, values.shape, "Q8_0" if bits == 8 else "Q4_0", packed(nearest(values, bits=bits)))


def _interleaved(values: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Return rows in the order that llama.cpp's rotary positions for Llama expect: halves of a head become pairs."""
    rows, columns = values.shape
    return values.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _name(path: str) -> str:
    if path in _NAMES:
        return _NAMES[path]
    _, _, rest = path.partition("model.layers.")
    number, _, inner = rest.partition(".")
    stem, _, ending = inner.rpartition(".")
    if not rest or stem not in _BLOCK_NAMES:
        raise Invalid(f"GGUF has no place for the weight {path}.", param="base")
    return f"blk.{number}.{_BLOCK_NAMES[stem]}.{ending}"


def _metadata(
    kind: str, config: Mapping[str, Any], vocabulary: Vocabulary, name: str, licence: str, quantisation: str
) -> Iterator[bytes]:
    heads = config["num_attention_heads"]
    width = config.get("head_dim") or config["hidden_size"] // heads
    rope = config.get("rope_parameters") or config
    yield _pair("general.architecture", kind)
    yield _pair("general.name", name)
    yield _pair("general.license", licence)
    yield _pair("general.file_type", FILE_TYPES[quantisation])
    whole = {
        "block_count": config["num_hidden_layers"], "context_length": config["max_position_embeddings"],
        "embedding_length": config["hidden_size"], "feed_forward_length": config["intermediate_size"],
        "attention.head_count": heads, "attention.head_count_kv": config.get("num_key_value_heads", heads),
        "attention.key_length": width, "attention.value_length": width, "vocab_size": config["vocab_size"],
        "rope.dimension_count": width,
    }  # fmt: skip
    for key, value in whole.items():
        yield _pair(f"{kind}.{key}", int(value))
    yield _pair(f"{kind}.rope.freq_base", float(rope.get("rope_theta", 10_000.0)))
    yield _pair(f"{kind}.attention.layer_norm_rms_epsilon", float(config["rms_norm_eps"]))
    yield from _tokenizer(vocabulary, int(config["vocab_size"]))


def _tokenizer(vocabulary: Vocabulary, size: int) -> Iterator[bytes]:
    missing = range(len(vocabulary.tokens), size)
    tokens = [*vocabulary.tokens, *(f"[PAD{number}]" for number in missing)]
    kinds = [3 if number in vocabulary.special else 1 for number in range(len(vocabulary.tokens))] + [5] * len(missing)
    yield _pair("tokenizer.ggml.model", "gpt2")
    yield _pair("tokenizer.ggml.pre", "qwen2")
    yield _array("tokenizer.ggml.tokens", _STRING, map(_text, tokens), len(tokens))
    yield _array("tokenizer.ggml.token_type", _INT32, (struct.pack("<i", kind) for kind in kinds), len(kinds))
    yield _array("tokenizer.ggml.merges", _STRING, map(_text, vocabulary.merges), len(vocabulary.merges))
    yield _pair("tokenizer.ggml.eos_token_id", vocabulary.end)
    yield _pair("tokenizer.ggml.padding_token_id", vocabulary.padding)
    yield _pair("tokenizer.ggml.add_bos_token", False)
    if vocabulary.chat_template:
        yield _pair("tokenizer.chat_template", vocabulary.chat_template)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _pair(key: str, value: str | int | float | bool) -> bytes:
    if isinstance(value, bool):
        return _text(key) + struct.pack("<I?", _BOOL, value)
    if isinstance(value, int):
        return _text(key) + struct.pack("<II", _UINT32, value)
    if isinstance(value, float):
        return _text(key) + struct.pack("<If", _FLOAT32, value)
    return _text(key) + struct.pack("<I", _STRING) + _text(value)


def _array(key: str, kind: int, items: Iterable[bytes], count: int) -> bytes:
    return _text(key) + struct.pack("<IIQ", _ARRAY, kind, count) + b"".join(items)
