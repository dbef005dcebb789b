"""GGUF: every packing against its definition, written files read back, real files against llama.cpp itself."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from yunqi.cloud.hub import Installed  # noqa: E402
from yunqi.cloud.models import BadCheckpoint, load, load_config  # noqa: E402
from yunqi.cloud.models.engine.weights.blocks import KINDS  # noqa: E402
from yunqi.cloud.models.engine.weights.gguf import GgufFile  # noqa: E402
from yunqi.cloud.models.engine.weights.gguf_pack import packed, plain  # noqa: E402
from yunqi.cloud.models.engine.weights.gguf_write import GgufTensor, write_gguf  # noqa: E402
from yunqi.cloud.models.service.repacking import repack  # noqa: E402
from yunqi.kernel import Invalid  # noqa: E402


def raw(kind: int, seed: int) -> Any:
    """Return three blocks of random bytes with finite scales."""
    data = np.random.default_rng(seed).integers(0, 256, (3, KINDS[kind].bytes), dtype=np.uint8)
    half = np.array([0.5, -0.25], dtype=np.float16).view(np.uint8)
    places = {2: [0], 3: [0, 2], 6: [0], 7: [0, 2], 8: [0], 10: [80, 82], 11: [108], 12: [0, 2], 13: [0, 2], 14: [208]}
    for index, place in enumerate(places[kind]):
        data[:, place : place + 2] = half[2 * index : 2 * index + 2]
    return data


def half(block: Any, place: int) -> float:
    return float(block[place : place + 2].view(np.float16)[0])


def six(scales: Any, j: int) -> tuple[int, int]:
    if j < 4:
        return int(scales[j] & 63), int(scales[j + 4] & 63)
    return (
        int((scales[j + 4] & 15) | ((scales[j - 4] >> 6) << 4)),
        int((scales[j + 4] >> 4) | ((scales[j] >> 6) << 4)),
    )


def one(kind: int, b: Any, i: int) -> float:
    """Return value ``i`` of a block, one at a time, from the published layout."""
    low = i % 16 if kind in (2, 3, 6, 7) else 0
    if kind in (2, 3, 6, 7):
        start = {2: 2, 3: 4, 6: 6, 7: 8}[kind]
        q = int(b[start + low] >> (4 if i >= 16 else 0)) & 15
        if kind in (6, 7):
            bits = int.from_bytes(bytes(b[start - 4 : start]), "little")
            q |= ((bits >> i) & 1) << 4
        return {2: lambda: half(b, 0) * (q - 8), 3: lambda: half(b, 0) * q + half(b, 2),
                6: lambda: half(b, 0) * (q - 16), 7: lambda: half(b, 0) * q + half(b, 2)}[kind]()  # fmt: skip
    if kind == 8:
        return half(b, 0) * int(b[2 + i].view(np.int8))
    if kind in (12, 13):
        scale, minimum = six(b[4:16], i // 32)
        start = 16 if kind == 12 else 48
        q = int(b[start + i // 64 * 32 + i % 32] >> (4 * (i // 32 % 2))) & 15
        q += (int(b[16 + i % 32] >> (i // 32)) & 1) << 4 if kind == 13 else 0
        return half(b, 0) * scale * q - half(b, 2) * minimum
    part, row, column = i // 128, i % 128 // 32, i % 32
    if kind == 14:
        q = int(b[64 * part + 32 * (row % 2) + column] >> (4 * (row // 2))) & 15
        q |= (int(b[128 + 32 * part + column] >> (2 * row)) & 3) << 4
        return half(b, 208) * int(b[192 + i // 16].view(np.int8)) * (q - 32)
    start = 16 if kind == 10 else 32
    q = int(b[start + 32 * part + column] >> (2 * row)) & 3
    if kind == 10:
        return half(b, 80) * int(b[i // 16] & 15) * q - half(b, 82) * int(b[i // 16] >> 4)
    s = i // 16
    scale = (int(b[96 + s % 8]) >> (4 * (s // 8)) & 15) | ((int(b[104 + s % 4]) >> (2 * (s // 4)) & 3) << 4)
    third = int(b[column] >> (4 * part + row)) & 1
    return half(b, 108) * (scale - 32) * (q - (0 if third else 4))


@pytest.mark.parametrize("kind", [2, 3, 6, 7, 8, 10, 11, 12, 13, 14], ids=lambda kind: KINDS[kind].name)
def test_a_packing_is_what_its_layout_says(kind: int) -> None:
    blocks = raw(kind, kind)
    found = KINDS[kind].unpack(torch.from_numpy(blocks).flatten()).view(3, -1)
    for block, values in zip(blocks, found.tolist(), strict=True):
        expected = [one(kind, block, index) for index in range(KINDS[kind].values)]
        assert values == pytest.approx(expected, rel=1e-6, abs=1e-6)


def written(folder: Path) -> Path:
    """Write a tiny llama model as GGUF, its q and k in llama.cpp's order."""
    config = {
        "model_type": "llama", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
        "num_attention_heads": 4, "num_key_value_heads": 2,
    }  # fmt: skip
    weights = load_config(config).module.state_dict()
    names = {
        "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
        "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "q_proj": "attn_q", "k_proj": "attn_k",
        "v_proj": "attn_v", "o_proj": "attn_output", "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
    }  # fmt: skip
    items: list[GgufTensor] = []
    for name, value in weights.items():
        base = name.removesuffix(".weight")
        short = names.get(base) or f"blk.0.{names[base.rsplit('.', 1)[1]]}"
        heads = {"q_proj": 4, "k_proj": 2}.get(base.rsplit(".", 1)[-1])
        if heads:
            value = value.unflatten(0, (heads, 2, -1)).transpose(1, 2).reshape(value.shape)
        quantise = value.dim() == 2 and "embd" not in short
        items.append(
            packed(f"{short}.weight", tuple(value.shape), "Q8_0", lambda value=value: value)
            if quantise
            else plain(f"{short}.weight", value)
        )
    values = {
        "general.architecture": "llama", "llama.block_count": 1, "llama.embedding_length": 32,
        "llama.feed_forward_length": 64, "llama.attention.head_count": 4, "llama.attention.head_count_kv": 2,
        "llama.context_length": 128, "llama.attention.layer_norm_rms_epsilon": 1e-6, "llama.rope.freq_base": 10000.0,
    }  # fmt: skip
    path = folder / "tiny.gguf"
    write_gguf(path, values, items)
    return path


def test_what_is_written_is_read_back_in_the_official_order(tmp_path: Path) -> None:
    config = {
        "model_type": "llama", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
        "num_attention_heads": 4, "num_key_value_heads": 2,
    }  # fmt: skip
    ids = np.arange(12)
    difference = load(written(tmp_path)).logits(ids) - load_config(config).logits(ids)
    assert np.abs(difference).max() < 5e-3  # Q8_0 keeps two digits


def test_four_bits_are_near_and_eight_nearer(tmp_path: Path) -> None:
    value = torch.randn(8, 64, generator=torch.Generator().manual_seed(0))
    for kind, limit in (("Q4_0", 0.1), ("Q8_0", 0.006)):
        path = tmp_path / f"{kind}.gguf"
        write_gguf(path, {"general.architecture": "x"}, [packed("a", (8, 64), kind, lambda: value)])
        found = GgufFile(path).tensor("a")
        assert float((found - value).square().mean().sqrt()) < limit


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    whole = written(tmp_path).read_bytes()
    bad = tmp_path / "bad.gguf"
    for data, message in (
        (whole[:-64], "cut short"),
        (whole[:100], "ends in the middle"),
        (b"GGUX" + whole[4:], "does not begin with"),
        (whole[:4] + struct.pack("<I", 9) + whole[8:], "version 9"),
        (whole[:8] + struct.pack("<Q", 1 << 40) + whole[16:], "not a real model"),
        (b"GGUF", "too short"),
    ):
        bad.write_bytes(data)
        with pytest.raises(BadCheckpoint, match=message):
            load(bad)


@pytest.mark.slow
@pytest.mark.model
def test_real_weights_say_what_llama_cpp_says(smollm2: Installed) -> None:
    import xllamacpp

    torch.set_num_threads(1)
    mine = load(smollm2.path)
    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.verbosity, params.warmup = smollm2.path, 512, 0, False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    for text in ("The capital of France is", "def add(a, b):\n    return", "Don't you'll it's THEY'RE naïve café ½ ①"):
        asked = {"prompt": text, "n_predict": 1, "temperature": 0, "n_probs": 5, "cache_prompt": False}
        answer = server.handle_completions(asked)
        answer = json.loads(answer) if isinstance(answer, str) else answer
        ids = mine.tokenizer.encode(text) if mine.tokenizer else []
        assert answer["usage"]["prompt_tokens"] == len(ids)
        likely = torch.log_softmax(torch.from_numpy(mine.logits(ids)[-1]), -1)
        top = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        for one_of in top[:2]:  # llama.cpp rounds activations to eight bits
            assert abs(one_of["logprob"] - float(likely[one_of["id"]])) < 0.6
        assert mine.tokenizer is not None
        assert mine.tokenizer.decode(ids) == text


def test_a_file_packed_anew_says_nearly_the_same(tmp_path: Path) -> None:
    model = load_config({
        "model_type": "qwen3", "vocab_size": 64, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "max_position_embeddings": 64,
    })  # fmt: skip
    names = {
        "model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
        "lm_head.weight": "output.weight",
    }  # fmt: skip
    parts = {
        "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
        "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    }  # fmt: skip
    for layer in range(2):
        names |= {
            f"model.layers.{layer}.{mine}.weight": f"blk.{layer}.{theirs}.weight" for mine, theirs in parts.items()
        }
    values = {
        "general.architecture": "qwen3", "qwen3.embedding_length": 64, "qwen3.feed_forward_length": 96,
        "qwen3.block_count": 2, "qwen3.attention.head_count": 4, "qwen3.attention.head_count_kv": 2,
        "qwen3.attention.key_length": 32, "qwen3.context_length": 64, "qwen3.rope.freq_base": 10000.0,
        "qwen3.attention.layer_norm_rms_epsilon": 1e-6,
    }  # fmt: skip
    weights = model.module.state_dict()
    write_gguf(tmp_path / "whole.gguf", values, [plain(theirs, weights[mine]) for mine, theirs in names.items()])
    ids = np.arange(20)
    whole = load(tmp_path / "whole.gguf").logits(ids)
    assert np.abs(whole - model.logits(ids)).max() < 1e-5
    errors = {}
    for kind in ("q8_0", "q4_0"):
        size = repack(tmp_path / "whole.gguf", tmp_path / f"{kind}.gguf", kind=kind)
        assert size < (tmp_path / "whole.gguf").stat().st_size / 2
        errors[kind] = np.abs(load(tmp_path / f"{kind}.gguf").logits(ids) - whole).max() / np.abs(whole).max()
    assert errors["q8_0"] < 0.02 < errors["q4_0"] < 0.4
    with pytest.raises(Invalid, match="no packing"):
        repack(tmp_path / "whole.gguf", tmp_path / "x.gguf", kind="q2")
