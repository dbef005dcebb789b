"""Takes values out of a config.json, checking each where it is read."""

from collections.abc import Mapping
from typing import Any

from yunqi.kernel.errors import Invalid

_SYNONYMS = {"num_local_experts": "num_experts", "num_experts_per_token": "num_experts_per_tok"}


class Keys:
    """A part of a config with its family's defaults; every value is checked where it is read."""

    def __init__(self, found: Mapping[str, Any], defaults: Mapping[str, Any], where: str = "config.json") -> None:
        self.found = {**found, **{new: found[old] for old, new in _SYNONYMS.items() if old in found}}
        self._defaults = defaults
        self._where = where

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, the family's default, or this default; null counts as left out."""
        value = self.found.get(name)
        if value is None:
            value = self._defaults.get(name)
        return default if value is None else value

    def whole(self, name: str, default: int | None = None) -> int:
        """Return a whole number."""
        value = self.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or int(value) != value:
            raise Invalid(f"{self._where}: {name} is {value!r}; it must be a whole number.", param=name)
        if abs(value) > 1 << 40:
            raise Invalid(f"{self._where}: {name} = {value} is beyond any model.", param=name)
        return int(value)

    def number(self, name: str, default: float) -> float:
        """Return a number."""
        value = self.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Invalid(f"{self._where}: {name} is {value!r}; it must be a number.", param=name)
        return float(value)

    def wholes(self, name: str) -> tuple[int, ...]:
        """Return a list of whole numbers."""
        value = self.get(name, ())
        if not isinstance(value, list | tuple) or not all(isinstance(one, int) for one in value):
            raise Invalid(f"{self._where}: {name} is {value!r}; it must be a list of whole numbers.", param=name)
        return tuple(value)

    def flag(self, rule: bool | str) -> bool:
        """Return a constant, or what the key of this name says."""
        return rule if isinstance(rule, bool) else bool(self.get(rule, False))

    def part(self, name: str) -> Mapping[str, Any]:
        """Return an object within, empty when left out."""
        value = self.get(name, {})
        if not isinstance(value, Mapping):
            raise Invalid(f"{self._where}: {name} is {value!r}; it must be an object.", param=name)
        return value
