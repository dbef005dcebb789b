"""What comes of a recipe: a plan before, a run while it lasts, scores after, and what can go wrong."""

import enum
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from yunqi.kernel.errors import Conflict, Exhausted, Invalid, Unavailable


class DataBroken(Invalid):
    """A line of a data file cannot be used; the message names the file and the line."""

    code = "training_data"


class MemoryShort(Exhausted):
    """The run needs more memory than there is; the message holds a plan that fits."""

    code = "training_memory"


class LossBroken(Invalid):
    """The loss is no longer a number."""

    code = "training_loss"


class WorkerLost(Unavailable):
    """The training process ended without a result; the run goes on from its last checkpoint when it is started again."""

    code = "training_worker"


class Stopped(Conflict):
    """The run was stopped on request; its checkpoint is kept."""

    code = "training_stopped"


class RunState(enum.StrEnum):
    """The life of a run: running -> done | failed | stopped; a stopped or failed one may be started again."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What preparing the data came to.

    Parameters
    ----------
    documents, characters, tokens
        What is trained on, in one epoch.
    removed
        Documents taken out by reason.
    """

    documents: int
    characters: int
    tokens: int
    removed: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will take, said before it starts.

    Parameters
    ----------
    tokens
        Tokens in one epoch; estimated from the characters unless ``exact``.
    trained_tokens
        Tokens that pass through the model in the whole run.
    memory_bytes
        Weights, gradients, optimiser and activations.
    seconds
        Expected time at ``rate`` floating point operations a second.
    cost
        In minor units of ``currency``, at the configured price of a core hour.
    fits
        Whether the memory is there now.
    advice
        What to change when it does not fit.
    """

    kind: str
    name: str
    parameters: int
    trainable: int
    documents: int
    tokens: int
    exact: bool
    steps: int
    trained_tokens: int
    flops: float
    memory_bytes: int
    available_bytes: int
    seconds: float
    rate: float
    core_hours: float
    cost: int
    currency: str
    fits: bool
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """One measured figure of one model on one task.

    Parameters
    ----------
    low, high
        95 % interval from resampling the examples.
    higher_is_better
        False for losses and perplexities.
    """

    task: str
    metric: str
    value: float
    low: float
    high: float
    examples: int
    model: str = ""
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """A training run as it stands; ``folder`` holds everything of it."""

    id: int
    name: str
    kind: str
    state: RunState
    recipe_hash: str
    folder: str
    step: int
    steps: int
    message: str
    error: str | None
    result: dict[str, Any] | None
    asset: str | None
    job_id: int | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrainingFinished:
    """A training run ended with a result.

    Parameters
    ----------
    recipe
        Hash of the recipe.
    asset
        Name of the hub's asset that it published, or empty.
    """

    run: str
    kind: str
    recipe: str
    asset: str
    steps: int
