"""Reads what a config says of eyes and ears."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from yunqi.cloud.models.engine.lineage.families import Family
from yunqi.cloud.models.engine.lineage.keys import Keys
from yunqi.cloud.models.engine.lineage.spec import Audio, Spec, Vision

_VISION: dict[str, dict[str, Any]] = {
    "qwen2": {
        "depth": 32, "embed_dim": 1280, "hidden_size": 3584, "hidden_act": "quick_gelu", "mlp_ratio": 4,
        "num_heads": 16, "patch_size": 14,
    },
    "qwen2_5": {
        "depth": 32, "hidden_size": 3584, "hidden_act": "silu", "intermediate_size": 3420, "num_heads": 16,
        "patch_size": 14, "window_size": 112, "out_hidden_size": 3584, "fullatt_block_indexes": (7, 15, 23, 31),
        "tokens_per_second": 4,
    },
    "qwen3": {
        "depth": 27, "hidden_size": 1152, "hidden_act": "gelu_pytorch_tanh", "intermediate_size": 4304,
        "num_heads": 16, "patch_size": 16, "out_hidden_size": 3584, "num_position_embeddings": 2304,
        "deepstack_visual_indexes": (8, 16, 24),
    },
}  # fmt: skip
_AUDIO: dict[str, dict[str, Any]] = {
    "whisper": {
        "num_mel_bins": 128, "encoder_layers": 32, "encoder_attention_heads": 20, "encoder_ffn_dim": 5120,
        "d_model": 1280, "max_source_positions": 1500,
    },
    "omni": {
        "num_mel_bins": 128, "encoder_layers": 32, "encoder_attention_heads": 20, "encoder_ffn_dim": 5120,
        "d_model": 1280, "n_window": 100, "output_dim": 3584,
    },
    "qwen3": {
        "num_mel_bins": 128, "encoder_layers": 32, "encoder_attention_heads": 20, "encoder_ffn_dim": 5120,
        "d_model": 1280, "n_window": 50, "output_dim": 3584, "n_window_infer": 400, "downsample_hidden_size": 480,
    },
    "asr": {
        "num_mel_bins": 128, "encoder_layers": 24, "encoder_attention_heads": 16, "encoder_ffn_dim": 4096,
        "d_model": 1024, "n_window": 50, "output_dim": 3584, "n_window_infer": 800, "downsample_hidden_size": 480,
    },
}  # fmt: skip


def add(spec: Spec, config: Mapping[str, Any], family: Family) -> Spec:
    """Return the spec with the towers that its family has; a class for text alone has none."""
    if spec.architecture.endswith("ForCausalLM"):
        return spec
    above = config
    for name in family.text_at[:-1]:
        inner = config.get(name)
        above = inner if isinstance(inner, Mapping) else above
    keys = Keys(above, {})
    vision = _vision(keys, family.vision, spec) if family.vision else None
    audio = _audio(keys, family.audio, spec) if family.audio else None
    return replace(spec, vision=vision, audio=audio)


def _vision(above: Keys, kind: str, spec: Spec) -> Vision:
    shape = "qwen3" if kind == "qwen3_5" else kind
    keys = Keys(above.part("vision_config"), _VISION[shape], "config.json, vision_config")
    first = kind == "qwen2"
    width = keys.whole("embed_dim" if first else "hidden_size")
    return Vision(
        kind=shape,
        depth=keys.whole("depth"),
        width=width,
        inner=int(width * keys.number("mlp_ratio", 4)) if first else keys.whole("intermediate_size"),
        heads=keys.whole("num_heads"),
        out=keys.whole("hidden_size") if first else keys.whole("out_hidden_size"),
        channels=keys.whole("in_channels", keys.whole("in_chans", 3)),
        patch=keys.whole("patch_size"),
        frames=keys.whole("temporal_patch_size", 2),
        merge=keys.whole("spatial_merge_size", 2),
        activation=str(keys.get("hidden_act")),
        window=keys.whole("window_size", 0) if kind == "qwen2_5" else 0,
        whole=tuple(keys.get("fullatt_block_indexes", ())),
        deep=tuple(keys.get("deepstack_visual_indexes", ())) if kind == "qwen3" else (),
        positions=keys.whole("num_position_embeddings") if shape == "qwen3" else 0,
        image=above.whole("image_token_id", above.whole("image_token_index", 151655)),
        video=above.whole("video_token_id", above.whole("video_token_index", 151656)),
        start=above.whole("vision_start_token_id", 151652),
        tokens_per_second=above.number("position_id_per_seconds", 25)
        if spec.family.startswith(("qwen2_5_omni", "qwen3_omni"))
        else keys.number("tokens_per_second", 2),
    )


def _audio(above: Keys, kind: str, spec: Spec) -> Audio:
    keys = Keys(above.part("audio_config"), _AUDIO[kind], "config.json, audio_config")
    return Audio(
        kind=kind,
        layers=keys.whole("encoder_layers"),
        width=keys.whole("d_model"),
        inner=keys.whole("encoder_ffn_dim"),
        heads=keys.whole("encoder_attention_heads"),
        out=spec.text.width if kind == "whisper" else keys.whole("output_dim"),
        bins=keys.whole("num_mel_bins"),
        positions=keys.whole("max_source_positions", 1500),
        activation=str(keys.get("activation_function", "gelu")),
        chunk=keys.whole("n_window", 0),
        window=keys.whole("n_window_infer", 0),
        channels=keys.whole("downsample_hidden_size", 0),
        token=above.whole("audio_token_id", above.whole("audio_token_index", 151646)),
        batch=keys.whole("conv_chunksize", 500),
    )
