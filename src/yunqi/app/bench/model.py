"""One line of a benchmark, and what a benchmark can be asked for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from yunqi.kernel import Invalid


@dataclass(frozen=True, slots=True)
class Options:
    """What a bench was asked for, by key; what was not given is looked up in the environment as ``YUNQI_BENCH_KEY``.

    >>> Options({"seconds": "10", "only": "BR1,BR2"}).number("seconds", 4)
    10.0
    """

    given: Mapping[str, str] = field(default_factory=dict)

    def text(self, key: str, default: str = "") -> str:
        """Return a value as it was written."""
        return self.given.get(key) or os.environ.get(f"YUNQI_BENCH_{key.upper()}") or default

    def number(self, key: str, default: float) -> float:
        """Return a value above zero.

        Raises
        ------
        Invalid
            It is no number, or not above zero.
        """
        said = self.text(key)
        try:
            value = float(said) if said else default
        except ValueError:
            value = 0.0
        if not 0 < value < float("inf"):
            raise Invalid(f"The option {key} is a number above 0, not {said!r}.", key)
        return value

    def whole(self, key: str, default: int) -> int:
        """Return a whole number above zero; refuses as `number` does."""
        value = self.number(key, default)
        if value != int(value):
            raise Invalid(f"The option {key} is a whole number, not {self.text(key)!r}.", key)
        return int(value)

    def parts(self, key: str) -> tuple[str, ...]:
        """Return what stands between commas."""
        return tuple(part for part in self.text(key).split(",") if part)


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one benchmark.

    Parameters
    ----------
    metric
        What was measured, as ``rows_per_second`` or ``p99_ms``.
    value
        Yunqi's figure: the median over ``runs``.
    unit
        Unit of ``value`` and ``peer_value``.
    peer
        Who did the same work in the same run, with its version; ``None`` when there is no honest peer.
    peer_value
        The peer's median over as many runs.
    ratio
        ``value / peer_value``.
    runs
        How often both sides were run.
    spread
        (largest - smallest) / median of Yunqi's runs.
    """

    metric: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    runs: int = 1
    spread: float | None = None
