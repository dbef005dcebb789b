"""Builds, loads and saves models in the official checkpoint layout."""

import functools
import json
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from yunqi.cloud.training.engine.learning import fused
from yunqi.cloud.training.engine.learning.attention import causal_attention, serves
from yunqi.cloud.training.engine.learning.norm import rms_norm
from yunqi.cloud.training.model import Architecture, Recipe
from yunqi.kernel.errors import Invalid

_ATTENTION = "yunqi_training"
_FAMILIES = {"qwen3": "Qwen3", "qwen2": "Qwen2", "llama": "Llama"}


def build(shape: Architecture, *, vocabulary: int, seed: int, dropout: float, end: int, turn_end: int) -> Any:
    """Return a model with random weights drawn from ``seed``."""
    torch.manual_seed(seed)
    name = _FAMILIES[shape.family]
    extra = {"head_dim": shape.head_width} if shape.family != "qwen2" else {}
    if shape.family == "qwen2" and shape.heads * shape.head_width != shape.hidden:
        raise Invalid("A qwen2 model needs heads x head_width = hidden.", param="heads")
    config = getattr(transformers, f"{name}Config")(
        vocab_size=vocabulary, hidden_size=shape.hidden, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads,
        intermediate_size=shape.intermediate, max_position_embeddings=shape.context,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_base}, tie_word_embeddings=shape.tied,
        attention_dropout=dropout, bos_token_id=None, eos_token_id=[turn_end, end], pad_token_id=end, **extra,
    )  # fmt: skip
    model = getattr(transformers, f"{name}ForCausalLM")(config)
    scale = (2 * shape.layers) ** -0.5
    for path, weight in model.named_parameters():
        if path.endswith(("o_proj.weight", "down_proj.weight")):
            weight.data.mul_(scale)
    return model


def load(folder: Path, *, dropout: float | None = None, reward: bool = False) -> Any:
    """Load a model in float32.

    Parameters
    ----------
    reward
        Put a score of one number on top instead of the output layer.
    """
    if not (folder / "config.json").is_file():
        raise Invalid(f"{folder} holds no model: config.json is missing.", param="base")
    kind = transformers.AutoModelForSequenceClassification if reward else transformers.AutoModelForCausalLM
    extra: dict[str, Any] = {"num_labels": 1} if reward else {}
    if dropout is not None:
        extra["attention_dropout"] = dropout
    return kind.from_pretrained(folder, dtype=torch.float32, local_files_only=True, **extra)


def speed_up(model: Any) -> None:
    """Let a model learn by `engine.learning`'s attention, norms and gates where those are right, and by PyTorch's elsewhere."""
    interface = transformers.AttentionInterface
    if _ATTENTION not in interface().valid_keys():
        interface.register(_ATTENTION, _attention)
        transformers.AttentionMaskInterface.register(_ATTENTION, sdpa_mask)
    model.set_attn_implementation(_ATTENTION)
    for module, ours in _parts(model):
        module.forward = functools.partial(ours, module)


def as_published(model: Any) -> None:
    """Undo `speed_up`."""
    model.set_attn_implementation("sdpa")
    for module, _ in _parts(model):
        module.__dict__.pop("forward", None)


def _parts(model: Any) -> list[tuple[Any, Any]]:
    """Return the modules that have a faster way here, each with it."""
    ours = {f"{name}{part}": way for name in _FAMILIES.values() for part, way in _FASTER.items()}
    return [(module, ours[name]) for module in model.modules() if (name := type(module).__name__) in ours]


def _norm(module: Any, values: Any) -> Any:
    if not torch.is_grad_enabled():
        return type(module).forward(module, values)
    if fused.serves():
        return fused.rms_norm(values, module.weight, module.variance_epsilon)
    return rms_norm(values, module.weight, module.variance_epsilon)


def _gated(module: Any, values: Any) -> Any:
    if not fused.serves() or module.config.hidden_act != "silu":
        return type(module).forward(module, values)
    return module.down_proj(fused.gated(module.gate_proj(values), module.up_proj(values)))


def _attended(
    module: Any, hidden_states: Any, position_embeddings: Any, attention_mask: Any = None, cache: Any = None, **rest: Any
) -> Any:  # fmt: skip
    """Project, turn, attend: whole short sequences in bfloat16 by the compiled loops, all else as published."""
    sliding = getattr(module, "sliding_window", None)
    plain = attention_mask is None and cache is None and sliding is None and not module.attention_dropout
    length = hidden_states.shape[1]
    if not (plain and fused.serves() and fused.short(length)):
        return type(module).forward(
            module, hidden_states, position_embeddings=position_embeddings, attention_mask=attention_mask, cache=cache,
            **rest,
        )  # fmt: skip
    shape = (*hidden_states.shape[:-1], -1, module.head_dim)
    cosine, sine = (table[0].float().contiguous() for table in position_embeddings)
    parts = (module.q_proj, "q_norm", module.scaling), (module.k_proj, "k_norm", 1.0)
    query, key = (
        _turned(layer(hidden_states).view(shape), getattr(module, norm, None), cosine, sine, factor)
        for layer, norm, factor in parts
    )
    value = module.v_proj(hidden_states).view(shape).transpose(1, 2)
    if (groups := query.shape[1] // key.shape[1]) > 1:
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    found = fused.attended(query, key, value.contiguous())
    return module.o_proj(found.transpose(1, 2).reshape(*shape[:-2], -1)), None


def _turned(values: Any, norm: Any, cosine: Any, sine: Any, factor: float) -> Any:
    weight, epsilon = (None, 0.0) if norm is None else (norm.weight, norm.variance_epsilon)
    return fused.turned(values, weight, epsilon, cosine, sine, factor)


def _attention(module: Any, query: Any, key: Any, value: Any, mask: Any, dropout: float = 0.0, **rest: Any) -> Any:
    if not serves(query, key, mask, dropout):
        return sdpa_attention_forward(module, query, key, value, mask, dropout=dropout, **rest)
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    kind = value.dtype
    found = causal_attention(query.to(kind), key.to(kind), value, rest.get("scaling") or query.shape[-1] ** -0.5)
    return found.transpose(1, 2).contiguous(), None


_FASTER = {"RMSNorm": _norm, "MLP": _gated, "Attention": _attended}
"""What a family's part of this name is done by."""


def save(model: Any, folder: Path) -> None:
    """Write config.json and model.safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    model.config.architectures = [type(model).__name__]
    model.save_pretrained(folder, safe_serialization=True)


def sizes(folder: Path) -> dict[str, Any]:
    """Return a checkpoint folder's config.json."""
    found: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return found


def save_adapters(adapters: dict[str, Any], recipe: Recipe, folder: Path, base: Path | None) -> None:
    """Write adapters in the layout that the `peft` library loads."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(adapters, str(folder / "adapter_model.safetensors"))
    settings = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": str(base or ""),
        "r": recipe.lora.rank, "lora_alpha": recipe.lora.alpha, "lora_dropout": recipe.lora.dropout,
        "target_modules": list(recipe.lora.targets), "bias": "none", "inference_mode": True,
    }  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
