"""What a run will take, from arithmetic alone: weights, memory, work, time and cost.

Work a token is 6 floating point operations for each weight that multiplies (Kaplan and others, 2020) and 12 for each
layer, head width and position of attention; adapters save the third that weight gradients cost.
"""

import math
from dataclasses import dataclass

from yunqi.cloud.training.model import Kind, Plan, Recipe

_CHARACTERS_PER_TOKEN = 4.2
_EFFICIENCY = 0.45
_FIXED = 350 << 20


@dataclass(frozen=True, slots=True)
class Machine:
    """What a plan is made for.

    Parameters
    ----------
    rate
        Floating point operations a second of one core at a large matrix product, as measured.
    memory_bytes
        Memory that is free.
    price
        Of one core hour, in minor units of ``currency``.
    """

    rate: float
    threads: int
    memory_bytes: int
    price: int
    currency: str


@dataclass(frozen=True, slots=True)
class Counted:
    """What is known about data and model before the run.

    Parameters
    ----------
    parameters, vocabulary, hidden, layers, intermediate
        Of the model that is trained.
    tokens
        Tokens in one epoch when they were counted; None estimates them from the characters.
    """

    documents: int
    characters: int
    tokens: int | None
    parameters: int
    vocabulary: int
    hidden: int
    layers: int
    intermediate: int


def plan_of(recipe: Recipe, counted: Counted, machine: Machine) -> Plan:
    """Return the plan of a run."""
    rules = recipe.train
    tokens = counted.tokens if counted.tokens is not None else round(counted.characters / _CHARACTERS_PER_TOKEN)
    steps, trained = _length(recipe, counted, tokens) if recipe.kind.learns else (0, 0)
    trainable = _trainable(recipe, counted)
    flops = trained * _work(recipe, counted, trainable)
    speed = machine.rate * _EFFICIENCY * machine.threads * min(rules.workers, 1_000)
    seconds = flops / max(1.0, speed)
    if rules.minutes:
        seconds = min(seconds, rules.minutes * 60)
    memory = _memory(recipe, counted, trainable)
    core_hours = seconds * machine.threads * rules.workers / 3600
    fits = memory <= machine.memory_bytes
    return Plan(
        kind=recipe.kind.value, name=recipe.name, parameters=counted.parameters, trainable=trainable,
        documents=counted.documents, tokens=tokens, exact=counted.tokens is not None, steps=steps,
        trained_tokens=trained, flops=flops, memory_bytes=memory, available_bytes=machine.memory_bytes,
        seconds=round(seconds, 1), rate=speed, core_hours=round(core_hours, 4),
        cost=math.ceil(core_hours * machine.price), currency=machine.currency, fits=fits,
        advice=() if fits else _advice(recipe, counted, machine, trainable),
    )  # fmt: skip


def _length(recipe: Recipe, counted: Counted, tokens: int) -> tuple[int, int]:
    rules = recipe.train
    a_step = rules.batch * rules.accumulation
    if recipe.kind.reads == "text":
        per_epoch = max(1, tokens // rules.sequence)
        width = float(rules.sequence)
    else:
        per_epoch = max(1, counted.documents)
        width = min(float(rules.sequence), tokens / per_epoch)
    steps = rules.steps or max(1, int(rules.epochs * per_epoch / a_step))
    passes = {"preference": 2.0, "task": float(recipe.reward.answers)}.get(recipe.kind.reads, 1.0)
    return steps, round(steps * a_step * width * passes)


def _trainable(recipe: Recipe, counted: Counted) -> int:
    if not recipe.kind.learns:
        return 0
    if recipe.kind not in (Kind.LORA, Kind.QLORA):
        return counted.parameters
    wide, narrow = counted.hidden, counted.intermediate
    ends = {"gate_proj": wide + narrow, "up_proj": wide + narrow, "down_proj": wide + narrow}
    return counted.layers * recipe.lora.rank * sum(ends.get(target, 2 * wide) for target in recipe.lora.targets)


def _work(recipe: Recipe, counted: Counted, trainable: int) -> float:
    attention = 12.0 * counted.layers * counted.hidden * min(recipe.train.sequence, 1 << 20)
    factor = 6.0 if trainable == counted.parameters else 4.0
    factor += 2.0 if recipe.train.checkpointing else 0.0
    teacher = 2.0 * counted.parameters if recipe.kind is Kind.DISTILL else 0.0
    return factor * counted.parameters + attention + teacher


def _memory(recipe: Recipe, counted: Counted, trainable: int) -> int:
    rules = recipe.train
    copies = 2 if recipe.kind is Kind.DISTILL else 1
    weights = (0.75 if recipe.kind is Kind.QLORA else 4) * counted.parameters * copies
    if not recipe.kind.learns:
        return round(2 * weights + _FIXED)
    batch = rules.batch / rules.workers * (2 if recipe.kind.reads == "preference" else 1)
    batch *= recipe.reward.answers if recipe.kind is Kind.GRPO else 1
    width = 2 if rules.precision == "bfloat16" else 4
    attended = (
        counted.hidden // 64 * min(rules.sequence, 512)
    )  # what `engine.learning.attention` keeps for the way back
    kept = 14 * counted.hidden + 5 * counted.intermediate + attended
    kept = 2 * counted.hidden if rules.checkpointing else kept
    tokens = batch * rules.sequence
    activations = tokens * (counted.layers * kept * width + counted.vocabulary * (8 + width))
    half = 2 * counted.parameters if rules.precision == "bfloat16" else 0
    return round(weights + half + 12 * trainable + activations + _FIXED)


def _advice(recipe: Recipe, counted: Counted, machine: Machine, trainable: int) -> tuple[str, ...]:
    """Return changes in the order in which they should be tried, and what the run would take with each."""
    from dataclasses import replace

    rules, found = recipe.train, []

    def offer(words: str, changed: Recipe, learned: int) -> None:
        size = _memory(changed, counted, learned)
        verdict = "fits" if size <= machine.memory_bytes else "is still too much"
        found.append(f"{words}: {size / 1e9:.1f} GB, {verdict}")

    if rules.batch > 1:
        small = replace(rules, batch=1, accumulation=rules.batch * rules.accumulation)
        offer(f"train.batch = 1 with accumulation = {small.accumulation}", replace(recipe, train=small), trainable)
        rules = small
    saving = replace(rules, checkpointing=True)
    offer("and train.checkpointing = true", replace(recipe, train=saving), trainable)
    if recipe.kind in (Kind.SFT, Kind.CONTINUE, Kind.LORA):
        lora = replace(recipe, kind=Kind.LORA, train=saving)
        offer('and kind = "lora"', lora, _trainable(lora, counted))
        qlora = replace(recipe, kind=Kind.QLORA, train=saving)
        offer('and kind = "qlora"', qlora, _trainable(qlora, counted))
    short = replace(saving, sequence=max(1, rules.sequence // 4))
    offer(f"and train.sequence = {short.sequence}", replace(recipe, train=short), trainable)
    return tuple(found)
