"""Read fields of a JSON object: every key known, every value of its kind, every message with its path."""

import difflib
import itertools
import math
from collections.abc import Iterable
from typing import Any

from yunqi.commerce.logistics.model import BadProblem, Window


class Fields:
    """A JSON object whose keys are taken one by one.

    Parameters
    ----------
    value
        The object.
    path
        Where it stands, as ``vehicles[3]``.
    known
        The keys it may have; another is refused with the nearest known one.
    """

    def __init__(self, value: Any, path: str, known: Iterable[str]) -> None:
        if not isinstance(value, dict):
            raise BadProblem(f"{path} is {_shown(value)}; it has to be an object.", param=path)
        self.path = path
        self._value = value
        known = sorted(known)
        for key in value:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}."
                raise BadProblem(f"{path} has the unknown key {key!r}; {hint}", param=f"{path}.{key}")

    def has(self, key: str) -> bool:
        """Whether a key is there and not null."""
        return self._value.get(key) is not None

    def raw(self, key: str, default: Any = None) -> Any:
        """Return a value as it stands."""
        value = self._value.get(key)
        return default if value is None else value

    def text(self, key: str, default: str | None = None) -> str:
        """Return an id: a text or a whole number."""
        value = self.raw(key, default)
        if isinstance(value, bool) or not isinstance(value, str | int) or str(value) == "":
            raise self.wrong(key, value, "a text or a whole number")
        return str(value)

    def number(self, key: str, default: float | None = None, *, low: float = 0.0) -> float:
        """Return a finite number that is not below ``low``."""
        value = self.raw(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.wrong(key, value, "a finite number")
        if value < low or value > 1e12:
            raise self.wrong(key, value, f"between {low:g} and 1e12")
        return float(value)

    def integer(self, key: str, default: int | None = None, *, low: int = 0) -> int:
        """Return a whole number that is not below ``low``."""
        value = self.number(key, default, low=low)
        if value != int(value):
            raise self.wrong(key, value, "a whole number")
        return int(value)

    def maybe(self, key: str) -> int | None:
        """Return a whole number, or None when the key is not there."""
        return self.integer(key) if self.has(key) else None

    def items(self, key: str) -> list[Any]:
        """Return a list; empty when the key is not there."""
        value = self.raw(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, value, "a list")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of ids."""
        found = self.items(key)
        for one in found:
            if isinstance(one, bool) or not isinstance(one, str | int):
                raise self.wrong(key, one, "a list of texts or whole numbers")
        return tuple(str(one) for one in found)

    def windows(self, key: str) -> tuple[Window, ...]:
        """Return windows: pairs of whole seconds, in order, apart."""
        found = sorted(self.window_of(one, f"{self.path}.{key}[{k}]") for k, one in enumerate(self.items(key)))
        for before, after in itertools.pairwise(found):
            if after[0] <= before[1]:
                raise BadProblem(f"{self.path}.{key}: the windows {list(before)} and {list(after)} overlap; join them.")
        return tuple(found)

    def window(self, key: str, default: Window) -> Window:
        """Return one window."""
        return self.window_of(self.raw(key), f"{self.path}.{key}") if self.has(key) else default

    @staticmethod
    def window_of(value: Any, path: str) -> Window:
        """Return a window from a pair of whole numbers."""
        right = isinstance(value, list) and len(value) == 2
        if not right or not all(isinstance(one, int) and not isinstance(one, bool) for one in value):
            raise BadProblem(
                f"{path} is {_shown(value)}; a window is a pair of whole seconds, as [28800, 36000].", param=path
            )
        if value[1] > 1 << 40:
            raise BadProblem(
                f"{path}: the window {value} is far beyond; times are in seconds, not milliseconds.", param=path
            )
        if value[1] < value[0] or value[0] < 0:
            raise BadProblem(f"{path}: the window {value} ends before it begins or lies outside of time.", param=path)
        return value[0], value[1]

    def wrong(self, key: str, value: Any, wanted: str) -> BadProblem:
        """Return the refusal of a value."""
        if value is None:
            return BadProblem(f"{self.path} lacks {key!r}, {wanted}.", param=f"{self.path}.{key}")
        return BadProblem(f"{self.path}.{key} is {_shown(value)}; it has to be {wanted}.", param=f"{self.path}.{key}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
