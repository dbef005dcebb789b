"""What a load test says: one report, whether the system under test is the timing model or this CPU."""

from dataclasses import dataclass
from enum import Enum


class Scenario(Enum):
    """The four scenarios of MLPerf Inference."""

    OFFLINE = "offline"
    SERVER = "server"
    SINGLE_STREAM = "single-stream"
    MULTI_STREAM = "multi-stream"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a run must satisfy to be valid.

    Parameters
    ----------
    min_queries, min_duration_s
        Both are needed.
    latency_s, percentile
        The bound on that percentile of latency; 0 when there is none.
    interval_s
        Time between queries of a multi-stream run.
    """

    min_queries: int
    min_duration_s: float
    latency_s: float = 0.0
    percentile: float = 99.0
    interval_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LoadReport:
    """Result of one scenario.

    Parameters
    ----------
    system
        ``hanguang800 (model)`` or the CPU path; modelled figures are always called so.
    metric, value, unit
        The scenario's own figure of merit.
    valid
        Whether the rules were met.
    simulated
        Whether time was simulated.
    latency_s
        Mean, minimum, maximum and percentiles, in seconds.
    """

    scenario: Scenario
    network: str
    system: str
    metric: str
    value: float
    unit: str
    valid: bool
    simulated: bool
    queries: int
    samples: int
    duration_s: float
    latency_s: dict[str, float]
    rules: Rules
    notes: tuple[str, ...] = ()
