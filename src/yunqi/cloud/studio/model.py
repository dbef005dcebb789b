"""Nouns of the studio: the call of a model on behalf of a key, and what it announces."""

from dataclasses import dataclass

from yunqi.kernel.errors import Exhausted


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
