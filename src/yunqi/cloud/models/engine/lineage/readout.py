"""Reads from a config which head its class has."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from yunqi.cloud.models.engine.lineage.keys import Keys
from yunqi.cloud.models.engine.lineage.spec import Spec, Text
from yunqi.kernel.errors import Invalid

_HEADS = (
    ("LMHeadModel", "words"), ("ForCausalLM", "words"), ("ForConditionalGeneration", "words"),
    ("ForSequenceClassification", "classes"), ("ForTokenClassification", "labels"), ("ForQuestionAnswering", "span"),
    ("RewardModel", "reward"), ("ForRetrieval", "vectors"),
)  # fmt: skip


def read(text: Text, architecture: str, config: Mapping[str, Any], part: Mapping[str, Any]) -> Text:
    """Return the decoder with the head that a class of this name has.

    Raises
    ------
    Invalid
        When it is a class for something unknown here.
    """
    head = next((head for ending, head in _HEADS if architecture.endswith(ending)), None)
    if head is None and "For" in architecture:
        known = ", ".join(ending for ending, _ in _HEADS)
        raise Invalid(
            f"config.json names the class {architecture!r}; known endings are {known}.", param="architectures"
        )
    if head is None:
        head = "states" if architecture.endswith("Model") else "words"
    if head == "reward":
        return replace(text, head=head, classes=_classes(config, part) if "Process" in architecture else 1)
    if head in ("classes", "labels"):
        bias = bool(config.get("token_classification_bias", config.get("model_type") != "qwen3_asr"))
        return replace(text, head=head, classes=_classes(config, part), head_bias=bias)
    return replace(text, head=head, classes=2 if head == "span" else 0)


def retrieval(inner: Spec, config: Mapping[str, Any]) -> Spec:
    """Return a member that makes a vector of every token (ColQwen2, arXiv 2407.01449)."""
    width = Keys(config, {}).whole("embedding_dim", 128)
    text = replace(inner.text, head="vectors", classes=width)
    names = config.get("architectures") or ["ColQwen2ForRetrieval"]
    return replace(inner, family="colqwen2", text=text, architecture=str(names[0]))


def _classes(config: Mapping[str, Any], part: Mapping[str, Any]) -> int:
    labels = part.get("num_labels") or config.get("num_labels")
    names = config.get("id2label") or part.get("id2label")
    if labels is None and isinstance(names, Mapping):
        labels = len(names)
    return int(labels) if labels else 2
