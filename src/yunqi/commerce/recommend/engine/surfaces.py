"""The recommendation surfaces: configuration, not code."""

from collections.abc import Collection

from yunqi.commerce.ranking import Bought, Rules, Surface

HOME = ("for_you", "again", "trending", "new")

_HABIT = {"habit_14": 1.0, "habit_45": 0.6, "habit_90": 0.4}
_WEIGHTS: dict[str, tuple[dict[str, float], str]] = {
    "for_you": (
        {**_HABIT, "recall_covisit": 2.0, "recall_affinity": 0.5, "popularity_28": 0.1, "type_share": 3.0},
        "Personal frequency first, then what goes with the last visits, then what sells in the shopper's types.",
    ),
    "again": ({**_HABIT, "habit_count": 0.05}, "What this shopper buys, most and latest first."),
    "trending": ({"recall_trending": 1.0, "type_share": 2.0}, "Sales of the last week against the usual."),
    "new": ({"recall_new": 1.0, "type_share": 4.0}, "First seen in the last eight weeks, by sales."),
    "similar": (
        {"recall_similar": 1.0, "recall_covisit": 1.0, "type_share": 0.5},
        "Same type, near in price and brand; then by sales.",
    ),
    "together": ({"recall_together": 10.0, "recall_covisit": 2.0, "popularity_28": 0.02}, "Met in the same visits."),
    "basket": (
        {"recall_together": 10.0, "recall_covisit": 2.0, "habit_45": 0.3, "popularity_28": 0.02},
        "Met in the same visits as what lies in the basket, and what this shopper is used to buy.",
    ),
}


def surfaces(*, hide_bought: Collection[str], per_type: int) -> list[Surface]:
    """Return the surfaces with the shop's rules."""
    return [Surface(name, _rules(name, hide_bought, per_type), *_WEIGHTS[name]) for name in _WEIGHTS]


def _rules(name: str, hide_bought: Collection[str], per_type: int) -> Rules:
    bought = Bought.ALLOW if name in ("again", "similar", "together", "basket") else Bought.HIDE_UNLESS_REPEATED
    if name in hide_bought and name != "again":
        bought = Bought.HIDE
    spread = per_type if name in HOME and name != "again" else 0
    return Rules(bought=bought, per_type=spread, explore=name != "again")
