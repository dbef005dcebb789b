"""Nouns of the studio: the call of a model on behalf of a key, what it announces, and deployments of networks."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy.typing as npt

from yunqi.kernel.errors import Conflict, Exhausted, Invalid, NotFound

Tensor = npt.NDArray[Any]
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


class QuotaReached(Exhausted):
    """The key has used its requests or tokens of this minute."""

    code = "rate_limit_exceeded"


@dataclass(frozen=True, slots=True)
class Alias:
    """A name under which another model is served."""

    name: str
    target: str


@dataclass(frozen=True, slots=True)
class Quota:
    """What a key may use in a minute; 0 is no limit."""

    requests: int
    tokens: int


@dataclass(frozen=True, slots=True)
class ModelCalled:
    """A model was asked; exactly one for each request that reached one, also when it failed or the client left.

    Parameters
    ----------
    call_id
        The answer's ``id``, made by the server.
    asked, model
        The name the caller used, and the model behind it.
    exact
        Whether the engine counted the tokens itself.
    outcome
        ``stop``, ``length`` or ``tool_calls`` as the engine ended it; ``cancelled`` when the client left (what was
        made until then is counted); ``failed`` when the engine broke off.
    """

    call_id: str
    asked: str
    model: str
    key_id: int
    key_name: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    exact: bool
    milliseconds: float
    first_token_ms: float
    outcome: str
    streamed: bool


class DeploymentUnknown(NotFound):
    """No deployment has this name."""

    code = "deployment_unknown"


class DeploymentExists(Conflict):
    """The name is taken."""

    code = "deployment_exists"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A published network that answers under a name.

    Parameters
    ----------
    asset
        The hub's name of the network.
    target
        Where it runs, as ``hanguang800``.
    """

    name: str
    asset: str
    target: str
    created_at: datetime

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise Invalid(
                f"{self.name!r} cannot name a deployment: use up to 100 lower-case letters, digits, dots and dashes.",
                param="name",
            )


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """An input or output of a network: ``datatype`` as the Open Inference Protocol spells it, ``FP32`` or ``INT64``."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Inference:
    """What a network answered, and at what cost.

    Parameters
    ----------
    simulated
        Whether the hardware is a model: ``predicted_ms`` and ``predicted_joules`` are then the model's, for one run,
        and ``host_ms`` is what computing the same bits took on this machine.
    """

    outputs: dict[str, Tensor]
    simulated: bool
    hardware: str
    host_ms: float
    predicted_ms: float = 0.0
    predicted_joules: float = 0.0
