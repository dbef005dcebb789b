"""The reference's whole omni members, tiny, random, and saved as their makers would publish them."""

import random
from pathlib import Path
from typing import Any

import torch
import transformers
from tests.cloud.models.lineage import reference
from tests.cloud.models.lineage.reference import Reference

_TALKER = {
    "vocab_size": 60, "embedding_size": 32, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "tts_text_start_token_id": 120,
    "tts_text_end_token_id": 121, "tts_text_pad_token_id": 122, "tts_codec_start_token_id": 53,
    "tts_codec_end_token_id": 54, "tts_codec_pad_token_id": 52, "tts_codec_mask_token_id": 56,
    "image_token_index": 131, "video_token_index": 132, "audio_token_index": 135, "vision_start_token_id": 133,
    "vision_end_token_id": 134, "audio_start_token_id": 136, "audio_end_token_id": 137,
    **reference.rope("default", mrope_section=[2, 1, 1]),
}  # fmt: skip
_FLOW = {
    "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "head_dim": 16, "emb_dim": 12,
    "num_embeds": 61, "mel_dim": 10, "block_size": 4, "look_ahead_layers": [1], "look_backward_layers": [0, 2],
    "enc_emb_dim": 6, "enc_dim": 8, "enc_channels": [8, 8, 8, 8, 24], "enc_attention_channels": 5,
    "enc_se_channels": 4,
}  # fmt: skip
_VOCODER = {
    "mel_dim": 10, "upsample_initial_channel": 32, "upsample_rates": [3, 2], "upsample_kernel_sizes": [7, 4],
    "resblock_kernel_sizes": [3, 5], "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5]],
}  # fmt: skip
_TALKER3 = {
    "text_config": {
        "vocab_size": 1072, "hidden_size": 24, "intermediate_size": 28, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 8, **reference.MOE, "shared_expert_intermediate_size": 12,
        **reference.rope("default", mrope_section=[2, 1, 1]),
    },
    "code_predictor_config": {
        "vocab_size": 40, "hidden_size": 24, "intermediate_size": 28, "num_hidden_layers": 2, "head_dim": 8,
        "num_attention_heads": 4, "num_key_value_heads": 2, "num_code_groups": 4,
    },
    "spatial_merge_size": 2, "num_code_groups": 4, "thinker_hidden_size": 32, "accept_hidden_layer": 3, "codec_eos_token_id": 1060,
    "codec_nothink_id": 1061, "codec_think_bos_id": 1062, "codec_think_eos_id": 1063, "codec_pad_id": 1064,
    "codec_bos_id": 1065,
    "audio_token_id": 135, "image_token_id": 131, "video_token_id": 132, "vision_start_token_id": 133,
    "audio_start_token_id": 136, "speaker_id": {"ethan": 1066, "chelsie": 1067},
}  # fmt: skip
_WAVES = {
    "codebook_size": 48, "hidden_size": 24, "num_attention_heads": 3, "num_key_value_heads": 3, "sliding_window": 5,
    "intermediate_size": 28, "num_hidden_layers": 2, "num_quantizers": 4, "upsample_rates": [3, 2],
    "upsampling_ratios": [2], "decoder_dim": 16,
}  # fmt: skip
VOICE = {"bos_token": 123, "cond": (1, 6), "ref_mel": (1, 30, 10)}


def first(folder: Path) -> Reference:
    """Return a tiny Qwen2.5-Omni with a voice beside it."""
    thinker = {
        **reference.SENSES["qwen2_5_omni_thinker"][1],
        "audio_token_index": 135, "image_token_index": 131, "video_token_index": 132,
    }  # fmt: skip
    config = transformers.Qwen2_5OmniConfig(
        thinker_config=thinker,
        talker_config=_TALKER,
        token2wav_config={"dit_config": _FLOW, "bigvgan_config": _VOCODER},
    )
    made = reference.publish(transformers.Qwen2_5OmniForConditionalGeneration(config).eval().float(), folder)
    draw = torch.Generator().manual_seed(3)
    voice = {
        name: torch.randn(size, generator=draw) if isinstance(size, tuple) else size for name, size in VOICE.items()
    }
    torch.save({"Chelsie": voice}, folder / "spk_dict.pt")
    made.model.load_speakers(folder / "spk_dict.pt")
    made.model.talker.register_forward_pre_hook(_unelided, with_kwargs=True)
    return made


def _unelided(_: Any, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Give the talker back the mask of ones that generate() of transformers 5 drops.

    Without it the talker takes no codes that begin, and plain positions: not what the published model does, nor what
    the same version does for a padded batch.
    """
    if given.get("attention_mask") is None and given.get("cache") is not None:
        new = given["input_ids"] if given.get("inputs_embeds") is None else given["inputs_embeds"][..., 0]
        given["attention_mask"] = torch.ones(len(new), given["cache"].get_seq_length() + new.shape[1], dtype=torch.long)
    return args, given


def third(folder: Path) -> Reference:
    """Return a tiny Qwen3-Omni."""
    config = transformers.Qwen3OmniMoeConfig(
        thinker_config=reference.SENSES["qwen3_omni_moe_thinker"][1],
        talker_config=_TALKER3,
        code2wav_config=_WAVES,
        im_start_token_id=110, user_token_id=111, assistant_token_id=112, system_token_id=113,
        tts_pad_token_id=122, tts_bos_token_id=120, tts_eos_token_id=121,
    )  # fmt: skip
    return reference.publish(transformers.Qwen3OmniMoeForConditionalGeneration(config).eval().float(), folder)


def prompt(parts: list[int]) -> list[int]:
    """Return a system turn, a user's turn of these tokens and the beginning of an answer."""
    draw = random.Random(1)
    system = [draw.randrange(100) for _ in range(4)]
    return [110, 113, *system, 109, 110, 111, 5, *parts, 7, 109, 110, 112, 6]


def seen() -> tuple[list[int], Any, Any]:
    """Return tokens with places for a picture, its patches and its grid."""
    patches = torch.randn(16, 3 * 2 * 4 * 4, generator=torch.Generator().manual_seed(1))
    return [133, *[131] * 4, 134], patches, (1, 4, 4)
