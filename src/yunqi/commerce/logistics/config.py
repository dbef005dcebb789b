"""The settings of logistics."""

from dataclasses import dataclass

from yunqi.kernel.config import setting


@dataclass(frozen=True, slots=True)
class LogisticsConfig:
    """How routes, packings, berths and forecasts are computed."""

    solve_seconds: float = setting(10.0, "Wall-clock seconds of a solve when the request names none.")
    max_seconds: float = setting(3600.0, "The longest solve that a request may ask for.")
    max_tasks: int = setting(200_000, "Larger problems are refused with a message instead of filling the memory.")
    workers: int = setting(2, "Threads of one solve.")
    seed: int = setting(1, "Seed of every solver when the request names none.")
    hs_threshold: float = setting(0.9, "Chance from which the first HS code is the answer; below it a person decides.")
