"""The settings of recommendations."""

from dataclasses import dataclass

from yunqi.kernel.config import setting


@dataclass(frozen=True, slots=True)
class RecommendConfig:
    """What the recommendation surfaces show."""

    hide_bought: tuple[str, ...] = setting(
        ("new",),
        "Surfaces that never show what the shopper bought before: for_you, trending, new, similar, together, basket.",
    )
    per_type: int = setting(2, "At most this many products of one type on a home strip.")
    history_days: int = setting(180, "Visits of this many days are counted for which products go together.")
    neighbours: int = setting(50, "Neighbours kept for each product.")
    shelf_seconds: float = setting(60.0, "How old best-seller lists may be.")
    size: int = setting(12, "Products on a strip.")
