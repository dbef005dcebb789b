"""The parameters of the modelled core, read from their one file, with what-if changes."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel.errors import Invalid
from yunqi.labs.riscv.engine.timing import words

_FILE = Path(__file__).with_name("parameters.toml")
_WORDS = {
    "queues.alu": "Q_ALU", "queues.branch": "Q_BRANCH", "queues.load_store": "Q_LOAD_STORE",
    "queues.store_data": "Q_STORE_DATA",
    "queues.vector": "Q_VECTOR", "queues.loads": "Q_LOADS", "queues.stores": "Q_STORES", "queues.fills": "Q_FILLS",
}  # fmt: skip
_OUTSIDE = ("core.frequency_mhz",)
_LARGEST = {"reorder_buffer": 1000, "integer_registers": 1000, "floating_registers": 1000, "instruction_buffer": 1000}
_POWERS = ("btb", "indirect", "line", "l1i_bytes", "l1d_bytes", "l2_bytes", "tlb_entries", "fetch_bytes")
SHORT = {
    "rob": "core.reorder_buffer",
    "l1d": "cache.l1d_bytes",
    "l1i": "cache.l1i_bytes",
    "l2": "cache.l2_bytes",
    "width": "core.decode_width",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number of the core: its full name, value, and where it comes from."""

    name: str
    value: float
    source: str


@cache
def published() -> Mapping[str, Parameter]:
    """Return the parameters as the file has them, by full name."""
    tables: dict[str, dict[str, dict[str, Any]]] = tomllib.loads(_FILE.read_text("utf-8"))
    found = {}
    for section, entries in tables.items():
        for name, entry in entries.items():
            found[f"{section}.{name}"] = Parameter(f"{section}.{name}", entry["value"], entry["from"])
    return MappingProxyType(found)


def chosen(changes: Mapping[str, float]) -> dict[str, float]:
    """Return every parameter's value with some changed.

    Parameters
    ----------
    changes
        New values by full name, by the part after the dot, or by a short name (``rob``).

    Raises
    ------
    Invalid
        An unknown name, or a value that the model cannot take.
    """
    values = {name: parameter.value for name, parameter in published().items()}
    for given, value in changes.items():
        name = SHORT.get(given, given)
        matches = [full for full in values if full == name or full.split(".")[1] == name]
        if len(matches) != 1:
            raise Invalid(f"There is no parameter {given!r}; `yunqi riscv parameters` lists them.", "set")
        _check(matches[0], value)
        values[matches[0]] = value
    return values


def _check(name: str, value: float) -> None:
    short = name.split(".")[1]
    if name.startswith("energy."):
        if value < 0:
            raise Invalid(f"{name} must not be negative.", "set")
        return
    largest = _LARGEST.get(short, 64 if name.startswith("queues.") else 1 << 26)
    if value != int(value) or not (0 if name.startswith(("latency.", "branch.", "cache.")) else 1) <= value <= largest:
        raise Invalid(f"{name} must be a whole number of at most {largest}.", "set")
    if short in _POWERS and (value < 1 or int(value) & (int(value) - 1)):
        raise Invalid(f"{name} must be a power of two.", "set")
    if short in ("divide_bits", "return_stack", "l0_btb", "l1i_ways", "l1d_ways", "l2_ways") and not 1 <= value <= 256:
        raise Invalid(f"{name} must be from 1 to 256.", "set")


def packed(values: Mapping[str, float]) -> NDArray[np.int64]:
    """Return the values as the model's array."""
    made = np.zeros(words.PARAMETERS, np.int64)
    for name, value in values.items():
        if name in _OUTSIDE or name.startswith("energy."):
            continue
        word = _WORDS.get(name, name.split(".")[1].upper())
        made[getattr(words, word)] = int(value)
    return made
