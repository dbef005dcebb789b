"""How GGUF files name and order what official checkpoints hold, and the config.json that their metadata amounts to."""

import re
from typing import Any

import torch
from torch import Tensor

from yunqi.cloud.models.engine.weights.gguf import GgufFile
from yunqi.cloud.models.engine.weights.gguf_names import BLOCK, TOP
from yunqi.cloud.models.model import BadCheckpoint

_KINDS = {"qwen2": "qwen2", "qwen2moe": "qwen2_moe", "qwen3": "qwen3", "qwen3moe": "qwen3_moe", "llama": "llama"}
_NAME = re.compile(r"^blk\.(\d+)\.(\w+)\.(weight|bias)$")
_IGNORED = ("rope_freqs.weight",)


class GgufSource:
    """A GGUF file's tensors under the names, and in the order, of an official checkpoint."""

    def __init__(self, file: GgufFile) -> None:
        self._file = file
        kind = file.values.get("general.architecture")
        if kind not in _KINDS:
            known = ", ".join(sorted(_KINDS))
            raise BadCheckpoint(f"{file.path} holds the architecture {kind!r}; read here are {known}.")
        self.kind = str(kind)
        self._from: dict[str, tuple[str, ...]] = {}
        for name in file.names():
            self._place(name)

    def _place(self, name: str) -> None:
        if name in _IGNORED:
            return
        if name in TOP:
            self._from[TOP[name]] = (name,)
            return
        match = _NAME.match(name)
        if match is None:
            raise BadCheckpoint(f"{self._file.path} holds the tensor {name!r}, which has no place in {self.kind}.")
        layer, part, what = match.groups()
        base = f"model.layers.{layer}"
        if part in ("ffn_gate_exps", "ffn_up_exps"):
            gate, up = (name.replace(part, other) for other in ("ffn_gate_exps", "ffn_up_exps"))
            self._from[f"{base}.mlp.experts.gate_up_proj"] = (gate, up)
        elif part == "ffn_down_exps":
            self._from[f"{base}.mlp.experts.down_proj"] = (name,)
        elif part in BLOCK:
            self._from[f"{base}.{BLOCK[part]}.{what}"] = (name,)
        else:
            raise BadCheckpoint(f"{self._file.path} holds the tensor {name!r}, which has no place in {self.kind}.")

    def config(self) -> dict[str, Any]:
        """Return the config.json that the metadata amounts to."""
        values, kind = self._file.values, self.kind

        def get(name: str) -> Any:
            return values.get(f"{kind}.{name}")

        found = {
            "model_type": _KINDS[kind],
            "vocab_size": self._file.shape("token_embd.weight")[0]
            if "token_embd.weight" in self._file.entries
            else None,
            "hidden_size": get("embedding_length"),
            "intermediate_size": get("feed_forward_length"),
            "num_hidden_layers": get("block_count"),
            "num_attention_heads": get("attention.head_count"),
            "num_key_value_heads": get("attention.head_count_kv"),
            "head_dim": get("attention.key_length"),
            "max_position_embeddings": get("context_length"),
            "rms_norm_eps": get("attention.layer_norm_rms_epsilon"),
            "rope_theta": get("rope.freq_base"),
            "num_experts": get("expert_count"),
            "num_experts_per_tok": get("expert_used_count"),
            "moe_intermediate_size": get("expert_feed_forward_length"),
            "shared_expert_intermediate_size": get("expert_shared_feed_forward_length"),
            "norm_topk_prob": kind == "qwen3moe",
            "tie_word_embeddings": "output.weight" not in self._file.entries,
            "eos_token_id": values.get("tokenizer.ggml.eos_token_id"),
            "bos_token_id": values.get("tokenizer.ggml.bos_token_id"),
            "rope_scaling": self._scaling(get),
        }
        if kind == "qwen3" and found["head_dim"] is None:
            found["head_dim"] = found["hidden_size"] // found["num_attention_heads"]
        return {name: value for name, value in found.items() if value is not None}

    def _scaling(self, get: Any) -> dict[str, Any] | None:
        kind = get("rope.scaling.type")
        if kind in (None, "none"):
            return None
        given = {
            "rope_type": kind,
            "factor": get("rope.scaling.factor"),
            "original_max_position_embeddings": get("rope.scaling.original_context_length"),
        }
        return {name: value for name, value in given.items() if value is not None}

    def names(self) -> list[str]:
        """Return the official names."""
        return list(self._from)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return a tensor's shape in the file."""
        return self._file.shape(self._from[name][0])

    def tensor(self, name: str) -> Tensor:
        """Return a tensor, unpacked and in the official order."""
        parts = self._from[name]
        if missing := [part for part in parts if part not in self._file.entries]:
            raise BadCheckpoint(f"{self._file.path} lacks the tensor {missing[0]!r}.")
        value = (
            torch.cat([self._file.tensor(part) for part in parts], dim=1)
            if len(parts) > 1
            else self._file.tensor(parts[0])
        )
        if name.endswith("shared_expert_gate.weight"):
            return value.reshape(1, -1)
        if self.kind == "llama" and re.search(r"\.(q|k)_proj\.", name):
            heads = "attention.head_count" if ".q_proj." in name else "attention.head_count_kv"
            return _straight(value, int(self._file.values[f"llama.{heads}"]))
        return value


def _straight(value: Tensor, heads: int) -> Tensor:
    """Undo llama.cpp's pairing of neighbours in each head: back to first half, second half."""
    return value.unflatten(0, (heads, -1, 2)).transpose(1, 2).reshape(value.shape)
