"""The settings of the ranking pipeline."""

from dataclasses import dataclass

from yunqi.kernel.config import setting


@dataclass(frozen=True, slots=True)
class RankingConfig:
    """How candidates are ranked, explored and learned from."""

    candidates: int = setting(300, "Products that are ranked for one answer, after all filters.")
    blocked: tuple[str, ...] = setting(
        (),
        "Product ids, and category paths joined by ' > ', that no surface shows (they can still be opened and bought).",
    )
    explore: bool = setting(True, "Give one position of each answer to a random candidate, with its propensity logged.")
    explore_position: int = setting(8, "Which position (1 is the first) that is, in answers at least that long.")
    snapshot_minutes: float = setting(
        10.0, "How often the features' state is saved; a start folds only what came after."
    )
    training_days: int = setting(
        28, "Length of a training window: what shoppers did in it answers the questions before."
    )
    training_windows: int = setting(4, "Windows to learn from; two more, newer ones are for validation and test.")
    training_questions: int = setting(1000, "Questions drawn from each window.")
    trees: int = setting(100, "Trees of a trained ranker.")
    leaves: int = setting(31, "Leaves of a tree.")
    learning_rate: float = setting(0.08, "Weight of each new tree.")
    seed: int = setting(7, "Makes training repeatable.")
    promote: bool = setting(
        True, "Let a trained policy serve at once when it beats the baseline on the validation window."
    )
