"""What each generation changed from the one before, as data: one row a ``model_type``.

======================  ==============================================================================================
qwen (2023)             fused projections with bias on q, k, v; NTK by length and log-n scaled queries
qwen2 (1.5, 2, 2.5)     split projections, grouped queries, YaRN, window attention in the last layers
qwen2_moe               routed experts and one shared expert behind a gate
qwen3                   no biases, RMSNorm on each query and key head, a head size of its own
qwen3_moe               many small experts, no shared one
qwen3_next              three of four layers gated DeltaNet; gated attention; a quarter of each head turns; MTP
qwen3_5, qwen3_5_moe    DeltaNet with separate projections, interleaved M-RoPE, vision built in
qwen4_exp               hyper-connections, hashed n-gram embeddings, indexed attention
======================  ==============================================================================================

Vision (qwen2_vl, qwen2_5_vl, qwen3_vl), audio (qwen2_audio, qwen3_asr) and omni members are one of these decoders with
towers beside it. Rows of other makers stand here where they cost nothing but the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Family:
    """How to read one ``model_type``.

    Parameters
    ----------
    text_at
        Where the decoder's part of the config lies.
    defaults
        Values of keys that official configs leave out.
    qkv_bias, out_bias
        True, False, or the config key that says so.
    windows
        Which layers see a window only: ``none``, ``tail`` (from max_window_layers on), ``even`` or ``all``.
    delta
        ``grouped`` or ``split`` projections of DeltaNet layers; empty: none.
    vision, audio
        Kind of the towers; empty: none.
    streams
        Hyper-connections, n-gram embeddings and indexed attention.
    voice
        Kind of the voice of the whole omni members; empty: none.
    scaled
        Each layer's parts are scaled by learnt weights (code decoders).
    """

    text_at: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    qkv_bias: bool | str = False
    out_bias: bool | str = False
    mlp_bias: bool | str = False
    head_norm: bool = False
    gate: bool = False
    centred: bool = False
    experts: bool = False
    windows: str = "none"
    delta: str = ""
    interleaved: bool = False
    vision: str = ""
    audio: str = ""
    layout: str = ""
    streams: bool = False
    voice: str = ""
    scaled: bool = False


_MOE: dict[str, Any] = {"norm_topk_prob": False, "decoder_sparse_step": 1, "mlp_only_layers": ()}
_HYBRID: dict[str, Any] = {
    **_MOE,
    "norm_topk_prob": True,
    "partial_rotary_factor": 0.25,
    "linear_conv_kernel_dim": 4,
    "linear_key_head_dim": 128,
    "linear_value_head_dim": 128,
    "linear_num_key_heads": 16,
    "linear_num_value_heads": 32,
    "head_dim": 256,
    "full_attention_interval": 4,
}
_SECTIONS: dict[str, Any] = {"mrope_section": (11, 11, 10)}
_VL2: dict[str, Any] = {
    "rope_theta": 1_000_000.0,
    "rms_norm_eps": 1e-5,
    "max_window_layers": 80,
    "hidden_size": 8192,
    "vocab_size": 152064,
}
_DENSE2 = Family(qkv_bias=True, windows="tail", defaults={"max_window_layers": 28})
_QWEN3: dict[str, Any] = {"head_norm": True, "qkv_bias": "attention_bias", "out_bias": "attention_bias"}
_NEXT: dict[str, Any] = {**_QWEN3, "gate": True, "centred": True}
_FOUR: dict[str, Any] = {
    **_NEXT,
    "delta": "split",
    "interleaved": True,
    "experts": True,
    "streams": True,
    "defaults": {**_HYBRID, **_SECTIONS, "partial_rotary_factor": 1.0},
}
_TEXT = ("text_config",)
_THINK = ("thinker_config", "text_config")

FAMILIES: dict[str, Family] = {
    "qwen": Family(qkv_bias=True, layout="qwen", defaults={"seq_length": 8192, "rotary_pct": 1.0}),
    "qwen2": _DENSE2,
    "qwen2_moe": Family(
        qkv_bias="qkv_bias",
        windows="even",
        experts=True,
        defaults={**_MOE, "qkv_bias": True, "max_window_layers": 28, "shared_expert_intermediate_size": 5632},
    ),
    "qwen3": Family(**_QWEN3, windows="tail", defaults={"max_window_layers": 28, "head_dim": 128}),
    "qwen3_moe": Family(**_QWEN3, windows="all", experts=True, defaults=_MOE),
    "qwen3_next": Family(
        **_NEXT,
        delta="grouped",
        experts=True,
        defaults={**_HYBRID, "shared_expert_intermediate_size": 512, "moe_intermediate_size": 512},
    ),
    "qwen3_5_text": Family(**_NEXT, delta="split", interleaved=True, defaults={**_HYBRID, **_SECTIONS}),
    "qwen3_5_moe_text": Family(
        **_NEXT, delta="split", interleaved=True, experts=True, defaults={**_HYBRID, **_SECTIONS}
    ),
    "qwen3_5": Family(
        **_NEXT,
        text_at=_TEXT,
        delta="split",
        interleaved=True,
        defaults={**_HYBRID, **_SECTIONS},
        vision="qwen3_5",
    ),
    "qwen3_5_moe": Family(
        **_NEXT,
        text_at=_TEXT,
        delta="split",
        interleaved=True,
        experts=True,
        defaults={**_HYBRID, **_SECTIONS},
        vision="qwen3_5",
    ),
    "qwen4_exp": Family(**_FOUR, text_at=_TEXT, vision="qwen3_5"),
    "qwen4_exp_text": Family(**_FOUR),
    "qwen2_vl": Family(text_at=_TEXT, qkv_bias=True, windows="tail", vision="qwen2", defaults=_VL2),
    "qwen2_vl_text": Family(qkv_bias=True, windows="tail", defaults=_VL2),
    "qwen2_5_vl": Family(text_at=_TEXT, qkv_bias=True, windows="tail", vision="qwen2_5", defaults=_VL2),
    "qwen2_5_vl_text": Family(qkv_bias=True, windows="tail", defaults=_VL2),
    "qwen3_vl": Family(
        **_QWEN3,
        text_at=_TEXT,
        interleaved=True,
        vision="qwen3",
        defaults={"head_dim": 128, "mrope_section": (24, 20, 20)},
    ),
    "qwen3_vl_text": Family(**_QWEN3, interleaved=True, defaults={"head_dim": 128, "mrope_section": (24, 20, 20)}),
    "qwen3_vl_moe": Family(
        **_QWEN3,
        text_at=_TEXT,
        interleaved=True,
        experts=True,
        vision="qwen3",
        defaults={**_MOE, "norm_topk_prob": True, "mrope_section": (24, 20, 20)},
        layout="transposed",
    ),
    "qwen3_vl_moe_text": Family(
        **_QWEN3,
        interleaved=True,
        experts=True,
        defaults={**_MOE, "norm_topk_prob": True, "mrope_section": (24, 20, 20)},
        layout="transposed",
    ),
    "qwen2_audio": Family(text_at=_TEXT, qkv_bias=True, windows="tail", audio="whisper", defaults=_DENSE2.defaults),
    "qwen2_5_omni": Family(
        text_at=_THINK, qkv_bias=True, windows="tail", vision="qwen2_5", audio="omni", defaults=_VL2, voice="qwen2_5"
    ),
    "qwen2_5_omni_thinker": Family(
        text_at=_TEXT, qkv_bias=True, windows="tail", vision="qwen2_5", audio="omni", defaults=_VL2
    ),
    "qwen3_omni_moe": Family(
        **_QWEN3,
        voice="qwen3",
        text_at=_THINK,
        interleaved=True,
        experts=True,
        vision="qwen3",
        audio="qwen3",
        defaults={**_MOE, "norm_topk_prob": True, "mrope_section": (24, 20, 20)},
    ),
    "qwen3_omni_moe_thinker": Family(
        **_QWEN3,
        text_at=_TEXT,
        interleaved=True,
        experts=True,
        vision="qwen3",
        audio="qwen3",
        defaults={**_MOE, "norm_topk_prob": True, "mrope_section": (24, 20, 20)},
    ),
    "qwen2_5_omni_text": Family(qkv_bias=True, windows="tail", defaults=_VL2),
    "qwen3_omni_moe_text": Family(
        **_QWEN3,
        interleaved=True,
        experts=True,
        defaults={**_MOE, "norm_topk_prob": True, "mrope_section": (24, 20, 20)},
    ),
    "qwen3_asr": Family(**_QWEN3, text_at=_TEXT, audio="asr", defaults={"head_dim": 128}),
    "llama": Family(qkv_bias="attention_bias", out_bias="attention_bias", mlp_bias="mlp_bias"),
    "mistral": Family(windows="all", defaults={"use_sliding_window": True}),
}
