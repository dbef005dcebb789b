"""One line of a benchmark."""

from dataclasses import dataclass


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
