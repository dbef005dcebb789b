"""The nouns of the ranking pipeline: requests, what sources find, rules, policies and the ranked answer."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from yunqi.commerce.catalog import Money
from yunqi.commerce.experiments import Decision, DecisionItem, Outcome, Policy, Slot
from yunqi.kernel.errors import Conflict, NotFound

TRAIN = "ranking.train"
"""The job that trains policies."""

Dense = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Request:
    """A question to the pipeline.

    Attributes
    ----------
    user
        Dense user number, -1 for somebody never seen.
    now
        UTC microseconds: all fading is read at this moment.
    seeds
        Products that the question is about (the page's product, the basket), most important first.
    """

    surface: str
    user: int
    now: int
    seeds: Dense = field(default_factory=lambda: np.zeros(0, np.int32))
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a recall source found, best first."""

    products: Dense
    scores: Scores


class Bought(StrEnum):
    """What a surface does with products that the user bought before."""

    ALLOW = "allow"
    HIDE_UNLESS_REPEATED = "hide_unless_repeated"
    HIDE = "hide"


@dataclass(frozen=True, slots=True)
class Rules:
    """How a surface filters and arranges.

    Attributes
    ----------
    bought
        ``hide``: what the user bought never shows. ``hide_unless_repeated``: neither, except products of a type that
        shoppers do buy again (see ``repeat_share``).
    repeat_share
        Share of a type's lines that must repeat an earlier purchase for the type to count as one bought again.
    in_stock
        Whether products that cannot be bought now are left out.
    per_type
        At most this many products of one type among the first ``size``; 0: no limit.
    explore
        Whether one position shows a product drawn at random, with a known propensity.
    minimum
        With fewer candidates than this the answer is empty: a strip of two products looks broken.
    """

    bought: Bought = Bought.ALLOW
    repeat_share: float = 0.1
    in_stock: bool = True
    per_type: int = 0
    explore: bool = True
    minimum: int = 1


@dataclass(frozen=True, slots=True)
class Surface:
    """A place that shows products: its rules, and the weights it starts with before anything was trained."""

    name: str
    rules: Rules
    weights: dict[str, float]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A product as a page shows it, with its place in the decision."""

    number: int
    id: str
    title: str
    title_derived: bool
    price: Money | None
    sale_price: Money | None
    in_stock: bool
    image: str
    category: tuple[str, ...]
    brand: str
    size: str
    position: int
    slot: Slot


@dataclass(frozen=True, slots=True)
class Answer:
    """What a surface shows; ``decision_id`` is what events cite as ``attribution_token``."""

    decision_id: str
    surface: str
    policy_id: str
    items: tuple[Card, ...]
    candidates: int
    took_ms: float


@dataclass(frozen=True, slots=True)
class ItemReason:
    """Why one product stood where it stood."""

    item: DecisionItem
    title: str
    features: dict[str, float]
    contributions: dict[str, float]


@dataclass(frozen=True, slots=True)
class Reason:
    """A decision explained: the policy, each item's features and what each gave, and what came of it."""

    decision: Decision
    policy: Policy
    items: tuple[ItemReason, ...]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """How many decisions were made again from the log, and which of them differ."""

    checked: int
    different: tuple[str, ...]


class FeaturesChanged(Conflict):
    """A policy was trained on features that this release does not have; train it again."""

    code = "features_changed"


class NothingToLearn(Conflict):
    """The event log is too short to train on."""

    code = "nothing_to_learn"


class UnknownSurface(NotFound):
    """No surface of that name is served here."""

    code = "surface_not_found"
