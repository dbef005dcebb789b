"""The lineage by itself, without the reference: what must agree with itself, and what is refused by name."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file  # noqa: E402

from yunqi.cloud.models import BadCheckpoint, load, load_config  # noqa: E402
from yunqi.kernel import Invalid, NotFound  # noqa: E402

TINY = {
    "model_type": "qwen3", "vocab_size": 60, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 64,
}  # fmt: skip
SPARSE = {**TINY, "model_type": "qwen3_moe", "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 8}
HYBRID = {
    **SPARSE, "model_type": "qwen3_next", "num_hidden_layers": 4, "shared_expert_intermediate_size": 8,
    "linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_num_key_heads": 2, "linear_num_value_heads": 4,
}  # fmt: skip
FIRST = {
    "model_type": "qwen", "vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 48, "kv_channels": 8, "seq_length": 16, "use_dynamic_ntk": True, "use_logn_attn": True,
}  # fmt: skip
CHUNKED = {**TINY, "model_type": "qwen2", "dual_chunk_attention_config": {"chunk_size": 12, "local_size": 4}}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize("config", [TINY, SPARSE, HYBRID, CHUNKED], ids=lambda config: config["model_type"])
def test_the_cache_and_padding_change_nothing(config: dict[str, Any]) -> None:
    model = load_config(config)
    ids = np.random.default_rng(0).integers(0, 60, 20)
    whole = model.logits(ids)
    assert whole.shape == (20, 60)
    assert whole.dtype == np.float32
    assert np.abs(model.logits(ids, use_cache=True) - whole).max() < 1e-4
    padded = model.logits(np.concatenate([[0] * 5, ids])[None], attention_mask=[[False] * 5 + [True] * 20])
    assert np.abs(padded[0, 5:] - whole).max() < 1e-4


def test_dual_chunk_attention_is_plain_attention_within_a_chunk() -> None:
    plain = {**CHUNKED, "dual_chunk_attention_config": None}
    ids = np.random.default_rng(0).integers(0, 60, 30)
    one, other = load_config(CHUNKED).logits(ids), load_config(plain).logits(ids)
    assert np.abs(one[:8] - other[:8]).max() < 1e-5
    assert np.abs(one[20:] - other[20:]).max() > 1e-4


def test_the_first_generation_stretches_past_its_trained_length() -> None:
    model = load_config(FIRST)
    ids = np.random.default_rng(0).integers(0, 60, 40)
    long = model.logits(ids)
    assert np.abs(model.logits(ids[:16]) - long[:16]).max() > 1e-4  # other frequencies for a longer prompt
    said = model.generate(ids[:30].tolist(), max_tokens=4)
    assert len(said) == 4


def test_ids_in_ids_out_and_rows_for_rows() -> None:
    model = load_config(TINY)
    rows = [[1, 2, 3], [4, 5, 6, 7, 8]]
    said = model.generate(rows, max_tokens=5)
    assert said == [model.generate(row, max_tokens=5) for row in rows]
    assert model.generate(rows[0], max_tokens=5, temperature=0.8, seed=3) == model.generate(
        rows[0], max_new_tokens=5, temperature=0.8, seed=3
    )
    for row, found in zip(rows, model.logits(rows), strict=True):
        assert np.abs(found - model.logits(row)).max() < 1e-5
    vectors = model.embed(rows)
    assert vectors.shape == (2, 16)
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5
    assert np.abs(model.embed(rows[1]) - vectors[1]).max() < 1e-5


def test_what_cannot_be_is_refused_in_words() -> None:
    with pytest.raises(Invalid, match="model_type 'gpt9'"):
        load_config({"model_type": "gpt9"})
    with pytest.raises(Invalid, match="hidden_size is 'wide'"):
        load_config({**TINY, "hidden_size": "wide"})
    with pytest.raises(Invalid, match="must divide"):
        load_config({**TINY, "num_key_value_heads": 3})
    with pytest.raises(Invalid, match="chooses 9 of 4"):
        load_config({**SPARSE, "num_experts_per_tok": 9})
    with pytest.raises(Invalid, match="activation 'magic'"):
        load_config({**TINY, "hidden_act": "magic"})
    model = load_config(TINY)
    with pytest.raises(Invalid, match="outside the vocabulary of 60"):
        model.logits([1, 60])
    with pytest.raises(Invalid, match="whole numbers"):
        model.logits([0.5])
    with pytest.raises(Invalid, match="carries no tokenizer"):
        model.chat("hello")
    with pytest.raises(NotFound):
        load("/nowhere/at/all")


def saved(folder: Path, **more: Any) -> dict[str, Any]:
    """Save a tiny model and return its tensors."""
    model = load_config({**TINY, **more})
    weights = {name: tensor.clone().contiguous() for name, tensor in model.module.state_dict().items()}
    folder.mkdir(exist_ok=True)
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({**TINY, **more}))
    return weights


def test_a_folder_gives_back_what_was_saved(tmp_path: Path) -> None:
    saved(tmp_path)
    ids = np.arange(10)
    assert np.array_equal(load(tmp_path).logits(ids), load_config(TINY).logits(ids))


def test_bad_checkpoints_are_refused_by_name(tmp_path: Path) -> None:
    weights = saved(tmp_path)
    file = tmp_path / "model.safetensors"
    norm = "model.norm.weight"
    save_file({name: tensor for name, tensor in weights.items() if name != norm}, file)
    with pytest.raises(BadCheckpoint, match=r"lacks 1 tensors of its config: model\.norm\.weight"):
        load(tmp_path)
    save_file({**weights, "model.extra.weight": torch.zeros(2)}, file)
    with pytest.raises(BadCheckpoint, match=r"no place for: model\.extra\.weight"):
        load(tmp_path)
    save_file({**weights, norm: torch.zeros(17)}, file)
    with pytest.raises(BadCheckpoint, match=r"'model\.norm\.weight' has shape \[17\].*\[16\]"):
        load(tmp_path)


def header(folder: Path, text: bytes, data: bytes = b"") -> None:
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def test_damaged_and_hostile_files_are_refused(tmp_path: Path) -> None:
    saved(tmp_path)
    file = tmp_path / "model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-8])
    with pytest.raises(BadCheckpoint, match="cut short"):
        load(tmp_path)
    file.write_bytes(struct.pack("<Q", 1 << 62))
    with pytest.raises(BadCheckpoint, match="claims"):
        load(tmp_path)
    file.write_bytes(b"abc")
    with pytest.raises(BadCheckpoint, match="no safetensors header"):
        load(tmp_path)
    header(tmp_path, b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,8]}}', b"0" * 8)
    with pytest.raises(BadCheckpoint, match="they differ"):
        load(tmp_path)
    entry = b'"dtype":"F32","shape":[2],"data_offsets":[0,8]'
    header(tmp_path, b'{"a":{' + entry + b'},"b":{' + entry + b"}}", b"0" * 8)
    with pytest.raises(BadCheckpoint, match="overlap"):
        load(tmp_path)
    header(tmp_path, b'{"a":{' + entry + b'},"a":{' + entry + b"}}", b"0" * 8)
    with pytest.raises(BadCheckpoint, match="twice"):
        load(tmp_path)
    header(tmp_path, b"[" * 90_000)
    with pytest.raises(BadCheckpoint, match="damaged"):
        load(tmp_path)
    file.unlink()
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04N.")
    with pytest.raises(BadCheckpoint, match="a pickle, which can run code"):
        load(tmp_path)


def test_an_index_may_not_leave_its_folder_nor_name_what_is_not_there(tmp_path: Path) -> None:
    weights = saved(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "part.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": dict.fromkeys(weights, "part.safetensors")}))
    assert load(tmp_path).logits([1, 2]).shape == (2, 60)
    index.write_text(json.dumps({"weight_map": {"a": "../secret.safetensors"}}))
    with pytest.raises(BadCheckpoint, match="outside its own folder"):
        load(tmp_path)
    index.write_text(
        json.dumps({"weight_map": {**dict.fromkeys(weights, "part.safetensors"), "gone": "x.safetensors"}})
    )
    with pytest.raises(BadCheckpoint, match=r"lacks the shard x\.safetensors"):
        load(tmp_path)


@pytest.mark.parametrize("method", ["gptq", "awq"])
def test_packed_integers_are_their_values(method: str, tmp_path: Path) -> None:
    weights = saved(tmp_path, hidden_size=32, intermediate_size=32)
    rng, name = np.random.default_rng(0), "model.layers.0.mlp.up_proj"
    values = rng.integers(0, 16, (32, 32))  # [inputs, outputs]
    zeros, scales = rng.integers(1, 16, (2, 32)), rng.random((2, 32)).astype(np.float16)
    exact = ((values - zeros.repeat(16, axis=0)) * scales.repeat(16, axis=0).astype(np.float32)).T
    if method == "gptq":
        packed = {"qweight": pack(values.T).T, "qzeros": pack(zeros - 1), "g_idx": np.arange(32, dtype=np.int32) // 16}
    else:
        order = [0, 2, 4, 6, 1, 3, 5, 7]
        packed = {"qweight": pack(shuffled(values, order)), "qzeros": pack(shuffled(zeros, order))}
    tensors = {part: torch.from_numpy(np.ascontiguousarray(value)) for part, value in packed.items()}
    del weights[f"{name}.weight"]
    weights |= {f"{name}.{part}": tensor for part, tensor in tensors.items()}
    weights[f"{name}.scales"] = torch.from_numpy(scales)
    save_file(weights, tmp_path / "model.safetensors")
    config = {
        **TINY,
        "hidden_size": 32,
        "intermediate_size": 32,
        "quantization_config": {"quant_method": method, "bits": 4},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    found = load(tmp_path).module.state_dict()[f"{name}.weight"].numpy()
    assert np.abs(found - exact).max() < 2e-3 * np.abs(exact).max()
    del weights[f"{name}.scales"]
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(BadCheckpoint, match=r"up_proj\.qweight lacks"):
        load(tmp_path)


def pack(values: Any) -> Any:
    """Pack rows of four-bit values, lowest first, into int32."""
    groups = values.astype(np.uint32).reshape(len(values), -1, 8)
    shifted = groups << (np.arange(8, dtype=np.uint32) * 4)
    return np.bitwise_or.reduce(shifted, axis=2).view(np.int32)


def shuffled(values: Any, order: list[int]) -> Any:
    return values.reshape(len(values), -1, 8)[:, :, order].reshape(len(values), -1)


def test_a_shard_of_another_model_is_named(tmp_path: Path) -> None:
    saved(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**TINY, "num_hidden_layers": 3}))
    with pytest.raises(BadCheckpoint, match=r"model\.layers\.2"):
        load(tmp_path)
    assert "model.norm.weight" in load_file(tmp_path / "model.safetensors")
