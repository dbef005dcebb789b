"""Reads an official config.json, of any generation, into a `Spec`."""

from collections.abc import Mapping
from typing import Any

from yunqi.cloud.models.engine.lineage import novel, readout, senses
from yunqi.cloud.models.engine.lineage.families import FAMILIES, Family
from yunqi.cloud.models.engine.lineage.keys import Keys
from yunqi.cloud.models.engine.lineage.spec import DELTA, FULL, WINDOW, Delta, Experts, Rope, Spec, Text
from yunqi.cloud.models.engine.lineage.speech.read import read_voice
from yunqi.kernel.errors import Invalid


def read_spec(config: Mapping[str, Any]) -> Spec:
    """Return what a config.json describes.

    Raises
    ------
    Invalid
        When its ``model_type`` is not of the lineage, or a value cannot be.
    """
    kind = config.get("model_type")
    if kind == "colqwen2":
        return readout.retrieval(read_spec(Keys(config, {}).part("vlm_config")), config)
    family = FAMILIES.get(kind) if isinstance(kind, str) else None
    if family is None or not isinstance(kind, str):
        known = ", ".join(sorted(FAMILIES))
        raise Invalid(f"config.json names the model_type {kind!r}; read here are {known}.", param="model_type")
    part = _text_part(config, family)
    inner = FAMILIES.get(str(part.get("model_type")), family) if family.text_at else family
    text = read_text(Keys(part, {**family.defaults, **inner.defaults}), inner)
    architectures = config.get("architectures") or [""]
    architecture = str(architectures[0])
    text = readout.read(text, architecture, config, part)
    voice = read_voice(config, family, read_text)
    silent = bool(family.voice) and voice is None
    spec = Spec(kind, text, architecture, voice=voice, silent=silent, **_special(config, part))
    return senses.add(spec, config, family)


def _text_part(config: Mapping[str, Any], family: Family) -> Mapping[str, Any]:
    """Return the decoder's part; the level above says whether embeddings are tied (old VL configs are flat)."""
    part: Mapping[str, Any] = config
    above: Mapping[str, Any] = {}
    for name in family.text_at:
        inner = part.get(name)
        if not isinstance(inner, Mapping):
            return part
        above, part = part, inner
    tied = bool(above.get("tie_word_embeddings", False))
    if family.vision in ("qwen2", "qwen2_5") and not family.audio:
        tied = tied or bool(part.get("tie_word_embeddings", False))
    return {**part, "tie_word_embeddings": tied} if above else part


def read_text(keys: Keys, family: Family) -> Text:
    """Return the decoder that these keys of a config describe."""
    if family.layout == "qwen":
        return _first_generation(keys)
    layers, heads, width = keys.whole("num_hidden_layers"), keys.whole("num_attention_heads"), keys.whole("hidden_size")
    kinds = _kinds(keys, family, layers)
    dim = keys.whole("head_dim", width // max(heads, 1))
    context = keys.whole("max_position_embeddings", 32768)
    return Text(
        vocabulary=keys.whole("vocab_size"),
        width=width,
        inner=keys.whole("intermediate_size", 0),
        layers=layers,
        heads=heads,
        kv_heads=keys.whole("num_key_value_heads", heads),
        head_dim=dim,
        context=context,
        kinds=kinds,
        sparse=_sparse(keys, family, layers),
        rope=read_rope(keys, family, context),
        eps=keys.number("rms_norm_eps", 1e-6),
        activation=str(keys.get("hidden_act", "silu")),
        tied=bool(keys.get("tie_word_embeddings", False)),
        qkv_bias=keys.flag(family.qkv_bias),
        out_bias=keys.flag(family.out_bias),
        mlp_bias=keys.flag(family.mlp_bias),
        head_norm=family.head_norm,
        gate=family.gate,
        centred=family.centred,
        scaled=family.scaled,
        window=keys.whole("sliding_window", 4096) if WINDOW in kinds else 0,
        experts=_experts(keys) if family.experts else None,
        delta=_delta(keys, family) if family.delta else None,
        **(novel.read(keys, layers) if family.streams else {}),
    )


def _first_generation(keys: Keys) -> Text:
    heads, layers = keys.whole("num_attention_heads"), keys.whole("num_hidden_layers")
    trained = keys.whole("seq_length")
    rope = Rope(
        theta=keys.number("rotary_emb_base", 10_000.0),
        kind="qwen" if keys.get("use_dynamic_ntk", False) else "default",
        fraction=keys.number("rotary_pct", 1.0),
        original=trained,
    )
    return Text(
        vocabulary=keys.whole("vocab_size"),
        width=keys.whole("hidden_size"),
        inner=keys.whole("intermediate_size") // 2,
        layers=layers,
        heads=heads,
        kv_heads=heads,
        head_dim=keys.whole("kv_channels", 128),
        context=keys.whole("max_position_embeddings", trained),
        kinds=(FULL,) * layers,
        sparse=(False,) * layers,
        rope=rope,
        eps=keys.number("layer_norm_epsilon", 1e-6),
        tied=bool(keys.get("tie_word_embeddings", False)),
        qkv_bias=True,
        out_bias=not keys.get("no_bias", True),
        mlp_bias=not keys.get("no_bias", True),
        logn=trained if keys.get("use_logn_attn", False) else 0,
    )


def _kinds(keys: Keys, family: Family, layers: int) -> tuple[str, ...]:
    if family.windows != "none" and not keys.get("use_sliding_window", False):
        return (FULL,) * layers if not keys.get("layer_types") else tuple(FULL for _ in keys.get("layer_types"))
    named = keys.get("layer_types")
    if named is not None:
        named = [FULL if kind == "indexed_attention" else kind for kind in named]
        if unknown := sorted(set(named) - {FULL, WINDOW, DELTA}):
            raise Invalid(f"config.json: layer_types names {', '.join(unknown)}, unknown here.", param="layer_types")
        return tuple(named)
    if family.delta:
        every = keys.whole("full_attention_interval", 4)
        return tuple(DELTA if (layer + 1) % every else FULL for layer in range(layers))
    edge = keys.whole("max_window_layers", layers)
    limited = {
        "none": range(0),
        "tail": range(edge, layers),
        "even": range(0, min(edge, layers), 2),
        "all": range(layers if keys.get("sliding_window") is not None else 0),
    }[family.windows]
    return tuple(WINDOW if layer in limited else FULL for layer in range(layers))


def _sparse(keys: Keys, family: Family, layers: int) -> tuple[bool, ...]:
    if not family.experts or not keys.whole("num_experts", 0):
        return (False,) * layers
    step, dense = keys.whole("decoder_sparse_step", 1), set(keys.get("mlp_only_layers", ()))
    return tuple(layer not in dense and (layer + 1) % step == 0 for layer in range(layers))


def _experts(keys: Keys) -> Experts | None:
    count = keys.whole("num_experts", 0)
    if not count:
        return None
    chosen = keys.whole("num_experts_per_tok")
    if not 0 < chosen <= count:
        raise Invalid(f"config.json chooses {chosen} of {count} experts.", param="num_experts_per_tok")
    return Experts(
        count=count,
        chosen=chosen,
        width=keys.whole("moe_intermediate_size"),
        normalised=bool(keys.get("norm_topk_prob")),
        shared_width=keys.whole("shared_expert_intermediate_size", 0),
    )


def _delta(keys: Keys, family: Family) -> Delta:
    return Delta(
        key_heads=keys.whole("linear_num_key_heads"),
        value_heads=keys.whole("linear_num_value_heads"),
        key_dim=keys.whole("linear_key_head_dim"),
        value_dim=keys.whole("linear_value_head_dim"),
        kernel=keys.whole("linear_conv_kernel_dim"),
        grouped=family.delta == "grouped",
        gate=str(keys.get("output_gate_type", keys.get("hidden_act", "silu"))) if family.streams else "silu",
    )


def read_rope(keys: Keys, family: Family, context: int) -> Rope:
    """Return the rotary rule, from ``rope_parameters`` or the older ``rope_theta`` and ``rope_scaling``."""
    found = {**keys.part("rope_scaling"), **keys.part("rope_parameters")}
    rope = Keys({name: value for name, value in found.items() if value is not None}, {}, "config.json, rope")
    kind = str(rope.get("rope_type", rope.get("type", "default")))
    kind = {"mrope": "default", "su": "longrope"}.get(kind, kind)
    if kind not in ("default", "linear", "dynamic", "yarn", "llama3", "longrope"):
        raise Invalid(f"config.json: the rope type {kind!r} is unknown here.", param="rope_type")
    original = rope.whole("original_max_position_embeddings", 0)
    if kind == "longrope":
        original = original or keys.whole("original_max_position_embeddings", 0)
    factor = rope.get("factor")
    if factor is None:
        factor = context / original if original else 1.0
    chunked = keys.part("dual_chunk_attention_config")
    attention = rope.get("attention_factor")
    return Rope(
        theta=rope.number("rope_theta", keys.number("rope_theta", 10_000.0)),
        kind=kind,
        fraction=rope.number("partial_rotary_factor", keys.number("partial_rotary_factor", 1.0)),
        factor=float(factor),
        original=original,
        beta_fast=rope.number("beta_fast", 32.0),
        beta_slow=rope.number("beta_slow", 1.0),
        attention_factor=None if attention is None else float(attention),
        mscale=rope.number("mscale", 0.0),
        mscale_all=rope.number("mscale_all_dim", 0.0),
        truncate=bool(rope.get("truncate", True)),
        low_frequency=rope.number("low_freq_factor", 1.0),
        high_frequency=rope.number("high_freq_factor", 4.0),
        short_factors=tuple(rope.get("short_factor", ())),
        long_factors=tuple(rope.get("long_factor", ())),
        sections=tuple(rope.get("mrope_section", keys.get("mrope_section", ()))),
        interleaved=family.interleaved,
        chunk=int(chunked.get("chunk_size", 0)),
        local=int(chunked.get("local_size", 0)),
    )


def _special(config: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    def first(name: str) -> Any:
        return part.get(name) if part.get(name) is not None else config.get(name)

    eos = first("eos_token_id")
    ends = tuple(eos) if isinstance(eos, list | tuple) else () if eos is None else (int(eos),)
    return {"bos": first("bos_token_id"), "eos": ends, "pad": first("pad_token_id")}
