"""Members that also see, hear or speak; the decoder's parameters and the towers' are counted together."""

from typing import Any

from yunqi.cloud.models.engine.catalogue.entry import Entry
from yunqi.cloud.models.engine.catalogue.text import A3B, A22B, dense

_RV2 = "Qwen2-VL, arXiv 2409.12191; model cards"
_RV25 = "Qwen2.5-VL Technical Report, arXiv 2502.13923; model cards"
_RV3 = "Qwen3-VL Technical Report, arXiv 2511.21631; model cards"
_RA = "Qwen2-Audio Technical Report, arXiv 2407.10759"
_RO = "Qwen2.5-Omni Technical Report, arXiv 2503.20215"
_RO3 = "Qwen3-Omni Technical Report, arXiv 2509.17765"


def _with(kind: str, text: dict[str, Any], tied: bool = False, **towers: Any) -> dict[str, Any]:
    inner = {name: value for name, value in text.items() if name not in ("model_type", "tie_word_embeddings")}
    return {"model_type": kind, "text_config": inner, "tie_word_embeddings": tied, **towers}


def _eye2(out: int) -> dict[str, Any]:
    return {"depth": 32, "embed_dim": 1280, "hidden_size": out, "mlp_ratio": 4, "num_heads": 16, "patch_size": 14}


def _eye25(out: int, inner: int = 3420) -> dict[str, Any]:
    return {"depth": 32, "hidden_size": 1280, "intermediate_size": inner, "num_heads": 16, "out_hidden_size": out}


def _eye3(out: int, *, small: bool = False) -> dict[str, Any]:
    shape = (24, 1024, 4096, (5, 11, 17)) if small else (27, 1152, 4304, (8, 16, 24))
    names = ("depth", "hidden_size", "intermediate_size", "deepstack_visual_indexes")
    return {**dict(zip(names, shape, strict=True)), "num_heads": 16, "out_hidden_size": out}


_T2 = {
    "2B": dense("qwen2", 28, 1536, 12, 2, 8960),
    "3B": dense("qwen2", 36, 2048, 16, 2, 11008),
    "7B": dense("qwen2", 28, 3584, 28, 4, 18944, 152064),
    "32B": dense("qwen2", 64, 5120, 40, 8, 27648, 152064),
    "72B": dense("qwen2", 80, 8192, 64, 8, 29568, 152064),
}
_T3 = {
    "2B": dense("qwen3", 28, 2048, 16, 8, 6144, head_dim=128),
    "4B": dense("qwen3", 36, 2560, 32, 8, 9728, head_dim=128),
    "8B": dense("qwen3", 36, 4096, 32, 8, 12288, head_dim=128),
    "32B": dense("qwen3", 64, 5120, 64, 8, 25600, head_dim=128),
}
_EAR3 = {
    "d_model": 1280, "encoder_layers": 32, "encoder_attention_heads": 20, "encoder_ffn_dim": 5120, "output_dim": 2048,
}  # fmt: skip

_TALKER = {
    "embedding_size": 3584, "hidden_size": 896, "intermediate_size": 18944, "num_hidden_layers": 24,
    "num_attention_heads": 12, "num_key_value_heads": 4, "head_dim": 128, "vocab_size": 8448,
}  # fmt: skip

SENSES: tuple[Entry, ...] = (
    Entry("Qwen2-VL-2B", "vision", _with("qwen2_vl", _T2["2B"], True, vision_config=_eye2(1536)), "2.2B", _RV2),
    Entry("Qwen2-VL-7B", "vision", _with("qwen2_vl", _T2["7B"], vision_config=_eye2(3584)), "8.29B", _RV2),
    Entry("Qwen2-VL-72B", "vision", _with("qwen2_vl", _T2["72B"], vision_config=_eye2(8192)), "73.4B", _RV2),
    Entry("Qwen2.5-VL-3B", "vision", _with("qwen2_5_vl", _T2["3B"], True, vision_config=_eye25(2048)), "3.75B", _RV25),
    Entry("Qwen2.5-VL-7B", "vision", _with("qwen2_5_vl", _T2["7B"], vision_config=_eye25(3584)), "8.29B", _RV25),
    Entry("Qwen2.5-VL-32B", "vision", _with("qwen2_5_vl", _T2["32B"], vision_config=_eye25(5120, 3456)), "33.5B", _RV25),
    Entry("Qwen2.5-VL-72B", "vision", _with("qwen2_5_vl", _T2["72B"], vision_config=_eye25(8192, 3456)), "73.4B", _RV25),
    Entry("Qwen3-VL-2B", "vision", _with("qwen3_vl", _T3["2B"], True, vision_config=_eye3(2048, small=True)), "2.1B", _RV3),
    Entry("Qwen3-VL-4B", "vision", _with("qwen3_vl", _T3["4B"], True, vision_config=_eye3(2560, small=True)), "4.4B", _RV3),
    Entry("Qwen3-VL-8B", "vision", _with("qwen3_vl", _T3["8B"], vision_config=_eye3(4096)), "8.8B", _RV3),
    Entry("Qwen3-VL-32B", "vision", _with("qwen3_vl", _T3["32B"], vision_config=_eye3(5120)), "33B", _RV3),
    Entry("Qwen3-VL-30B-A3B", "vision", _with("qwen3_vl_moe", A3B, vision_config=_eye3(2048)), "31B", _RV3, active="3B"),
    Entry("Qwen3-VL-235B-A22B", "vision", _with("qwen3_vl_moe", A22B, vision_config=_eye3(4096)), "236B", _RV3, active="22B"),
    Entry(
        "Qwen2-Audio-7B", "audio",
        _with("qwen2_audio", dense("qwen2", 32, 4096, 32, 32, 11008, 156032), audio_config={}), "8.4B", _RA,
        note="the report says 8.2B, of Qwen-7B and the Whisper encoder; the published checkpoint holds 8.40B",
    ),
    Entry(
        "Qwen2.5-Omni-7B", "omni",
        {"model_type": "qwen2_5_omni", "enable_audio_output": False, "thinker_config": _with(
            "qwen2_5_omni_thinker", _T2["7B"], vision_config=_eye25(3584), audio_config={"output_dim": 3584})},
        "8.9B", _RO, note="thinker with its vision and audio towers, as the report counts it in parts",
    ),
    Entry(
        "Qwen2.5-Omni-7B-whole", "omni",
        {"model_type": "qwen2_5_omni", "talker_config": _TALKER, "token2wav_config": {}, "thinker_config": _with(
            "qwen2_5_omni_thinker", _T2["7B"], vision_config=_eye25(3584), audio_config={"output_dim": 3584})},
        "10.7B", _RO, note="with talker (1.35B), diffusion transformer (334M) and vocoder (115M), as its checkpoint holds",
    ),
    Entry(
        "Qwen3-Omni-30B-A3B", "omni",
        {"model_type": "qwen3_omni_moe", "enable_audio_output": False, "thinker_config": _with(
            "qwen3_omni_moe_thinker", A3B, vision_config=_eye3(2048), audio_config=_EAR3)},
        "31.7B", _RO3,
        note="thinker with its vision (540M) and audio (650M) towers; A3B is of its decoder alone",
    ),
)  # fmt: skip
