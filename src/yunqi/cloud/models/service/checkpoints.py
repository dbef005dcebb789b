"""Finds what `load` was asked for: the folder, GGUF file or bare config behind a model."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from yunqi.cloud.models.engine.lineage.member import build
from yunqi.cloud.models.engine.lineage.read import read_spec
from yunqi.cloud.models.engine.lineage.spec import Spec
from yunqi.cloud.models.engine.tokens.tokenizer import Tokenizer, read_tokenizer, unfit
from yunqi.cloud.models.engine.tokens.tokenizer import from_gguf as gguf_tokenizer
from yunqi.cloud.models.engine.weights.fill import SILENT, Source, fill
from yunqi.cloud.models.engine.weights.folder import Folder, read_json
from yunqi.cloud.models.engine.weights.gguf import GgufFile
from yunqi.cloud.models.engine.weights.layout import GgufSource
from yunqi.cloud.models.engine.weights.packed import unpacked
from yunqi.cloud.models.engine.weights.voices import read_voices
from yunqi.cloud.models.model import BadCheckpoint
from yunqi.cloud.models.service.extras import Extras
from yunqi.cloud.models.service.loaded import LoadedModel
from yunqi.kernel import Invalid

_AHEAD = re.compile(r"^mtp\.layers\.(\d+)\.")
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16, "stored": None}


def from_folder(path: Path, *, dtype: str) -> LoadedModel:
    """Return the model of a checkpoint folder; see `load`."""
    config = read_json(path / "config.json")
    if not isinstance(config, dict):
        raise BadCheckpoint(f"{path / 'config.json'} is no object.")
    source: Source = Folder(path)
    packing = config.get("quantization_config") or config.get("compression_config")
    if isinstance(packing, dict):
        source = unpacked(source, packing)
    voices = read_voices(path / "spk_dict.pt") if (path / "spk_dict.pt").is_file() else {}
    extras = Extras(_template(path), _ends(path, read_spec(config)), str(path), voices, _specials(path))
    return _fill(config, source, read_tokenizer(path), extras, dtype)


def from_gguf(path: Path, *, dtype: str) -> LoadedModel:
    """Return the model of a GGUF file; see `load`."""
    file = GgufFile(path)
    source = GgufSource(file)
    tokenizer = gguf_tokenizer(file.values)
    template = file.values.get("tokenizer.chat_template")
    config = source.config()
    ends = read_spec(config).eos
    if tokenizer is not None:
        ends = tuple(sorted({*ends, *_known_ends(tokenizer)}))
    return _fill(config, source, tokenizer, Extras(str(template or ""), ends, str(path)), dtype)


def paired(model: LoadedModel, draft: LoadedModel) -> LoadedModel:
    """Return the model with a draft beside it; see `load`."""
    if model.tokenizer is not None and draft.tokenizer is not None:
        difference = model.tokenizer.difference(draft.tokenizer)
    else:
        sizes = [one.spec.text.vocabulary for one in (model, draft)]
        difference = "" if sizes[0] == sizes[1] else f"{sizes[0]} tokens and {sizes[1]}"
    if difference or draft.spec.text.head != "words":
        difference = difference or "the draft has no head that names words"
        raise Invalid(unfit(draft.extras.source, model.extras.source, difference), param="draft")
    model.draft = draft
    return model


def random(config: Mapping[str, Any], *, seed: int, dtype: str) -> LoadedModel:
    """Return a model of random weights; see `load_config`."""
    spec = read_spec(config)
    generator = torch.Generator().manual_seed(seed)
    module = build(spec)
    for name, parameter in module.named_parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.02, generator=generator)
        elif name.endswith("bias"):
            torch.nn.init.zeros_(parameter)
    module.requires_grad_(False).eval()
    return LoadedModel(spec, module.to(_dtype(dtype)), None, Extras(source="a config alone", ends=spec.eos))


def _fill(
    config: Mapping[str, Any], source: Source, tokenizer: Tokenizer | None, extras: Extras, dtype: str
) -> LoadedModel:
    spec = _headless(_looking_ahead(read_spec(config), source), source)
    with torch.device("meta"):
        module = build(spec)
    # Qwen4's experimental members look ahead over streams, in a layout of their own that no release has settled.
    unread = (*(SILENT if spec.silent else ()), *(("mtp.",) if spec.text.streams is not None else ()))
    if spec.architecture.endswith("ForCausalLM"):
        unread = (*unread, "visual.", "audio_tower.")  # a class for text alone, of files that hold towers too
    fill(module, source, dtype=_dtype(dtype), where=extras.source, unread=unread)
    return LoadedModel(spec, module, tokenizer, extras)


def _looking_ahead(spec: Spec, source: Source) -> Spec:
    """Return the spec with as many layers of multi-token prediction as the files hold; configs do not always say."""
    found = {match[1] for name in source.names() if (match := _AHEAD.match(name))}
    if not found or spec.text.streams is not None:
        return spec
    return replace(spec, text=replace(spec.text, predictors=len(found)))


def _headless(spec: Spec, source: Source) -> Spec:
    """Return the spec without a head where the files hold a bare decoder, as those of embedding members do."""
    names = set(source.names())
    if spec.text.head == "words" and not spec.text.tied and names >= {"embed_tokens.weight", "norm.weight"}:
        return replace(spec, text=replace(spec.text, head="states")) if "lm_head.weight" not in names else spec
    return spec


def _dtype(name: str) -> torch.dtype | None:
    if name not in _DTYPES:
        raise Invalid(f"dtype {name!r} is unknown; use one of {', '.join(_DTYPES)}.", param="dtype")
    return _DTYPES[name]


def _template(path: Path) -> str:
    for name in ("chat_template.jinja", "chat_template.json", "tokenizer_config.json"):
        if not (path / name).is_file():
            continue
        if name.endswith("jinja"):
            return (path / name).read_text(encoding="utf-8")
        found = read_json(path / name).get("chat_template")
        if isinstance(found, list):
            found = next((one["template"] for one in found if one.get("name") == "default"), None)
        if isinstance(found, str):
            return found
    return ""


def _specials(path: Path) -> dict[str, str]:
    """Return special tokens by the names that templates use, as bos_token."""
    settings = path / "tokenizer_config.json"
    found = read_json(settings) if settings.is_file() else {}
    named = {name: found.get(f"{name}_token") for name in ("bos", "eos", "pad", "unk")}
    texts = {name: one.get("content") if isinstance(one, dict) else one for name, one in named.items()}
    return {f"{name}_token": str(text) for name, text in texts.items() if text is not None}


def _ends(path: Path, spec: Spec) -> tuple[int, ...]:
    settings = path / "generation_config.json"
    found = read_json(settings).get("eos_token_id") if settings.is_file() else None
    if found is None:
        return spec.eos
    return tuple(found) if isinstance(found, list) else (int(found),)


def _known_ends(tokenizer: Tokenizer) -> list[int]:
    found = (tokenizer.token(text) for text in ("<|im_end|>", "<|endoftext|>"))
    return [token for token in found if token is not None]
