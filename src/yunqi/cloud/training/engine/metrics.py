"""Metrics with their intervals: means over examples, ratios of sums, rankings, and answers compared by rule."""

import json
import math
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yunqi.cloud.training.model import Score

_SAMPLES = 1000
_SPACES = re.compile(r"\s+")
_CALL = re.compile(r"<tool_call>\s*(\{.*?\})\s*</tool_call>", re.DOTALL)


def mean_score(
    task: str, metric: str, values: Sequence[float], *, seed: int = 0, higher_is_better: bool = True
) -> Score:
    """Return the mean of one figure an example, with its 95 % bootstrap interval."""
    return ratio_score(task, metric, values, [1.0] * len(values), seed=seed, higher_is_better=higher_is_better)


def ratio_score(
    task: str, metric: str, above: Sequence[float], below: Sequence[float], *, seed: int = 0,
    higher_is_better: bool = True, through: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda x: x,
) -> Score:  # fmt: skip
    """Return ``through(sum(above) / sum(below))`` over examples, with its 95 % bootstrap interval.

    Parameters
    ----------
    through
        Applied to the ratio, as `numpy.exp` for a perplexity.
    """
    top, bottom = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    drawn = np.random.default_rng([seed, 5]).integers(0, len(top), (_SAMPLES, len(top)))
    value = float(through(np.asarray([top.sum() / bottom.sum()]))[0])
    low, high = np.percentile(through(top[drawn].sum(1) / bottom[drawn].sum(1)), [2.5, 97.5])
    return Score(task, metric, value, float(low), float(high), len(top), higher_is_better=higher_is_better)


def difference(better: Sequence[float], worse: Sequence[float], *, seed: int = 0) -> tuple[float, float, float]:
    """Return the mean of paired differences and its 95 % bootstrap interval: above 0 when the first is better."""
    score = mean_score("", "", (np.asarray(better, dtype=float) - np.asarray(worse, dtype=float)).tolist(), seed=seed)
    return score.value, score.low, score.high


def perplexity_scores(
    task: str, nats: Sequence[float], tokens: Sequence[int], words: Sequence[int], size: Sequence[int], *, seed: int = 0
) -> list[Score]:
    """Return perplexity a token and a word, and bits a byte; the last two compare across tokenizers.

    Parameters
    ----------
    nats
        Negative log likelihood of each document.
    tokens, words, size
        Tokens, words and UTF-8 bytes of each document, its end counted as one token and one word.
    """
    return [
        ratio_score(task, "word_perplexity", nats, words, seed=seed, higher_is_better=False, through=np.exp),
        ratio_score(task, "token_perplexity", nats, tokens, seed=seed, higher_is_better=False, through=np.exp),
        ratio_score(
            task, "bits_per_byte", nats, size, seed=seed, higher_is_better=False, through=lambda x: x / math.log(2)
        ),
    ]


def same_answer(found: str, wanted: str) -> float:
    """Return 1 when two answers are equal, spaces aside."""
    return float(_SPACES.sub(" ", found).strip() == _SPACES.sub(" ", wanted).strip())


def same_fields(found: str, wanted: str) -> tuple[int, int, int]:
    """Return how many fields of two JSON objects agree, how many were found, and how many were wanted."""
    have, want = parsed(found), parsed(wanted)
    want = want if isinstance(want, dict) else {}
    have = have if isinstance(have, dict) else {}
    return sum(have.get(name) == value for name, value in want.items()), len(have), len(want)


def parsed(text: str) -> Any:
    """Return the JSON value of a text, or None."""
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None


def same_call(found: str, wanted: dict[str, Any]) -> float:
    """Return 1 when the text is the wanted tool call: name and arguments, in Qwen's ``<tool_call>`` form or bare."""
    inner = _CALL.search(found)
    call = parsed(inner.group(1) if inner else found.strip())
    if not isinstance(call, dict) or call.get("name") != wanted.get("name"):
        return 0.0
    arguments = call.get("arguments", {})
    arguments = parsed(arguments) if isinstance(arguments, str) else arguments
    return float(arguments == wanted.get("arguments", {}))


def ndcg(ranking: Sequence[int], relevant: Collection[int], *, depth: int = 10) -> float:
    """Return the normalised discounted cumulative gain of a ranking of document numbers, each relevant or not."""
    gain = sum(1 / math.log2(place + 2) for place, number in enumerate(ranking[:depth]) if number in relevant)
    best = sum(1 / math.log2(place + 2) for place in range(min(depth, len(relevant))))
    return gain / best if best else 0.0


def recall(ranking: Sequence[int], relevant: Collection[int], *, depth: int = 10) -> float:
    """Return the part of the relevant documents among the first ``depth``."""
    return len(set(ranking[:depth]) & set(relevant)) / len(relevant) if relevant else 0.0


def fits_schema(value: Any, schema: dict[str, Any]) -> bool:
    """Return whether a JSON value fits a schema of the plain kind: type, properties, required, items, enum."""
    kinds: dict[str, Any] = {
        "object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float),
        "null": type(None),
    }  # fmt: skip
    kind = schema.get("type")
    if kind in kinds and (not isinstance(value, kinds[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, dict):
        known = schema.get("properties", {})
        closed = schema.get("additionalProperties") is False and not set(value) <= set(known)
        missing = [name for name in schema.get("required", ()) if name not in value]
        return not closed and not missing and all(fits_schema(value[n], known[n]) for n in known if n in value)
    if isinstance(value, list) and "items" in schema:
        return all(fits_schema(item, schema["items"]) for item in value)
    return True
