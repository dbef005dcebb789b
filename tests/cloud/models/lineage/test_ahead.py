"""The head that looks ahead says what its description says (stated again here in NumPy), and guessing changes nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file  # noqa: E402

from yunqi.cloud.models import BadCheckpoint, load, load_config  # noqa: E402
from yunqi.kernel import Invalid  # noqa: E402

pytestmark = pytest.mark.slow
BASE = {
    "vocab_size": 60, "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 16, "max_position_embeddings": 256, "linear_key_head_dim": 8,
    "linear_value_head_dim": 8, "linear_num_key_heads": 2, "linear_num_value_heads": 4, "rope_theta": 10_000.0,
}  # fmt: skip
SPARSE = {
    "num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 12, "shared_expert_intermediate_size": 20,
}  # fmt: skip
CONFIGS: dict[str, dict[str, Any]] = {
    "qwen3_5_text": BASE,
    "qwen3_5_moe_text": {**BASE, **SPARSE},
    "qwen3_next": {**BASE, **SPARSE, "norm_topk_prob": True},
}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def publish(kind: str, folder: Path) -> dict[str, Any]:
    """Save a tiny member with a head that looks ahead, under the official names; return the head's tensors."""
    import json

    config = {"model_type": kind, **CONFIGS[kind]}
    rng = np.random.default_rng(0)
    names = {}
    for name, value in load_config(config).module.state_dict().items():
        names[name] = torch.from_numpy(rng.normal(0, 0.15, tuple(value.shape)).astype(np.float32))
    full = {name.replace("layers.3", "mtp"): value for name, value in names.items() if "model.layers.3." in name}
    head = {
        f"mtp.layers.0.{name.split('mtp.')[1]}": torch.from_numpy(
            rng.normal(0, 0.15, tuple(value.shape)).astype(np.float32)
        )
        for name, value in full.items()
    }
    for name, shape in {
        "fc": (32, 64),
        "norm": (32,),
        "pre_fc_norm_embedding": (32,),
        "pre_fc_norm_hidden": (32,),
    }.items():
        head[f"mtp.{name}.weight"] = torch.from_numpy(rng.normal(0, 0.15, shape).astype(np.float32))
    folder.mkdir(exist_ok=True)
    save_file({**names, **head}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    return {name: value.numpy().astype(np.float64) for name, value in {**names, **head}.items()}


def norm(x: Any, weight: Any) -> Any:
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6) * (1 + weight)


def silu(x: Any) -> Any:
    return x / (1 + np.exp(-x))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def turned(x: Any) -> Any:
    """Turn the first quarter of each head [tokens, heads, 16] by its place."""
    angles = np.arange(len(x))[:, None, None] / 10_000.0 ** (np.arange(2) / 2)
    first, second, rest = x[..., :2], x[..., 2:4], x[..., 4:]
    cos, sin = np.cos(angles), np.sin(angles)
    return np.concatenate((first * cos - second * sin, second * cos + first * sin, rest), axis=-1)


def attention(x: Any, w: dict[str, Any]) -> Any:
    tokens = len(x)
    both = (x @ w["self_attn.q_proj.weight"].T).reshape(tokens, 4, 32)
    query, gate = norm(both[..., :16], w["self_attn.q_norm.weight"]), both[..., 16:]
    key = norm((x @ w["self_attn.k_proj.weight"].T).reshape(tokens, 2, 16), w["self_attn.k_norm.weight"])
    value = (x @ w["self_attn.v_proj.weight"].T).reshape(tokens, 2, 16)
    query, key = turned(query), turned(key)
    out = np.zeros((tokens, 4, 16))
    for head in range(4):
        scores = query[:, head] @ key[:, head // 2].T / 4
        scores[np.triu_indices(tokens, 1)] = -np.inf
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        out[:, head] = weights / weights.sum(-1, keepdims=True) @ value[:, head // 2]
    return (out * sigmoid(gate)).reshape(tokens, 64) @ w["self_attn.o_proj.weight"].T


def forward(x: Any, w: dict[str, Any], base: str) -> Any:
    gate, up, down = (w[f"{base}.{name}_proj.weight"] for name in ("gate", "up", "down"))
    return (silu(x @ gate.T) * (x @ up.T)) @ down.T


def experts(x: Any, w: dict[str, Any]) -> Any:
    scores = np.exp(x @ w["mlp.gate.weight"].T)
    scores /= scores.sum(-1, keepdims=True)
    out = sigmoid(x @ w["mlp.shared_expert_gate.weight"].T) * forward(x, w, "mlp.shared_expert")
    for token, row in enumerate(scores):
        chosen = np.argsort(-row)[:2]
        for expert in chosen:
            gate, up = np.split(w["mlp.experts.gate_up_proj"][expert], 2)
            said = (silu(x[token] @ gate.T) * (x[token] @ up.T)) @ w["mlp.experts.down_proj"][expert].T
            out[token] += said * row[expert] / row[chosen].sum()
    return out


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_head_is_what_its_description_says(kind: str, tmp_path: Path) -> None:
    tensors = publish(kind, tmp_path)
    model = load(tmp_path)
    assert model.spec.text.predictors == 1
    ids = np.random.default_rng(1).integers(0, 60, 14)
    with torch.inference_mode():
        states = model.module.model(torch.from_numpy(ids[:-1])[None])
        found = model.module.head(
            model.module.mtp(states, model.module.model.embed_tokens(torch.from_numpy(ids[1:])[None]))
        )
    w = {
        name.removeprefix("mtp.layers.0."): value for name, value in tensors.items() if name.startswith("mtp.layers.0.")
    }
    seen = norm(states[0].numpy().astype(np.float64), tensors["mtp.pre_fc_norm_hidden.weight"])
    told = norm(tensors["model.embed_tokens.weight"][ids[1:]], tensors["mtp.pre_fc_norm_embedding.weight"])
    x = np.concatenate((told, seen), axis=-1) @ tensors["mtp.fc.weight"].T
    x = x + attention(norm(x, w["input_layernorm.weight"]), w)
    after = norm(x, w["post_attention_layernorm.weight"])
    x = x + (experts(after, w) if "moe" in kind or "next" in kind else forward(after, w, "mlp"))
    expected = norm(x, tensors["mtp.norm.weight"]) @ tensors["lm_head.weight"].T
    assert np.abs(found[0].numpy() - expected).max() < 1e-4


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("ahead", [1, 3])
def test_guessing_by_the_head_changes_nothing(kind: str, ahead: int, tmp_path: Path) -> None:
    publish(kind, tmp_path)
    model = load(tmp_path)
    for seed in range(3):
        prompt = np.random.default_rng(seed).integers(0, 60, 9).tolist()
        plain = model.generate(prompt, max_tokens=40)
        assert model.generate(prompt, max_tokens=40, ahead=ahead) == plain
        assert model.speculation.said == 40
        assert model.speculation.guessed >= model.speculation.kept
        assert model.speculation.runs + model.speculation.kept >= 40


def test_a_head_that_guesses_right_saves_runs(tmp_path: Path) -> None:
    publish("qwen3_5_text", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    for name in weights:  # layers that add nothing: the token after the next is a function of the next alone
        if name.endswith(("o_proj.weight", "out_proj.weight", "down_proj.weight")):
            weights[name] = torch.zeros_like(weights[name])
    eye = torch.eye(32)
    weights["mtp.fc.weight"] = torch.cat((eye, torch.zeros(32, 32)), dim=1)
    for name in ("mtp.pre_fc_norm_embedding.weight", "mtp.pre_fc_norm_hidden.weight"):
        weights[name] = torch.zeros(32)
    weights["mtp.norm.weight"] = weights["model.norm.weight"].clone()
    save_file(weights, tmp_path / "model.safetensors")
    model = load(tmp_path)
    plain = model.generate([1, 2, 3], max_tokens=40)
    assert model.generate([1, 2, 3], max_tokens=40, ahead=1) == plain
    assert model.speculation.kept == model.speculation.guessed
    assert model.speculation.runs <= 21


def test_lookup_guesses_where_there_is_no_head() -> None:
    for kind in ("qwen3", "qwen3_next"):
        model = load_config({"model_type": kind, **BASE, **SPARSE})
        prompt = [1, 2, 3, 4, 5, 6, 1, 2, 3]
        plain = model.generate(prompt, max_tokens=60)
        assert model.generate(prompt, max_tokens=60, ahead=4) == plain
        assert model.speculation.runs < 60  # a random model soon repeats itself
    assert len(model.generate(prompt, ahead=2, temperature=0.5, max_tokens=9)) == 9
    with pytest.raises(Invalid, match="one prompt"):
        model.generate([prompt, prompt], ahead=2)


def test_a_tensor_of_the_head_that_is_missing_is_named(tmp_path: Path) -> None:
    publish("qwen3_next", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["mtp.fc.weight"]
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(BadCheckpoint, match=r"lacks 1 tensors of its config: mtp\.fc\.weight"):
        load(tmp_path)
