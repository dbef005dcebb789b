"""The plan: memory of weights, cache and activations; the smallest layout that holds them; speed by the roofline.

Roofline (Williams et al., 2009): a decoding step takes as long as the slower of reading its bytes and doing its
arithmetic; each at the share of the data sheet that good engines reach, plus what a step costs beside its work.
"""

import math
from dataclasses import dataclass

from yunqi.cloud.models.engine.catalogue.count import Count
from yunqi.cloud.models.engine.lineage.spec import DELTA, WINDOW, Spec, Text
from yunqi.cloud.models.engine.planner.hardware import Hardware
from yunqi.kernel.errors import Exhausted, Invalid

BITS = {"float32": 32.0, "bfloat16": 16.0, "fp8": 8.0, "int8": 8.5, "int4": 4.25, "q4_0": 4.5, "q8_0": 8.5}
"""Bits a weight takes, its scales included."""

_USABLE = 0.92
_CHUNK = 8192
_REDUCE = 8e-6


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of the deployment.

    Parameters
    ----------
    context
        Tokens of prompt and answer of each sequence.
    batch
        Sequences at a time.
    weights, cache
        How weights and cache are kept, by the names of `BITS`.
    devices
        How many devices there are; 0: as few as it takes.
    """

    context: int
    batch: int = 1
    weights: str = "bfloat16"
    cache: str = "bfloat16"
    devices: int = 0

    def __post_init__(self) -> None:
        if self.context <= 0 or self.batch <= 0 or self.devices < 0:
            raise Invalid("context and batch must be positive, devices not negative.", param="context")
        for name in (self.weights, self.cache):
            if name not in BITS:
                raise Invalid(f"{name!r} is no way to keep weights; known are {', '.join(BITS)}.", param="weights")


@dataclass(frozen=True, slots=True)
class Plan:
    """A deployment: bytes over all devices of one replica, layout, and what to expect of it.

    Parameters
    ----------
    tensor, pipeline, expert, replicas
        Ways of parallelism: within layers, over layers, over experts, whole copies.
    decode_bound
        What a decoding step waits for: ``memory`` or ``arithmetic``.
    cost
        Cents of US dollar a million answered tokens at the assumed rent, all replicas busy.
    """

    weights: int
    cache: int
    activations: int
    per_device: int
    devices: int
    tensor: int
    pipeline: int
    expert: int
    replicas: int
    decode_seconds: float
    decode_bound: str
    tokens_per_second: float
    per_sequence: float
    prefill_per_second: float
    first_token: float
    cost: int
    notes: tuple[str, ...]


def plan(spec: Spec, count: Count, demand: Demand, hardware: Hardware) -> Plan:
    """Return the smallest deployment that holds the demand, and its expected speed.

    Raises
    ------
    Exhausted
        When the named number of devices cannot hold it; the message says how many can.
    """
    weights = weight_bytes(spec, count, demand.weights)
    cache = cache_bytes(spec.text, demand)
    activations = activation_bytes(spec.text, demand)
    tensor, pipeline = _layout(spec.text, weights + cache, activations, hardware)
    held = tensor * pipeline
    if demand.devices and held > demand.devices:
        raise Exhausted(
            f"{(weights + cache) / 1e9:.1f} GB need {held} devices of {hardware.memory / 1e9:.0f} GB; there are "
            f"{demand.devices}. Ask for a shorter context, a smaller batch, or fewer bits."
        )
    replicas = max(1, demand.devices // held) if demand.devices else 1
    seconds, bound = _decode(spec, count, demand, hardware, tensor, weights, cache)
    prefill = _prefill(spec.text, count, demand, hardware, tensor)
    speed = replicas * demand.batch / seconds
    rent = hardware.price * held * replicas
    return Plan(
        weights, cache, activations, (weights + cache) // held + activations, held * replicas, tensor, pipeline,
        tensor if spec.text.experts else 1, replicas, seconds, bound, speed, 1 / seconds, prefill * replicas,
        demand.context / prefill, round(rent / (speed * 3600) * 1e6), _notes(spec, demand, hardware),
    )  # fmt: skip


def weight_bytes(spec: Spec, count: Count, kept: str) -> int:
    """Return the bytes of all weights; 4-bit formats leave embeddings at 16 bits, as published checkpoints do."""
    embeddings = count.total - count.body
    outer = 16.0 if BITS[kept] < 8 else BITS[kept]
    return int((count.body * BITS[kept] + embeddings * outer) / 8)


def cache_bytes(text: Text, demand: Demand) -> int:
    """Return the bytes that all sequences at full length leave in the cache, recurrent states included."""
    each = 2 * text.kv_heads * text.head_dim * BITS[demand.cache] / 8
    total = 0.0
    for kind in text.kinds:
        if kind == DELTA and text.delta is not None:
            delta = text.delta
            total += 4 * delta.value_heads * delta.key_dim * delta.value_dim
            total += 2 * (2 * delta.keys + delta.values) * (delta.kernel - 1)
        else:
            total += each * (min(demand.context, text.window) if kind == WINDOW else demand.context)
    return int(total * demand.batch)


def activation_bytes(text: Text, demand: Demand) -> int:
    """Return the working memory of the largest step: a chunk of prompt, or one token of every sequence."""
    tokens = max(min(_CHUNK, demand.context * demand.batch), demand.batch)
    inner = text.inner
    if text.experts is not None:
        inner = text.experts.chosen * text.experts.width + text.experts.shared_width
    wide = 4 * text.width + 3 * text.heads * text.head_dim + 3 * inner
    return int(tokens * wide * 2 + demand.batch * text.vocabulary * 4)


def _layout(text: Text, bytes_: int, activations: int, hardware: Hardware) -> tuple[int, int]:
    room = hardware.memory * _USABLE - activations
    if room <= 0:
        raise Exhausted(f"One device of {hardware.memory / 1e9:.0f} GB cannot hold the activations alone.")
    ways = [way for way in (1, 2, 4, 8, 16) if way <= hardware.node and text.heads % way == 0]
    for way in ways:
        if bytes_ / way <= room:
            return way, 1
    return ways[-1], math.ceil(bytes_ / ways[-1] / room)


def _decode(
    spec: Spec, count: Count, demand: Demand, hardware: Hardware, tensor: int, weights: int, cache: int
) -> tuple[float, str]:
    read = weights * _touched(spec.text, count, demand.batch) / hardware.use_memory + cache / hardware.use_cache
    flops = (
        hardware.flops8 if BITS[demand.weights] < 16 and hardware.flops8 and demand.weights == "fp8" else hardware.flops
    )
    memory = read / (hardware.bandwidth * tensor)
    work = 2.0 * count.active * demand.batch / (flops * hardware.use_flops * tensor)
    talk = 0.0
    if tensor > 1:
        moved = 2 * demand.batch * spec.text.width * 2 * (tensor - 1) / tensor
        talk = 2 * spec.text.layers * (moved / hardware.link + _REDUCE)
    # A pipeline's stages work one after the other on one batch, so they add room and no speed.
    seconds = max(memory, work) + talk + hardware.overhead * spec.text.layers
    return seconds, "memory" if memory >= work else "arithmetic"


def _touched(text: Text, count: Count, batch: int) -> float:
    """Return the share of all weights that a step over a batch reads: experts nobody chose are not read."""
    if text.experts is None:
        return 1.0 - (0.0 if text.tied else text.vocabulary * text.width / count.total)
    missed = (1 - text.experts.chosen / text.experts.count) ** batch
    return (count.total - count.experts * missed) / count.total


def _prefill(text: Text, count: Count, demand: Demand, hardware: Hardware, tensor: int) -> float:
    full = sum(kind != DELTA for kind in text.kinds)
    seen = 2 * 2 * full * text.heads * text.head_dim * demand.context / 2
    each = 2.0 * count.active + seen
    flops = hardware.flops8 if demand.weights == "fp8" and hardware.flops8 else hardware.flops
    return flops * hardware.use_flops * tensor / each


def _notes(spec: Spec, demand: Demand, hardware: Hardware) -> tuple[str, ...]:
    found = []
    if demand.context > spec.text.context:
        found.append(
            f"The context is past the {spec.text.context} tokens of the config; it needs YaRN or a long-context member."
        )
    if hardware.price:
        found.append("The rent of a device is an assumption; give your own with --price.")
    return tuple(found)
