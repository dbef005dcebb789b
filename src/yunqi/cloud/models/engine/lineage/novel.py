"""Reads what Qwen4's experimental members add: streams, n-grams, indexed attention."""

from typing import Any

from yunqi.cloud.models.engine.lineage.keys import Keys
from yunqi.cloud.models.engine.lineage.spec import Indexer, Ngrams, Streams
from yunqi.kernel.errors import Invalid


def read(keys: Keys, layers: int) -> dict[str, Any]:
    """Return the fields of a `Text` that these keys describe."""
    return {
        "streams": Streams(keys.whole("hc_count", 4), keys.whole("hc_lowrank", 320)),
        "ngrams": _ngrams(keys, layers),
        "indexer": _indexer(keys),
    }


def _ngrams(keys: Keys, layers: int) -> Ngrams | None:
    listed = sorted(set(keys.get("ple_layer_ids", ())))
    if not listed:
        return None
    end = keys.get("eos_token_id")
    end = end[0] if isinstance(end, list | tuple) and end else end
    if not isinstance(end, int) or listed[0] < 1 or listed[-1] > layers:
        raise Invalid("config.json: ple_layer_ids needs layers from 1 on and an eos_token_id.", param="ple_layer_ids")
    return Ngrams(
        layers=tuple(layer - 1 for layer in listed),
        width=keys.whole("ple_embed_dim", keys.whole("hidden_size")),
        kernel=keys.whole("ple_conv_kernel_size", 4),
        size=keys.whole("ngram_size", 3),
        heads=keys.whole("heads_per_ngram", 8),
        vocabulary=keys.whole("ngram_vocab_size_base", 20_000_000),
        multiple=keys.whole("make_ngram_vocab_size_divisible_by", 128),
        seed=keys.whole("seed", 1234),
        shards=keys.whole("split_ngram_parts", 512),
        end=end,
    )


def _indexer(keys: Keys) -> Indexer | None:
    if keys.get("indexer_n_heads") is None:
        return None
    return Indexer(
        heads=keys.whole("indexer_n_heads"),
        head_dim=keys.whole("indexer_head_dim"),
        budget=keys.whole("indexer_budget"),
        block=keys.whole("indexer_compress_ratio"),
    )
