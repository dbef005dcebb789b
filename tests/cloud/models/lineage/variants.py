"""Odd but legal configs, drawn by seed; and the same as they stand in published files of before transformers 5."""

import json
import random
from pathlib import Path
from typing import Any

KINDS = ("qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "qwen3_next", "qwen3_5_text", "qwen3_5_moe_text")


def draw(seed: int) -> tuple[str, dict[str, Any]]:
    """Return a model type and a tiny config of it."""
    rng = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    heads, layers = rng.choice((2, 4, 6)), rng.choice((2, 3, 4))
    config: dict[str, Any] = {
        "vocab_size": rng.choice((97, 140)), "hidden_size": heads * rng.choice((4, 8, 12)), "num_hidden_layers": layers,
        "intermediate_size": rng.choice((20, 48)), "num_attention_heads": heads, "max_position_embeddings": 64,
        "num_key_value_heads": rng.choice([size for size in (1, 2, 3, heads) if heads % size == 0]),
        "tie_word_embeddings": rng.random() < 0.5, "rms_norm_eps": rng.choice((1e-5, 1e-6)),
        "hidden_act": rng.choice(("silu", "gelu", "gelu_pytorch_tanh", "relu")),
    }  # fmt: skip
    dim = config["hidden_size"] // heads
    if kind != "qwen2_moe":
        dim = config["head_dim"] = rng.choice((8, 16, 24))
    if kind.startswith("qwen3"):
        config["attention_bias"] = rng.random() < 0.4
    if kind == "qwen2_moe":
        config["qkv_bias"] = rng.random() < 0.6
    _windows(rng, kind, config)
    if "moe" in kind or kind == "qwen3_next":
        _experts(rng, kind, config)
    hybrid = kind.startswith(("qwen3_next", "qwen3_5"))
    if hybrid:
        _delta(rng, config)
    config["rope_parameters"] = _rope(rng, dim, hybrid, "3_5" in kind)
    return kind, config


def _windows(rng: random.Random, kind: str, config: dict[str, Any]) -> None:
    layers = config["num_hidden_layers"]
    if kind in ("qwen2", "qwen3", "qwen2_moe") and rng.random() < 0.5:
        config |= {
            "use_sliding_window": True,
            "sliding_window": rng.choice((3, 7)),
            "max_window_layers": rng.randint(0, layers),
        }
        if rng.random() < 0.4:
            config["layer_types"] = [rng.choice(("full_attention", "sliding_attention")) for _ in range(layers)]
    if kind == "qwen3_moe" and rng.random() < 0.4:
        config |= {"use_sliding_window": True, "sliding_window": 5}


def _experts(rng: random.Random, kind: str, config: dict[str, Any]) -> None:
    config |= {"num_experts": rng.choice((3, 5, 8)), "moe_intermediate_size": rng.choice((8, 12))}
    config["num_experts_per_tok"] = rng.randint(1, config["num_experts"])
    if "3_5" not in kind:
        config |= {"norm_topk_prob": rng.random() < 0.5, "decoder_sparse_step": rng.choice((1, 2))}
        config["mlp_only_layers"] = [1] if rng.random() < 0.4 else []
    if kind != "qwen3_moe":
        config["shared_expert_intermediate_size"] = rng.choice((8, 20))


def _delta(rng: random.Random, config: dict[str, Any]) -> None:
    keys = rng.choice((1, 2))
    config |= {
        "linear_num_key_heads": keys, "linear_num_value_heads": keys * rng.choice((1, 2)),
        "linear_key_head_dim": rng.choice((4, 8)), "linear_value_head_dim": rng.choice((8, 12)),
        "linear_conv_kernel_dim": rng.choice((2, 4)), "full_attention_interval": min(rng.choice((2, 3)), config["num_hidden_layers"]),
    }  # fmt: skip
    if rng.random() < 0.5:
        others = [rng.choice(("full_attention", "linear_attention")) for _ in range(config["num_hidden_layers"] - 1)]
        config["layer_types"] = [*others, "full_attention"]


def _rope(rng: random.Random, dim: int, hybrid: bool, sections: bool) -> dict[str, Any]:
    kind = "default" if sections else rng.choice(("default", "linear", "dynamic", "yarn", "llama3"))
    found: dict[str, Any] = {"rope_type": kind, "rope_theta": rng.choice((10_000.0, 1e6))}
    if kind != "default":
        found["factor"] = rng.choice((2.0, 4.0))
    if kind in ("yarn", "llama3"):
        found["original_max_position_embeddings"] = 32
    if kind == "llama3":
        found |= {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
    if kind == "yarn" and rng.random() < 0.5:
        found |= rng.choice(
            (
                {"attention_factor": 0.8},
                {"beta_fast": 16.0, "beta_slow": 2.0},
                {"mscale": 0.7, "mscale_all_dim": 0.5},
                {"truncate": False},
            )
        )
    if hybrid:
        found["partial_rotary_factor"] = rng.choice((0.5, 1.0)) if kind in ("default", "linear") else 0.5
    if sections:
        found["mrope_section"] = [2, 1, int(dim * found["partial_rotary_factor"]) // 2 - 3] if dim > 12 else [1, 1, 0]
    return found


def as_published_before(folder: Path) -> None:
    """Rewrite a folder's config.json as files of transformers 4 look: rope_theta and rope_scaling on top."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    kind = rope.pop("rope_type")
    config["rope_theta"] = rope.pop("rope_theta")
    if "partial_rotary_factor" in rope:
        config["partial_rotary_factor"] = rope.pop("partial_rotary_factor")
    config["rope_scaling"] = {"type": kind, **rope} if kind != "default" or rope else None
    config["torch_dtype"] = config.pop("dtype", "float32")
    config["transformers_version"] = "4.51.0"
    path.write_text(json.dumps(config))
