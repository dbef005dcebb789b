"""Settings of training."""

from dataclasses import dataclass

from yunqi.kernel.config import setting


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Where training runs and what it may take."""

    threads: int = setting(0, "Threads of a training process when its recipe names none. 0: all cores.")
    nice: int = setting(10, "How far a training process stands back for others: 0 (not at all) to 19.")
    memory_mb: int = setting(0, "Memory a run may plan to take. 0: what the machine has free when it starts.")
    price_per_core_hour: int = setting(5, "Price of one core for one hour in minor units, for cost estimates.")
    currency: str = setting("USD", "Currency of the estimates.")
    poll_seconds: float = setting(0.3, "How often a follower over HTTP looks for news of a run.")
