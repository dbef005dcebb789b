"""How GGUF files name, and order, what official checkpoints hold."""

import re
from typing import Any

from yunqi.cloud.models.model import BadCheckpoint

TOP = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
BLOCK = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "ffn_gate_inp": "mlp.gate",
    "ffn_gate_shexp": "mlp.shared_expert.gate_proj",
    "ffn_up_shexp": "mlp.shared_expert.up_proj",
    "ffn_down_shexp": "mlp.shared_expert.down_proj",
    "ffn_gate_inp_shexp": "mlp.shared_expert_gate",
}


def gguf_name(name: str) -> str:
    """Return how a GGUF file names a checkpoint's tensor.

    Raises
    ------
    BadCheckpoint
        When the format has no place for it.

    Examples
    --------
    >>> gguf_name("model.layers.3.self_attn.q_proj.weight")
    'blk.3.attn_q.weight'
    """
    for part, official in TOP.items():
        if official == name:
            return part
    match = re.fullmatch(r"model\.layers\.(\d+)\.(.+)\.(weight|bias)", name)
    parts = [part for part, official in BLOCK.items() if match is not None and official == match[2]]
    if match is None or not parts:
        raise BadCheckpoint(f"GGUF has no place for the tensor {name!r}.")
    return f"blk.{match[1]}.{parts[0]}.{match[3]}"


def gguf_paired(value: Any, heads: int) -> Any:
    """Order the rows of a tensor or array as llama.cpp's rotary positions for Llama expect: halves of a head become pairs."""
    rows = len(value)
    return value.reshape(heads, 2, rows // heads // 2, -1).swapaxes(1, 2).reshape(value.shape)
