"""Where each tensor of an official checkpoint belongs, whatever its makers called it and however they packed it."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"^(?:thinker|vlm)\.", ""),
        (r"^(?:model\.)?(visual|audio_tower|multi_modal_projector)\.", r"\1."),
        (r"^visual\.merger_list\.", "visual.deepstack_merger_list."),
        (r"^(?:model\.)?language_model\.lm_head\.", "lm_head."),
        (r"^(?:model\.)?language_model\.(?:model\.)?", "model."),
        (r"^(?:transformer\.)?(layers|embed_tokens|norm|hyper_connection_mixer)\.", r"model.\1."),
        (r"^(visual\.merger|visual\.deepstack_merger_list\.\d+)\.ln_q\.", r"\1.norm."),
        (r"^(visual\.merger|visual\.deepstack_merger_list\.\d+)\.mlp\.0\.", r"\1.linear_fc1."),
        (r"^(visual\.merger|visual\.deepstack_merger_list\.\d+)\.mlp\.2\.", r"\1.linear_fc2."),
        (r"^talker\.model\.codec_embedding\.", "talker.model.embed_tokens."),
        (r"^mtp\.(layers|norm)\.", r"mtp.model.\1."),
        # Qwen, 2023
        (r"^transformer\.wte\.", "model.embed_tokens."),
        (r"^transformer\.ln_f\.", "model.norm."),
        (r"^transformer\.h\.(\d+)\.ln_1\.", r"model.layers.\1.input_layernorm."),
        (r"^transformer\.h\.(\d+)\.ln_2\.", r"model.layers.\1.post_attention_layernorm."),
        (r"^transformer\.h\.(\d+)\.attn\.c_attn\.", r"model.layers.\1.self_attn.qkv_proj."),
        (r"^transformer\.h\.(\d+)\.attn\.c_proj\.", r"model.layers.\1.self_attn.o_proj."),
        (r"^transformer\.h\.(\d+)\.mlp\.w1\.", r"model.layers.\1.mlp.up_proj."),
        (r"^transformer\.h\.(\d+)\.mlp\.w2\.", r"model.layers.\1.mlp.gate_proj."),
        (r"^transformer\.h\.(\d+)\.mlp\.c_proj\.", r"model.layers.\1.mlp.down_proj."),
    )
)
_EXPERT = re.compile(r"^(.*\.mlp\.experts)\.(\d+)\.(gate|up|down)_proj\.weight$")
_FUSED = re.compile(r"^(.*\.self_attn)\.qkv_proj\.(weight|bias)$")
_SPLIT = re.compile(r"^(visual\.blocks\.\d+\.attn)\.([qkv])\.(weight|bias)$")
_EXPERT_STACK = re.compile(r"^(.*\.mlp\.experts\.(?:gate_up|down)_proj)(?:\.weight)?$")
_SHARD = re.compile(r"^(.*\.ngram_embedding)\.shard_(\d+)\.weight$")
_IGNORED = re.compile(
    r"(\.ple_embedding\.(layer_multipliers|ngram_heads_vocab_sizes|ngram_heads_offsets)|rotary_emb\.inv_freq|rotary_pos_emb\.inv_freq|rotary_embed\.inv_freq|(upsample|downsample)\.filter|code2wav\.code_offset|\.attn\.(masked_)?bias)$"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One source tensor's part of a parameter.

    Parameters
    ----------
    third
        Which third of a fused q, k, v projection; None: all of the source.
    expert
        Which expert of a stack it fills; None: not a stack of experts.
    half
        For a stack of gate and up: ``0`` or ``1``; None: whole rows.
    shard
        Order among pieces that follow each other along the first axis.
    """

    source: str
    third: int | None = None
    expert: int | None = None
    half: int | None = None
    shard: int | None = None


def canonical(name: str) -> str:
    """Return the lineage's own name of a checkpoint tensor."""
    for pattern, new in _RULES:
        name = pattern.sub(new, name)
    return name


def pieces(sources: Iterable[str]) -> dict[str, list[Piece]]:
    """Return for each parameter which source tensors make it up."""
    found: dict[str, list[Piece]] = defaultdict(list)
    for source in sources:
        if _IGNORED.search(source):
            continue
        name = canonical(source)
        if match := _EXPERT.match(name):
            stack, expert, which = match[1], int(match[2]), match[3]
            half = {"gate": 0, "up": 1, "down": None}[which]
            target = f"{stack}.{'down_proj' if which == 'down' else 'gate_up_proj'}"
            found[target].append(Piece(source, expert=expert, half=half))
        elif match := _FUSED.match(name):
            for third, letter in enumerate("qkv"):
                found[f"{match[1]}.{letter}_proj.{match[2]}"].append(Piece(source, third=third))
        elif match := _SPLIT.match(name):
            found[f"{match[1]}.qkv.{match[3]}"].append(Piece(source, shard="qkv".index(match[2])))
        elif match := _SHARD.match(name):
            found[f"{match[1]}.weight"].append(Piece(source, shard=int(match[2])))
        elif match := _EXPERT_STACK.match(name):
            found[match[1]].append(Piece(source))
        else:
            found[name].append(Piece(source))
    return dict(found)
