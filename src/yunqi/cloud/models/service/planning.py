"""The catalogue with its counts, and plans for its members on a named machine or on this one."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from yunqi.cloud.models.engine.catalogue import MEMBERS, Entry, find
from yunqi.cloud.models.service.load import cores
from yunqi.kernel import Invalid

HERE = "here"
_HERE_READS = 0.4
"""Share of the bandwidth of a plain sum that decoding 4-bit weights reaches on a processor, where unpacking them takes the
other half of the time: 0.38 (SmolLM2-135M, Q4_1) and 0.41 (Qwen2.5-Coder-0.5B, Q4_K_M), one thread each; see README."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A member and what counting it gives."""

    entry: Entry
    total: int
    active: int
    body: int


def catalogue() -> list[Counted]:
    """Return all members with their parameters, counted on the meta device.

    Raises
    ------
    Invalid
        When the ``models`` extra is not installed.
    """
    return [_counted(entry) for entry in MEMBERS.values()]


def _counted(entry: Entry) -> Counted:
    found = _count(entry.config)[1]
    return Counted(entry, found.total, found.active, found.body)


def make_plan(
    member: str,
    *,
    context: int,
    batch: int = 1,
    hardware: str = "h100",
    weights: str = "bfloat16",
    cache: str = "bfloat16",
    devices: int = 0,
    price: int | None = None,
) -> dict[str, Any]:
    """Return the plan for a member of the catalogue, or for the config.json of a folder, as one document.

    Parameters
    ----------
    hardware
        A device of the table, or ``here`` (or ``this``): this machine's processor, measured now.
    price
        Rent of a device in cents of US dollar an hour, in place of the assumed one.

    Raises
    ------
    NotFound, Invalid, Exhausted
        When there is no such member or machine, or the devices cannot hold it.
    """
    name, config = _shape(member)
    spec, count = _count(config)
    from yunqi.cloud.models.engine.planner import Demand, plan

    machine = _machine(hardware)
    if price is not None:
        machine = replace(machine, price=price)
    demand = Demand(context, batch, weights, cache, devices)
    found = plan(spec, count, demand, machine)
    return {
        "member": name,
        "hardware": {"name": machine.name, "memory_bytes": machine.memory, "bandwidth": machine.bandwidth,
                     "flops": machine.flops, "source": machine.source},
        "parameters": {"total": count.total, "active": count.active},
        "memory": {"weights_bytes": found.weights, "cache_bytes": found.cache,
                   "activations_bytes": found.activations, "per_device_bytes": found.per_device},
        "layout": {"devices": found.devices, "tensor": found.tensor, "pipeline": found.pipeline,
                   "expert": found.expert, "data": found.replicas},
        "speed": {"tokens_per_second": round(found.tokens_per_second, 2), "per_sequence": round(found.per_sequence, 2),
                  "prefill_tokens_per_second": round(found.prefill_per_second, 1),
                  "first_token_seconds": round(found.first_token, 4), "bound": found.decode_bound},
        "cost_per_million_tokens": {"minor_units": found.cost, "currency": "USD"},
        "notes": list(found.notes),
    }  # fmt: skip


def _shape(member: str) -> tuple[str, Mapping[str, Any]]:
    folder = Path(member)
    if (folder / "config.json").is_file():
        import json

        try:
            return folder.name, json.loads((folder / "config.json").read_text(encoding="utf-8"))
        except ValueError as error:
            raise Invalid(f"{folder / 'config.json'} is no JSON: {error}.") from error
    entry = find(member)
    return entry.name, entry.config


def _count(config: Mapping[str, Any]) -> Any:
    try:
        from yunqi.cloud.models.engine.catalogue.count import count
        from yunqi.cloud.models.engine.lineage.read import read_spec
    except ModuleNotFoundError as error:
        raise Invalid(f"Counting parameters needs the package {error.name}: run scripts/setup models.") from error
    spec = read_spec(config)
    return spec, count(spec)


def _machine(name: str) -> Any:
    from yunqi.cloud.models.engine.planner import HARDWARE

    if name.lower() in (HERE, "this"):
        return measure()
    if name.lower() not in HARDWARE:
        known = ", ".join([*HARDWARE, HERE])
        raise Invalid(f"There is no hardware {name!r} in the table; known are {known}.", param="hardware")
    return HARDWARE[name.lower()]


def measure(*, seconds: float = 0.3) -> Any:
    """Return this machine's processor as a device: bandwidth by reading, arithmetic by multiplying, both measured."""
    from yunqi.cloud.models.engine.planner import Hardware

    block = np.ones(32 << 20, dtype=np.float32)  # 128 MiB: past the caches
    read = _rate(lambda: float(block.sum()), block.nbytes, seconds)
    square = np.ones((1024, 1024), dtype=np.float32)
    work = _rate(lambda: float((square @ square)[0, 0]), 2 * 1024**3, seconds)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    # One thread reads; a second core adds less than as much again, so the rate is not multiplied.
    return Hardware(
        HERE, memory, read, work, 0.0, read, 1, f"measured now on {cores()} cores, numpy float32",
        use_memory=_HERE_READS, use_cache=_HERE_READS, use_flops=0.8, overhead=2e-5,
    )  # fmt: skip


def _rate(run: Any, amount: float, seconds: float) -> float:
    run()
    best, end = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        run()
        best = max(best, amount / (time.perf_counter() - started))
    return best
