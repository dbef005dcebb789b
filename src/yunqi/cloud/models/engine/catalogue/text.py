"""Members that read and write text."""

from typing import Any

from yunqi.cloud.models.engine.catalogue.entry import Entry

_R1 = "Qwen Technical Report, arXiv 2309.16609; counts of the published checkpoints"
_R15 = "Qwen1.5 release notes (2024); counts of the published checkpoints"
_R2 = "Qwen2 Technical Report, arXiv 2407.10671; Qwen2 model cards"
_R25 = "Qwen2.5 Technical Report, arXiv 2412.15115; model cards"
_RC = "Qwen2.5-Coder Technical Report, arXiv 2409.12186; model cards"
_RM = "Qwen2.5-Math Technical Report, arXiv 2409.12122; model cards"
_R1M = "Qwen2.5-1M Technical Report, arXiv 2501.15383; model cards"
_R3 = "Qwen3 Technical Report, arXiv 2505.09388; model cards"
_RE = "Qwen3 Embedding, arXiv 2506.05176; model cards"
_RN = "Qwen3-Next model card (2025)"
_R35 = "Qwen3.5 model cards (2026)"


def _first(layers: int, width: int, heads: int, inner: int, vocabulary: int, context: int) -> dict[str, Any]:
    return {
        "model_type": "qwen",
        "num_hidden_layers": layers,
        "hidden_size": width,
        "num_attention_heads": heads,
        "intermediate_size": 2 * inner,
        "kv_channels": width // heads,
        "vocab_size": vocabulary,
        "seq_length": context,
        "max_position_embeddings": 32768,
        "use_dynamic_ntk": True,
        "use_logn_attn": True,
        "no_bias": True,
    }


def dense(
    kind: str, layers: int, width: int, heads: int, groups: int, inner: int, vocabulary: int = 151936, **more: Any
) -> dict[str, Any]:
    """Return the config of a dense member of Qwen2 or Qwen3."""
    return {
        "model_type": kind,
        "num_hidden_layers": layers,
        "hidden_size": width,
        "num_attention_heads": heads,
        "num_key_value_heads": groups,
        "intermediate_size": inner,
        "vocab_size": vocabulary,
        "max_position_embeddings": 32768,
        "rope_theta": 1_000_000.0,
        **more,
    }


def sparse(config: dict[str, Any], experts: int, chosen: int, width: int, shared: int = 0) -> dict[str, Any]:
    """Return the config with experts."""
    found = {**config, "num_experts": experts, "num_experts_per_tok": chosen, "moe_intermediate_size": width}
    return {**found, "shared_expert_intermediate_size": shared} if shared else found


_Q25 = {
    "0.5B": dense("qwen2", 24, 896, 14, 2, 4864, tie_word_embeddings=True),
    "1.5B": dense("qwen2", 28, 1536, 12, 2, 8960, tie_word_embeddings=True),
    "3B": dense("qwen2", 36, 2048, 16, 2, 11008, tie_word_embeddings=True),
    "7B": dense("qwen2", 28, 3584, 28, 4, 18944, 152064),
    "14B": dense("qwen2", 48, 5120, 40, 8, 13824, 152064),
    "32B": dense("qwen2", 64, 5120, 40, 8, 27648, 152064),
    "72B": dense("qwen2", 80, 8192, 64, 8, 29568, 152064),
}
_P25 = {
    "0.5B": ("0.49B", "0.36B"),
    "1.5B": ("1.54B", "1.31B"),
    "3B": ("3.09B", "2.77B"),
    "7B": ("7.61B", "6.53B"),
    "14B": ("14.7B", "13.1B"),
    "32B": ("32.5B", "31.0B"),
    "72B": ("72.7B", "70.0B"),
}
_NOTE14 = "the card says 13.1B without embeddings; the published checkpoint less two embeddings holds 13.2B"
_NOTE32 = "the card says 32.5B (31.0B without embeddings); the published checkpoint holds 32,763,876,352"
_NOTE72 = "the card says 70.0B without embeddings; the published checkpoint less two embeddings holds 70.2B"
_NOTES = {"14B": _NOTE14, "32B": _NOTE32, "72B": _NOTE72}
_Q3 = {
    "0.6B": dense("qwen3", 28, 1024, 16, 8, 3072, head_dim=128, tie_word_embeddings=True),
    "1.7B": dense("qwen3", 28, 2048, 16, 8, 6144, head_dim=128, tie_word_embeddings=True),
    "4B": dense("qwen3", 36, 2560, 32, 8, 9728, head_dim=128, tie_word_embeddings=True),
    "8B": dense("qwen3", 36, 4096, 32, 8, 12288, head_dim=128),
    "14B": dense("qwen3", 40, 5120, 40, 8, 17408, head_dim=128),
    "32B": dense("qwen3", 64, 5120, 64, 8, 25600, head_dim=128),
}
A3B = sparse(dense("qwen3_moe", 48, 2048, 32, 4, 6144, head_dim=128, norm_topk_prob=True), 128, 8, 768)
A22B = sparse(dense("qwen3_moe", 94, 4096, 64, 4, 12288, head_dim=128, norm_topk_prob=True), 128, 8, 1536)
_NEXT = sparse(
    dense("qwen3_next", 48, 2048, 16, 2, 5120, head_dim=256, rope_theta=10_000_000.0, partial_rotary_factor=0.25),
    512, 10, 512, 512,
)  # fmt: skip


def _five(layers: int, width: int, heads: int, groups: int, inner: int, values: int, **more: Any) -> dict[str, Any]:
    kind = "qwen3_5_moe_text" if "num_experts" in more else "qwen3_5_text"
    config = dense(kind, layers, width, heads, groups, inner, 248320, head_dim=256, rope_theta=10_000_000.0)
    return {**config, "max_position_embeddings": 262144, "linear_num_value_heads": values, **more}


def _more(experts: int, chosen: int, width: int) -> dict[str, int]:
    return {
        "num_experts": experts,
        "num_experts_per_tok": chosen,
        "moe_intermediate_size": width,
        "shared_expert_intermediate_size": width,
    }


def _generation2() -> list[Entry]:
    found = []
    for size, config in _Q25.items():
        total, body = _P25[size]
        note = _NOTES.get(size, "")
        if size in ("0.5B", "1.5B", "7B", "72B"):
            found.append(Entry(f"Qwen2-{size}", "chat", config, total, _R2, body=body, note=note))
        found.append(Entry(f"Qwen2.5-{size}", "chat", config, total, _R25, body=body, note=note))
        if size != "72B":
            found.append(Entry(f"Qwen2.5-Coder-{size}", "code", config, total, _RC, body=body, note=note))
        if size in ("1.5B", "7B", "72B"):
            found.append(Entry(f"Qwen2.5-Math-{size}", "math", config, total, _RM, body=body, note=note))
        if size in ("7B", "14B"):
            long = {
                **config,
                "max_position_embeddings": 1_010_000,
                "dual_chunk_attention_config": {"chunk_size": 262144, "local_size": 8192},
            }
            found.append(Entry(f"Qwen2.5-{size}-Instruct-1M", "chat", long, total, _R1M, body=body, note=note))
    found.append(Entry("QwQ-32B", "reason", _Q25["32B"], "32.5B", "QwQ-32B model card", body="31.0B", note=_NOTE32))
    return found


TEXT: tuple[Entry, ...] = (
    Entry("Qwen-1.8B", "chat", _first(24, 2048, 16, 5504, 151936, 8192), "1.84B", _R1),
    Entry("Qwen-7B", "chat", _first(32, 4096, 32, 11008, 151936, 8192), "7.72B", _R1),
    Entry("Qwen-14B", "chat", _first(40, 5120, 40, 13696, 152064, 2048), "14.2B", _R1),
    Entry("Qwen-72B", "chat", _first(80, 8192, 64, 24576, 152064, 32768), "72.3B", _R1),
    Entry("Qwen1.5-0.5B", "chat", dense("qwen2", 24, 1024, 16, 16, 2816, tie_word_embeddings=True), "0.5B", _R15),
    Entry("Qwen1.5-1.8B", "chat", dense("qwen2", 24, 2048, 16, 16, 5504), "1.84B", _R15),
    Entry("Qwen1.5-4B", "chat", dense("qwen2", 40, 2560, 20, 20, 6912), "3.95B", _R15),
    Entry("Qwen1.5-7B", "chat", dense("qwen2", 32, 4096, 32, 32, 11008), "7.72B", _R15),
    Entry("Qwen1.5-14B", "chat", dense("qwen2", 40, 5120, 40, 40, 13696, 152064), "14.2B", _R15),
    Entry("Qwen1.5-32B", "chat", dense("qwen2", 64, 5120, 40, 8, 27392, 152064), "32.5B", _R15),
    Entry("Qwen1.5-72B", "chat", dense("qwen2", 80, 8192, 64, 64, 24576, 152064), "72.3B", _R15),
    Entry("Qwen1.5-110B", "chat", dense("qwen2", 80, 8192, 64, 8, 49152, 152064), "111B", _R15),
    Entry("CodeQwen1.5-7B", "code", dense("qwen2", 32, 4096, 32, 4, 13440, 92416), "7.25B", _R15),
    Entry(
        "Qwen1.5-MoE-A2.7B", "chat",
        sparse(dense("qwen2_moe", 24, 2048, 16, 16, 5632), 60, 4, 1408, 5632), "14.3B",
        "Qwen1.5-MoE release notes (2024)", active="2.7B",
    ),
    Entry(
        "Qwen2-57B-A14B", "chat",
        sparse(dense("qwen2_moe", 28, 3584, 28, 4, 18944), 64, 8, 2560, 20480), "57.41B", _R2, active="14B", body="56.32B",
    ),
    *_generation2(),
    Entry("Qwen3-0.6B", "chat", _Q3["0.6B"], "0.6B", _R3, body="0.44B"),
    Entry("Qwen3-1.7B", "chat", _Q3["1.7B"], "1.7B", _R3, body="1.4B"),
    Entry("Qwen3-4B", "chat", _Q3["4B"], "4.0B", _R3, body="3.6B"),
    Entry("Qwen3-8B", "chat", _Q3["8B"], "8.2B", _R3, body="6.95B"),
    Entry("Qwen3-14B", "chat", _Q3["14B"], "14.8B", _R3, body="13.2B"),
    Entry("Qwen3-32B", "chat", _Q3["32B"], "32.8B", _R3, body="31.2B"),
    Entry("Qwen3-30B-A3B", "chat", A3B, "30.5B", _R3, active="3.3B", body="29.9B"),
    Entry("Qwen3-235B-A22B", "chat", A22B, "235B", _R3, active="22B", body="234B"),
    Entry("Qwen3-Coder-30B-A3B-Instruct", "code", A3B, "30.5B", "Qwen3-Coder model card (2025)", active="3.3B"),
    Entry(
        "Qwen3-Coder-480B-A35B-Instruct", "code",
        sparse(dense("qwen3_moe", 62, 6144, 96, 8, 8192, head_dim=128, norm_topk_prob=True), 160, 8, 2560), "480B",
        "Qwen3-Coder model card (2025)", active="35B",
    ),
    Entry("Qwen3-Next-80B-A3B-Instruct", "chat", _NEXT, "80B", _RN, active="3B", body="79B"),
    Entry("Qwen3-Embedding-0.6B", "embed", {**_Q3["0.6B"], "vocab_size": 151669}, "0.6B", _RE),
    Entry("Qwen3-Embedding-4B", "embed", {**_Q3["4B"], "vocab_size": 151665}, "4B", _RE),
    Entry(
        "Qwen3-Embedding-8B", "embed", {**_Q3["8B"], "vocab_size": 151665, "tie_word_embeddings": True}, "8B", _RE,
        note="without a language head: 7.57B, which rounds to the published 8B",
    ),
    Entry("Qwen3-Reranker-0.6B", "rerank", {**_Q3["0.6B"], "vocab_size": 151669}, "0.6B", _RE),
    Entry("Qwen3-Reranker-4B", "rerank", {**_Q3["4B"], "vocab_size": 151669}, "4B", _RE),
    Entry("Qwen3-Reranker-8B", "rerank", {**_Q3["8B"], "vocab_size": 151669}, "8B", _RE),
    Entry("Qwen3.5-27B", "chat", _five(64, 5120, 24, 4, 17408, 48), "27B", _R35),
    Entry("Qwen3.5-35B-A3B", "chat", _five(40, 2048, 16, 2, 0, 32, **_more(256, 8, 512)), "35B", _R35, active="3B"),
)  # fmt: skip
