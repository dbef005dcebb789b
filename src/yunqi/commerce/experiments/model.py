"""The nouns of experiments: policies, decisions, what came of them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from yunqi.kernel.errors import Conflict, NotFound


class Stage(StrEnum):
    """The life of a policy: candidate -> production -> retired; a retired one may be promoted again."""

    CANDIDATE = "candidate"
    PRODUCTION = "production"
    RETIRED = "retired"


class Slot(StrEnum):
    """Why a product stands where it stands."""

    RANKED = "ranked"
    EXPLORATION = "exploration"
    SPONSORED = "sponsored"


@dataclass(frozen=True, slots=True)
class Training:
    """What a policy was trained on; all ``None`` for one whose weights were set by hand."""

    since: datetime | None = None
    until: datetime | None = None
    rows: int = 0
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A versioned decision rule of one surface.

    Attributes
    ----------
    id
        ``<surface>-<version>``.
    kind
        ``linear`` (weights in ``parameters``) or ``boosted`` (trees in the blob ``model``).
    features
        The columns it reads, in order.
    features_version
        The version of the feature set that those names belong to.
    metrics
        Measured on held-out data, never on what it was trained on; empty for hand-set weights.
    """

    id: str
    surface: str
    version: int
    stage: Stage
    kind: str
    features: tuple[str, ...]
    features_version: int
    created_at: datetime
    parameters: dict[str, float] = field(default_factory=dict)
    model: str | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    training: Training = Training()
    note: str = ""
    workspace: str = "default"


@dataclass(frozen=True, slots=True)
class DecisionItem:
    """One product that was shown.

    ``propensity`` is the probability with which the policy puts this product into this slot, given the candidates.
    """

    product_id: str
    position: int
    score: float
    slot: Slot
    propensity: float
    sources: dict[str, float]


@dataclass(frozen=True, slots=True)
class StageTrace:
    """One step of the pipeline: how many candidates went in and came out, and how long it took."""

    name: str
    arriving: int
    leaving: int
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was shown to whom, under which policy.

    Attributes
    ----------
    seq
        The last event of the log that the features had seen: folding the log up to here gives ``features`` again.
    features
        float32, little-endian, one row for each item, one column for each feature of the policy.
    context
        What else the ranking depended upon (catalog generation, the moment in microseconds, the seeds).
    """

    id: str
    surface: str
    policy_id: str
    at: datetime
    subject: str
    items: tuple[DecisionItem, ...]
    seq: int
    features: bytes
    query: str | None = None
    context: dict[str, Any] = field(default_factory=dict)
    stages: tuple[StageTrace, ...] = ()
    took_ms: float = 0.0
    workspace: str = "default"


@dataclass(frozen=True, slots=True)
class DecisionSummary:
    """A decision as a list shows it."""

    id: str
    surface: str
    policy_id: str
    at: datetime
    subject: str
    query: str | None
    items: int
    took_ms: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Something a shopper did that cites a decision."""

    at: datetime
    event: str
    product_id: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with its policy and what came of it."""

    decision: Decision
    policy: Policy
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class PolicyRegistered:
    """A policy was trained or written, and waits as a candidate (or serves, when it is a surface's first)."""

    policy_id: str
    surface: str
    kind: str


@dataclass(frozen=True, slots=True)
class PolicyPromoted:
    """A policy began to serve its surface; the one before it was retired."""

    policy_id: str
    surface: str
    retired: str | None


class DecisionNotFound(NotFound):
    """No decision of that id was kept."""

    code = "decision_not_found"


class PolicyNotFound(NotFound):
    """No policy of that id, or none that serves the surface."""

    code = "policy_not_found"


class AlreadyServing(Conflict):
    """The policy is in production already."""

    code = "already_serving"
