"""The reference: `transformers` models with random weights, saved as their makers would publish them."""

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

BASE = {
    "vocab_size": 140, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 64,
}  # fmt: skip
MOE = {"num_experts": 8, "num_experts_per_tok": 3, "moe_intermediate_size": 16}
SHARED = {**MOE, "shared_expert_intermediate_size": 24}
DELTA = {
    "linear_key_head_dim": 8, "linear_value_head_dim": 16, "linear_num_key_heads": 2, "linear_num_value_heads": 4,
    "head_dim": 16,
}  # fmt: skip


def rope(kind: str, **more: Any) -> dict[str, Any]:
    return {"rope_parameters": {"rope_type": kind, "rope_theta": 10_000.0, **more}}


FOUR = {
    **SHARED, **DELTA, "hc_count": 3, "hc_lowrank": 8, "ple_layer_ids": [1, 3], "ple_embed_dim": 32,
    "ngram_vocab_size_base": 50, "heads_per_ngram": 2, "split_ngram_parts": 4, "make_ngram_vocab_size_divisible_by": 8,
    "eos_token_id": 7, "indexer_n_heads": 2, "indexer_kv_heads": 1, "indexer_head_dim": 16, "indexer_budget": 16,
    "indexer_compress_ratio": 4, **rope("default", partial_rotary_factor=0.5, mrope_section=[2, 1, 1]),
}  # fmt: skip

TEXT: dict[str, tuple[str, dict[str, Any]]] = {
    "qwen2": ("qwen2", {}),
    "qwen2, window": ("qwen2", {"use_sliding_window": True, "sliding_window": 5, "max_window_layers": 2}),
    "qwen2, yarn": ("qwen2", rope("yarn", factor=2.0, original_max_position_embeddings=32)),
    "qwen2, linear": ("qwen2", rope("linear", factor=2.0)),
    "qwen2, tied": ("qwen2", {"tie_word_embeddings": True}),
    "qwen2_moe": ("qwen2_moe", {**SHARED, "decoder_sparse_step": 2}),
    "qwen2_moe, window": (
        "qwen2_moe",
        {**SHARED, "use_sliding_window": True, "sliding_window": 5, "max_window_layers": 3},
    ),
    "qwen3": ("qwen3", {"head_dim": 16, "tie_word_embeddings": True}),
    "qwen3, bias": ("qwen3", {"head_dim": 16, "attention_bias": True}),
    "qwen3, yarn": ("qwen3", {"head_dim": 16, **rope("yarn", factor=2.0, original_max_position_embeddings=32)}),
    "qwen3_moe": ("qwen3_moe", {**MOE, "norm_topk_prob": True, "mlp_only_layers": [1]}),
    "qwen3_moe, window": ("qwen3_moe", {**MOE, "use_sliding_window": True, "sliding_window": 6}),
    "qwen3_next": ("qwen3_next", {**SHARED, **DELTA}),
    "qwen3_5_text": ("qwen3_5_text", DELTA),
    "qwen3_5_moe_text": ("qwen3_5_moe_text", {**SHARED, **DELTA}),
    "qwen4_exp_text": ("qwen4_exp_text", FOUR),
    "llama": (
        "llama",
        rope("llama3", factor=8.0, original_max_position_embeddings=32, low_freq_factor=1.0, high_freq_factor=4.0),
    ),
    "mistral": ("mistral", {"sliding_window": 6}),
}

_TOKENS = {
    "image_token_id": 131, "video_token_id": 132, "vision_start_token_id": 133, "vision_end_token_id": 134,
}  # fmt: skip
_SOUND = {**_TOKENS, "audio_token_id": 135, "audio_start_token_id": 136, "audio_end_token_id": 137}
_LONG = {**BASE, "max_position_embeddings": 256}
_MROPE2 = {**_LONG, **rope("default", mrope_section=[2, 1, 1])}
_MROPE3 = {**_LONG, "head_dim": 16, **rope("default", mrope_section=[4, 2, 2])}
_EYE2 = {"depth": 2, "embed_dim": 16, "hidden_size": 32, "num_heads": 2, "patch_size": 4, "mlp_ratio": 2}
_EYE25 = {
    "depth": 3, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2, "patch_size": 4, "out_hidden_size": 32,
    "window_size": 16, "fullatt_block_indexes": [1], "tokens_per_second": 2,
}  # fmt: skip
_EYE35 = {
    "depth": 3, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2, "patch_size": 4, "out_hidden_size": 32,
    "num_position_embeddings": 16,
}  # fmt: skip
_EYE3 = {**_EYE35, "deepstack_visual_indexes": [0, 1]}
_EAR = {
    "num_mel_bins": 8, "encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_dim": 24, "d_model": 16,
}  # fmt: skip
_EAR25 = {**_EAR, "n_window": 5, "output_dim": 32, "max_source_positions": 50}
_EAR3 = {**_EAR, "n_window": 50, "output_dim": 32, "n_window_infer": 200, "downsample_hidden_size": 6}

SENSES: dict[str, tuple[str, dict[str, Any]]] = {
    "qwen2_vl": ("Qwen2VLForConditionalGeneration", {"text_config": _MROPE2, "vision_config": _EYE2, **_TOKENS}),
    "qwen2_5_vl": ("Qwen2_5_VLForConditionalGeneration", {"text_config": _MROPE2, "vision_config": _EYE25, **_TOKENS}),
    "qwen3_vl": ("Qwen3VLForConditionalGeneration", {"text_config": _MROPE3, "vision_config": _EYE3, **_TOKENS}),
    "qwen3_vl_moe": (
        "Qwen3VLMoeForConditionalGeneration",
        {"text_config": {**_MROPE3, **MOE, "norm_topk_prob": True}, "vision_config": _EYE3, **_TOKENS},
    ),
    "qwen3_5": (
        "Qwen3_5ForConditionalGeneration",
        {"text_config": {**_LONG, **DELTA}, "vision_config": _EYE35, **_TOKENS},
    ),
    "qwen3_5_moe": (
        "Qwen3_5MoeForConditionalGeneration",
        {"text_config": {**_LONG, **DELTA, **SHARED}, "vision_config": _EYE35, **_TOKENS},
    ),
    "qwen4_exp": (
        "Qwen4ExpForConditionalGeneration",
        {"text_config": {**_LONG, **FOUR}, "vision_config": _EYE35, **_TOKENS},
    ),
    "qwen2_audio": (
        "Qwen2AudioForConditionalGeneration",
        {
            "text_config": {**_LONG, "model_type": "qwen2"},
            "audio_config": {**_EAR, "max_source_positions": 30},
            "audio_token_id": 135,
        },
    ),
    "qwen3_asr": (
        "Qwen3ASRForConditionalGeneration",
        {
            "text_config": {**_LONG, "model_type": "qwen3", "head_dim": 16},
            "audio_config": _EAR3,
            "audio_token_id": 135,
        },
    ),
    "qwen2_5_omni_thinker": (
        "Qwen2_5OmniThinkerForConditionalGeneration",
        {"text_config": _MROPE2, "vision_config": _EYE25, "audio_config": _EAR25, **_SOUND},
    ),
    "qwen3_omni_moe_thinker": (
        "Qwen3OmniMoeThinkerForConditionalGeneration",
        {
            "text_config": {**_MROPE3, **MOE, "norm_topk_prob": True},
            "vision_config": _EYE3,
            "audio_config": _EAR3,
            **_SOUND,
        },
    ),
}


@dataclass
class Reference:
    """A reference model, and the folder its makers would publish."""

    model: Any
    folder: Path


def publish(model: Any, folder: Path) -> Reference:
    """Give a model random weights (norms and biases too) and save it in several shards."""
    torch.manual_seed(0)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.data.normal_(0, 0.1)
        else:
            parameter.data.add_(torch.randn_like(parameter) * 0.1)
    model.tie_weights()
    with contextlib.redirect_stderr(io.StringIO()):
        model.save_pretrained(folder, max_shard_size="60KB")
    return Reference(model, folder)


def text(name: str, folder: Path) -> Reference:
    """Return a text model of `TEXT`."""
    kind, more = TEXT[name]
    config = CONFIG_MAPPING[kind](**{**BASE, **more})
    return publish(transformers.AutoModelForCausalLM.from_config(config).eval().float(), folder)


def senses(name: str, folder: Path) -> Reference:
    """Return a model of `SENSES`."""
    maker = getattr(transformers, SENSES[name][0])
    return publish(maker(maker.config_class(**SENSES[name][1])).eval().float(), folder)
