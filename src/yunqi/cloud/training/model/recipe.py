"""The recipe: everything a training run is, in one frozen noun that a TOML file holds and a hash names."""

import dataclasses
import enum
import re
from dataclasses import dataclass
from typing import Any

from yunqi.kernel.errors import Invalid

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


class Kind(enum.StrEnum):
    """What a run does."""

    PRETRAIN = "pretrain"
    CONTINUE = "continue"
    SFT = "sft"
    LORA = "lora"
    QLORA = "qlora"
    DPO = "dpo"
    GRPO = "grpo"
    REWARD = "reward"
    DISTILL = "distill"
    MERGE = "merge"
    QUANTIZE = "quantize"
    EVALUATE = "evaluate"

    @property
    def learns(self) -> bool:
        """Whether the run takes gradient steps."""
        return self not in (Kind.MERGE, Kind.QUANTIZE, Kind.EVALUATE)

    @property
    def reads(self) -> str:
        """Return the form of its examples: ``text``, ``chat``, ``preference``, ``task`` or nothing."""
        return {
            Kind.PRETRAIN: "text", Kind.CONTINUE: "text", Kind.SFT: "chat", Kind.LORA: "chat", Kind.QLORA: "chat",
            Kind.DPO: "preference", Kind.REWARD: "preference", Kind.GRPO: "task", Kind.DISTILL: "chat",
        }.get(self, "")  # fmt: skip


def key(default: Any, doc: str) -> Any:
    """Declare a key of a recipe with its default and its explanation."""
    return dataclasses.field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, slots=True)
class Architecture:
    """Section ``[model]``: the shape of a model made from nothing; ignored where ``base`` names one."""

    family: str = key("qwen3", "qwen3, qwen2 or llama.")
    hidden: int = key(320, "Width of the residual stream.")
    layers: int = key(7, "Number of blocks.")
    heads: int = key(5, "Attention heads.")
    kv_heads: int = key(5, "Heads of keys and values; fewer than heads is grouped-query attention.")
    head_width: int = key(64, "Width of one head.")
    intermediate: int = key(960, "Width of the feed-forward layer.")
    context: int = key(512, "Longest sequence the model is made for.")
    rope_base: float = key(10_000.0, "Base of the rotary positions.")
    tied: bool = key(True, "Use the input embedding as output layer too.")

    def __post_init__(self) -> None:
        if self.family not in ("qwen3", "qwen2", "llama"):
            raise Invalid(f"model.family = {self.family!r} is unknown; use qwen3, qwen2 or llama.", param="family")
        if self.kv_heads < 1 or self.heads % self.kv_heads:
            raise Invalid(
                f"model.heads = {self.heads} must be a multiple of kv_heads = {self.kv_heads}.", param="heads"
            )
        if min(self.hidden, self.layers, self.heads, self.head_width, self.intermediate, self.context) < 1:
            raise Invalid("Every size in [model] must be at least 1.", param="model")

    def parameters(self, vocabulary: int) -> int:
        """Return how many weights a model of this shape has."""
        query, keys = self.heads * self.head_width, self.kv_heads * self.head_width
        attention = self.hidden * (2 * query + 2 * keys)
        extra = {"qwen3": 2 * self.head_width, "qwen2": query + 2 * keys, "llama": 0}[self.family]
        block = attention + extra + 3 * self.hidden * self.intermediate + 2 * self.hidden
        return vocabulary * self.hidden * (1 if self.tied else 2) + self.layers * block + self.hidden


@dataclass(frozen=True, slots=True)
class TokenizerChoice:
    """Section ``[tokenizer]``: take one, or train a byte-level BPE on the run's own text."""

    file: str = key("", "A tokenizer.json, or a folder that holds one. Empty: train one, or take the base model's.")
    vocabulary: int = key(8192, "Size of a tokenizer that is trained, special tokens included.")

    def __post_init__(self) -> None:
        if not self.file and not 300 <= self.vocabulary <= 1_000_000:
            raise Invalid("tokenizer.vocabulary must be 300 to 1,000,000.", param="vocabulary")


@dataclass(frozen=True, slots=True)
class Source:
    """A table ``[[data]]`` or ``[[heldout]]``: a file of examples."""

    path: str = key("", "File: .jsonl, .txt (one document a line) or .parquet; relative to the recipe.")
    field: str = key("text", "Name of the text's field, for pretraining and continued pretraining.")
    weight: float = key(1.0, "How often the source's documents are used in an epoch: 2 is twice, 0.5 every other one.")
    limit: int = key(0, "Use at most so many examples. 0: all.")

    def __post_init__(self) -> None:
        if not self.path:
            raise Invalid("Each [[data]] needs a path.", param="path")
        if not 0 < self.weight <= 100:
            raise Invalid(f"data.weight = {self.weight} must be above 0 and at most 100.", param="weight")


@dataclass(frozen=True, slots=True)
class Cleaning:
    """Section ``[cleaning]``: what is taken out of the training text before it is used."""

    normalise: bool = key(True, "Unicode NFC, one kind of line end, no control characters.")
    exact: bool = key(True, "Drop a document that was seen before, letter case and spaces aside.")
    near: float = key(
        0.85, "Drop a document whose Jaccard similarity to an earlier one is estimated as at least so. 0: off."
    )
    contamination: int = key(13, "Drop a document that shares so many words in a row with a held-out example. 0: off.")
    shortest: int = key(1, "Drop documents of fewer characters.")


@dataclass(frozen=True, slots=True)
class Suite:
    """A table ``[[evaluate]]``: one task on held-out examples."""

    task: str = key("perplexity", "perplexity, choice, generation, tools, retrieval, rerank or safety.")
    path: str = key("", "File of examples, .jsonl or .parquet; relative to the recipe. Not needed for safety.")
    name: str = key("", "Name in the results; by default the file's name.")
    field: str = key("text", "Name of the text's field, for perplexity.")
    limit: int = key(0, "Use at most so many examples, the first ones. 0: all.")
    tokens: int = key(64, "Longest answer, for generation, tools and safety.")
    labels: str = key(
        "", "For generation: a file whose different answers are the labels; adds label_accuracy, alone and with TF-IDF."
    )

    def __post_init__(self) -> None:
        tasks = ("perplexity", "choice", "generation", "tools", "retrieval", "rerank", "safety")
        if self.task not in tasks:
            raise Invalid(f"evaluate.task = {self.task!r} is unknown; use one of {', '.join(tasks)}.", param="task")
        if not self.path and self.task != "safety":
            raise Invalid(f"[[evaluate]] with task {self.task} needs a path.", param="path")
        if self.labels and self.task != "generation":
            raise Invalid(f"[[evaluate]] with task {self.task} has no labels: they are for generation.", param="labels")

    @property
    def title(self) -> str:
        """Return the name in the results."""
        return self.name or (self.path.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0] or self.task)


@dataclass(frozen=True, slots=True)
class Steps:
    """Section ``[train]``: how long and how the weights move."""

    epochs: float = key(1.0, "Passes over the data; ignored when steps is given.")
    steps: int = key(0, "Optimiser steps. 0: from epochs.")
    minutes: float = key(0.0, "Stop after so many minutes of work, checkpoint kept. 0: no limit.")
    batch: int = key(8, "Sequences worked on at a time.")
    accumulation: int = key(1, "Batches whose gradients are added up for one step.")
    sequence: int = key(256, "Tokens in a sequence.")
    optimizer: str = key("adamw", "adamw, or muon (matrices by Muon, the rest by AdamW).")
    rate: float = key(1e-3, "Highest learning rate.")
    matrix_rate: float = key(0.02, "Highest learning rate of Muon's matrices.")
    warmup: float = key(0.05, "Part of the steps in which the rate rises.")
    decay: str = key("cosine", "cosine, linear, constant, or wsd (constant, then a linear fall over the last fifth).")
    floor: float = key(0.1, "Rate at the end, as a part of the highest.")
    weight_decay: float = key(0.1, "Decoupled weight decay of matrices.")
    beta2: float = key(0.95, "AdamW's second momentum.")
    clip: float = key(1.0, "Longest gradient. 0: not clipped.")
    dropout: float = key(0.0, "Chance to drop an attention weight; for a small corpus seen many times.")
    precision: str = key("float32", "float32, or bfloat16 (autocast; the weights stay float32).")
    checkpointing: bool = key(False, "Compute activations again on the way back: less memory, a third more work.")
    threads: int = key(0, "Threads. 0: those of the configuration.")
    workers: int = key(1, "Processes that share each batch, on this machine or a Ray cluster.")
    save_every: int = key(50, "Steps between checkpoints.")
    keep: int = key(2, "Checkpoints kept.")
    check_every: int = key(50, "Steps between looks at the held-out loss. 0: never.")
    patience: int = key(0, "Stop after so many looks without a better held-out loss. 0: never.")

    def __post_init__(self) -> None:
        for name in ("batch", "accumulation", "sequence", "save_every", "keep", "workers"):
            if getattr(self, name) < 1:
                raise Invalid(f"train.{name} = {getattr(self, name)} must be at least 1.", param=name)
        if self.optimizer not in ("adamw", "muon"):
            raise Invalid(f"train.optimizer = {self.optimizer!r} is unknown; use adamw or muon.", param="optimizer")
        if self.decay not in ("cosine", "linear", "constant", "wsd"):
            raise Invalid(
                f"train.decay = {self.decay!r} is unknown; use cosine, linear, constant or wsd.", param="decay"
            )
        if self.precision not in ("float32", "bfloat16"):
            raise Invalid(f"train.precision = {self.precision!r}: use float32 or bfloat16.", param="precision")
        if self.batch % self.workers:
            raise Invalid(
                f"train.batch = {self.batch} must be a multiple of train.workers = {self.workers}.", param="workers"
            )
        if self.steps < 0 or (not self.steps and self.epochs <= 0):
            raise Invalid("train needs epochs above 0, or steps.", param="epochs")
        if not 0 <= self.dropout < 1 or not 0 <= self.warmup <= 1 or not 0 <= self.floor <= 1:
            raise Invalid("train.dropout, warmup and floor are parts between 0 and 1.", param="dropout")
        if self.rate <= 0 or self.matrix_rate <= 0:
            raise Invalid("train.rate must be above 0.", param="rate")


@dataclass(frozen=True, slots=True)
class Lora:
    """Section ``[lora]``: low-rank adapters, for ``lora`` and ``qlora``."""

    rank: int = key(16, "Width of the adapters.")
    alpha: float = key(32.0, "Scale; the update is multiplied by alpha / rank.")
    dropout: float = key(0.0, "Chance to drop an adapter's input.")
    targets: tuple[str, ...] = key(
        ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"), "Layers that get one."
    )

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise Invalid(f"lora.rank = {self.rank} must be at least 1.", param="rank")


@dataclass(frozen=True, slots=True)
class Preference:
    """Section ``[preference]``: for ``dpo``."""

    beta: float = key(0.1, "How strongly the model is held near the one it began as.")
    anchor: float = key(0.0, "Weight of the chosen answer's own likelihood beside the preference.")


@dataclass(frozen=True, slots=True)
class Reward:
    """Section ``[reward]``: for ``grpo``, how an answer is judged by rule."""

    rule: str = key("exact", "exact (the answer field), json (parses and fits the schema), or both added up.")
    schema: str = key("", "JSON schema file for rule json; relative to the recipe.")
    answers: int = key(8, "Answers drawn for each prompt.")
    tokens: int = key(48, "Longest answer.")
    temperature: float = key(1.0, "Sampling temperature.")
    beta: float = key(0.02, "Weight of the distance to the model it began as.")

    def __post_init__(self) -> None:
        if self.rule not in ("exact", "json", "both"):
            raise Invalid(f"reward.rule = {self.rule!r} is unknown; use exact, json or both.", param="rule")
        if self.answers < 2:
            raise Invalid("reward.answers must be at least 2: answers are compared with each other.", param="answers")


@dataclass(frozen=True, slots=True)
class Distill:
    """Section ``[distill]``: a student learns a teacher's distribution, or its answers."""

    teacher: str = key("", "Folder, run or hub name of the teacher.")
    way: str = key("logits", "logits (same tokenizer), or sequence (the teacher answers the prompts first).")
    temperature: float = key(2.0, "Softens both distributions.")
    mix: float = key(0.5, "Part of the teacher's distribution in the loss; the rest is the data's own answer.")
    tokens: int = key(64, "Longest answer of the teacher, for sequence.")

    def __post_init__(self) -> None:
        if self.way not in ("logits", "sequence"):
            raise Invalid(f"distill.way = {self.way!r} is unknown; use logits or sequence.", param="way")


@dataclass(frozen=True, slots=True)
class Merge:
    """Section ``[merge]``: one model from several of one shape."""

    method: str = key("linear", "linear, slerp (two models), task (task arithmetic), or ties.")
    models: tuple[str, ...] = key((), "Folders, runs or hub names.")
    weights: tuple[float, ...] = key((), "One weight a model; by default equal.")
    density: float = key(0.5, "Part of each task vector that ties keeps.")

    def __post_init__(self) -> None:
        if self.method not in ("linear", "slerp", "task", "ties"):
            raise Invalid(
                f"merge.method = {self.method!r} is unknown; use linear, slerp, task or ties.", param="method"
            )
        if self.weights and len(self.weights) != len(self.models):
            raise Invalid(f"merge has {len(self.models)} models but {len(self.weights)} weights.", param="weights")


@dataclass(frozen=True, slots=True)
class Quantize:
    """Section ``[quantize]``: fewer bits a weight."""

    bits: int = key(8, "8 or 4.")
    method: str = key("nearest", "nearest, gptq (needs data), or awq (needs data).")
    group: int = key(32, "Weights that share a scale.")
    format: str = key("gguf", "gguf (Q8_0, Q4_0; for the engine), safetensors, or both.")
    samples: int = key(64, "Sequences that gptq and awq look at.")

    def __post_init__(self) -> None:
        if self.bits not in (4, 8, 16):
            raise Invalid(f"quantize.bits = {self.bits}: use 4, 8, or 16 for an export alone.", param="bits")
        if self.method not in ("nearest", "gptq", "awq"):
            raise Invalid(f"quantize.method = {self.method!r}: use nearest, gptq or awq.", param="method")
        if self.format not in ("gguf", "safetensors", "both"):
            raise Invalid(f"quantize.format = {self.format!r}: use gguf, safetensors or both.", param="format")
        if self.format != "safetensors" and self.group != 32:
            raise Invalid("GGUF's Q8_0 and Q4_0 have groups of 32: set quantize.group = 32.", param="group")


@dataclass(frozen=True, slots=True)
class Publish:
    """Section ``[publish]``: where the result goes."""

    hub: bool = key(True, "Publish the result to the hub with its card.")
    name: str = key("", "Name of the asset; by default the run's.")
    quantisation: str = key("Q8_0", "F16, Q8_0 or Q4_0: how the hub's GGUF file keeps the weights.")

    def __post_init__(self) -> None:
        if self.quantisation not in ("F16", "Q8_0", "Q4_0"):
            raise Invalid(f"publish.quantisation = {self.quantisation!r}: use F16, Q8_0 or Q4_0.", param="quantisation")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A training run as one value.

    Parameters
    ----------
    folder
        Where relative paths start; not part of the recipe's identity.
    """

    kind: Kind
    name: str
    seed: int = key(0, "Every random choice follows from it.")
    base: str = key("", "Folder, run or hub name of the model to start from.")
    description: str = key("", "One sentence for the card.")
    licence: str = key("not stated", "Licence of the result.")
    model: Architecture = Architecture()
    tokenizer: TokenizerChoice = TokenizerChoice()
    data: tuple[Source, ...] = ()
    heldout: tuple[Source, ...] = ()
    evaluate: tuple[Suite, ...] = ()
    cleaning: Cleaning = Cleaning()
    train: Steps = Steps()
    lora: Lora = Lora()
    preference: Preference = Preference()
    reward: Reward = Reward()
    distill: Distill = Distill()
    merge: Merge = Merge()
    quantize: Quantize = Quantize()
    publish: Publish = Publish()
    folder: str = "."

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise Invalid(
                f"name = {self.name!r}: use up to 80 lower-case letters, digits, dots and dashes.", param="name"
            )
        if self.kind is Kind.MERGE:
            self._require(len(self.merge.models) >= 2, "merge.models with at least two models", "models")
            self._require(self.merge.method != "slerp" or len(self.merge.models) == 2, "exactly two models", "models")
        if self.kind.learns:
            self._require(bool(self.data), "at least one [[data]] table", "data")
        if self.kind not in (Kind.PRETRAIN, Kind.MERGE, Kind.DISTILL):
            self._require(bool(self.base), "base: the model to start from", "base")
        if self.kind is Kind.DISTILL:
            self._require(bool(self.distill.teacher), "distill.teacher", "teacher")
        if self.kind is Kind.EVALUATE:
            self._require(bool(self.evaluate), "at least one [[evaluate]] table", "evaluate")
        if self.kind is Kind.QUANTIZE and self.quantize.method != "nearest":
            self._require(bool(self.data), f"[[data]]: {self.quantize.method} looks at text", "data")
        if self.kind is Kind.PRETRAIN and self.train.sequence > self.model.context:
            raise Invalid(
                f"train.sequence = {self.train.sequence} is longer than model.context = {self.model.context}.",
                param="sequence",
            )

    def _require(self, given: bool, what: str, param: str) -> None:
        if not given:
            raise Invalid(f"A recipe of kind {self.kind} needs {what}.", param=param)
