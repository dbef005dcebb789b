"""Reads what an omni member's config says of its voice."""

from collections.abc import Callable, Mapping
from typing import Any

from yunqi.cloud.models.engine.lineage.families import Family
from yunqi.cloud.models.engine.lineage.keys import Keys
from yunqi.cloud.models.engine.lineage.spec import Flow, Talker, Text, Vocoder, Voice, Waves

ReadText = Callable[[Keys, Family], Text]

_TALKER2: dict[str, Any] = {
    "vocab_size": 8448, "embedding_size": 3584, "hidden_size": 3584, "intermediate_size": 18944, "head_dim": 128,
    "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4, "rope_theta": 1_000_000.0,
    "tts_text_start_token_id": 151860, "tts_text_end_token_id": 151861, "tts_text_pad_token_id": 151859,
    "tts_codec_start_token_id": 8293, "tts_codec_end_token_id": 8294, "tts_codec_pad_token_id": 8292,
    "tts_codec_mask_token_id": 8296, "mrope_section": (16, 24, 24), "max_window_layers": 28,
}  # fmt: skip
_FLOW: dict[str, Any] = {
    "hidden_size": 1024, "num_hidden_layers": 22, "num_attention_heads": 16, "head_dim": 64, "ff_mult": 2,
    "emb_dim": 512, "num_embeds": 8193, "repeats": 2, "mel_dim": 80, "block_size": 24, "look_ahead_layers": (10,),
    "look_backward_layers": (0, 20), "enc_emb_dim": 192, "enc_dim": 128, "enc_channels": (256, 256, 256, 256, 768),
    "enc_kernel_sizes": (5, 3, 3, 3, 1), "enc_dilations": (1, 2, 3, 4, 1), "enc_attention_channels": 64,
    "enc_res2net_scale": 2, "enc_se_channels": 64, "max_position_embeddings": 32768,
}  # fmt: skip
_VOCODER: dict[str, Any] = {
    "mel_dim": 80, "upsample_initial_channel": 1536, "upsample_rates": (5, 3, 2, 2, 2, 2),
    "upsample_kernel_sizes": (11, 7, 4, 4, 4, 4), "resblock_kernel_sizes": (3, 7, 11),
    "resblock_dilation_sizes": ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
}  # fmt: skip
_TALKER3: dict[str, Any] = {
    "num_code_groups": 32, "thinker_hidden_size": 2048, "codec_eos_token_id": 4198, "accept_hidden_layer": 18,
    "codec_nothink_id": 4203, "codec_think_bos_id": 4204, "codec_think_eos_id": 4205, "codec_pad_id": 4196,
    "codec_bos_id": 4197,
}  # fmt: skip
_TALKER3_TEXT: dict[str, Any] = {
    "vocab_size": 3072, "hidden_size": 1024, "intermediate_size": 2048, "num_hidden_layers": 20,
    "num_attention_heads": 16, "num_key_value_heads": 2, "moe_intermediate_size": 384, "num_experts_per_tok": 8,
    "num_experts": 128, "norm_topk_prob": False, "shared_expert_intermediate_size": 0, "rope_theta": 1_000_000.0,
    "mrope_section": (24, 20, 20),
}  # fmt: skip
_PREDICTOR: dict[str, Any] = {
    "vocab_size": 2048, "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 5,
    "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128,
}  # fmt: skip
_WAVES: dict[str, Any] = {
    "codebook_size": 2048, "hidden_size": 1024, "num_attention_heads": 16, "num_key_value_heads": 16,
    "sliding_window": 72, "intermediate_size": 3072, "rms_norm_eps": 1e-5, "num_hidden_layers": 8,
    "num_quantizers": 16, "upsample_rates": (8, 5, 4, 3), "upsampling_ratios": (2, 2), "decoder_dim": 1536,
    "max_position_embeddings": 8000, "use_sliding_window": True,
}  # fmt: skip
_NORMED: dict[str, Any] = {"head_norm": True, "qkv_bias": "attention_bias", "out_bias": "attention_bias"}


def read_voice(config: Mapping[str, Any], family: Family, read_text: ReadText) -> Voice | None:
    """Return what a config says of the voice of a member whose family speaks, or None where it is switched off."""
    if not family.voice or not config.get("enable_audio_output", True):
        return None
    whole = Keys(config, {})
    return _first(whole, read_text) if family.voice == "qwen2_5" else _third(whole, read_text)


def _first(whole: Keys, read_text: ReadText) -> Voice:
    keys = Keys(whole.part("talker_config"), _TALKER2, "config.json, talker_config")
    talker = Talker(
        kind="qwen2_5",
        text=read_text(keys, Family(qkv_bias=True, windows="tail")),
        entry=keys.whole("embedding_size"),
        begin=keys.whole("tts_codec_start_token_id"),
        pad=keys.whole("tts_codec_pad_token_id"),
        mask=keys.whole("tts_codec_mask_token_id"),
        ends=(keys.whole("tts_codec_pad_token_id"), keys.whole("tts_codec_end_token_id")),
        marks=(
            keys.whole("tts_text_start_token_id"),
            keys.whole("tts_text_end_token_id"),
            keys.whole("tts_text_pad_token_id"),
        ),
    )
    parts = Keys(whole.part("token2wav_config"), {}, "config.json, token2wav_config")
    return Voice(talker, flow=_flow(parts), vocoder=_vocoder(parts))


def _flow(parts: Keys) -> Flow:
    keys = Keys(parts.part("dit_config"), _FLOW, "config.json, dit_config")
    rope = Keys({**keys.part("rope_scaling"), **keys.part("rope_parameters")}, {})
    width = keys.whole("hidden_size")
    return Flow(
        width=width,
        layers=keys.whole("num_hidden_layers"),
        heads=keys.whole("num_attention_heads"),
        head_dim=keys.whole("head_dim"),
        inner=int(width * keys.number("ff_mult", 2)),
        code_width=keys.whole("emb_dim"),
        codes=keys.whole("num_embeds"),
        repeats=keys.whole("repeats"),
        bins=keys.whole("mel_dim"),
        block=keys.whole("block_size"),
        ahead=keys.wholes("look_ahead_layers"),
        behind=keys.wholes("look_backward_layers"),
        voice_width=keys.whole("enc_emb_dim"),
        theta=rope.number("rope_theta", keys.number("rope_theta", 10_000.0)),
        longest=keys.whole("max_position_embeddings"),
        ear_out=keys.whole("enc_dim"),
        ear_channels=keys.wholes("enc_channels"),
        ear_kernels=keys.wholes("enc_kernel_sizes"),
        ear_dilations=keys.wholes("enc_dilations"),
        ear_attention=keys.whole("enc_attention_channels"),
        ear_scale=keys.whole("enc_res2net_scale"),
        ear_squeeze=keys.whole("enc_se_channels"),
    )


def _vocoder(parts: Keys) -> Vocoder:
    keys = Keys(parts.part("bigvgan_config"), _VOCODER, "config.json, bigvgan_config")
    return Vocoder(
        bins=keys.whole("mel_dim"),
        channels=keys.whole("upsample_initial_channel"),
        rates=keys.wholes("upsample_rates"),
        kernels=keys.wholes("upsample_kernel_sizes"),
        block_kernels=keys.wholes("resblock_kernel_sizes"),
        block_dilations=tuple(tuple(int(size) for size in row) for row in keys.get("resblock_dilation_sizes")),
    )


def _third(whole: Keys, read_text: ReadText) -> Voice:
    keys = Keys(whole.part("talker_config"), _TALKER3, "config.json, talker_config")
    text = read_text(
        Keys(keys.part("text_config"), _TALKER3_TEXT, "config.json, talker_config"),
        Family(**_NORMED, interleaved=True, experts=True),
    )
    predictor = read_text(
        Keys(keys.part("code_predictor_config"), _PREDICTOR, "config.json, code_predictor_config"), Family(**_NORMED)
    )
    talker = Talker(
        kind="qwen3",
        text=text,
        entry=keys.whole("thinker_hidden_size"),
        begin=keys.whole("codec_bos_id"),
        pad=keys.whole("codec_pad_id"),
        mask=-1,
        ends=(keys.whole("codec_eos_token_id"),),
        marks=(
            whole.whole("tts_bos_token_id", 151672),
            whole.whole("tts_eos_token_id", 151673),
            whole.whole("tts_pad_token_id", 151671),
        ),
        layer=keys.whole("accept_hidden_layer"),
        predictor=predictor,
        groups=keys.whole("num_code_groups"),
        unthought=tuple(keys.whole(f"codec_{name}_id") for name in ("nothink", "think_bos", "think_eos")),
        speakers=tuple((str(name).lower(), int(code)) for name, code in keys.part("speaker_id").items()),
        turns=(
            whole.whole("im_start_token_id", 151644),
            whole.whole("user_token_id", 872),
            whole.whole("assistant_token_id", 77091),
        ),
    )
    return Voice(talker, waves=_waves(whole, read_text))


def _waves(whole: Keys, read_text: ReadText) -> Waves:
    found = whole.part("code2wav_config")
    groups = Keys(found, _WAVES).whole("num_quantizers")
    keys = Keys(found, {**_WAVES, "vocab_size": Keys(found, _WAVES).whole("codebook_size") * groups}, "code2wav_config")
    family = Family(qkv_bias="attention_bias", out_bias="attention_bias", windows="all", scaled=True)
    return Waves(
        text=read_text(keys, family),
        groups=groups,
        ratios=keys.wholes("upsampling_ratios"),
        rates=keys.wholes("upsample_rates"),
        width=keys.whole("decoder_dim"),
    )
