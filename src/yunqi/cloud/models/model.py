"""Nouns of model serving: a chat request, what comes back, and how an engine is doing."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel.errors import Exhausted, Invalid, NotFound, Unavailable

ROLES = ("system", "user", "assistant", "tool", "developer")


class ModelUnknown(NotFound):
    """No model of this name is served here."""

    code = "model_not_found"


class ContextTooLong(Invalid):
    """The prompt does not fit into the model's context."""

    code = "context_length_exceeded"


class BadCheckpoint(Invalid):
    """A model's files are damaged, incomplete, or not what their config says."""

    code = "bad_checkpoint"


class EngineBusy(Exhausted):
    """The engine's queue is full."""

    code = "engine_busy"


class EngineLost(Unavailable):
    """The engine went away or cannot be started."""

    code = "engine_unavailable"


class EngineState(Enum):
    """The life of an engine: idle -> loading -> ready -> idle (unloaded or died); failed when it cannot start."""

    IDLE = "idle"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function the model wants called; ``arguments`` is JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat.

    Parameters
    ----------
    tool_call_id
        For role ``tool``: the call this is the result of.
    """

    role: str
    content: str
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise Invalid(f"Role {self.role!r} is unknown; use one of {', '.join(ROLES)}.", param="messages")


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a model is asked.

    Parameters
    ----------
    max_tokens
        Longest answer; None takes the configured default.
    response_format, tools, tool_choice
        JSON in the OpenAI form, handed to the engine as it is.
    top_logprobs
        How many alternatives a token to report; only with ``logprobs``.
    adapter
        The adapter that answers beside the model; `Models` sets it where a request names one as its model.
    """

    messages: tuple[Message, ...]
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_format: bytes | None = None
    tools: bytes | None = None
    tool_choice: bytes | None = None
    logprobs: bool = False
    top_logprobs: int = 0
    adapter: str = ""

    def __post_init__(self) -> None:
        if not self.messages:
            raise Invalid("messages is empty; give at least one message.", param="messages")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request; ``exact`` is false when an engine did not report and chunks were counted instead."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    exact: bool = True


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of the tool call number ``index``."""

    index: int
    id: str | None
    name: str | None
    arguments: str


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of an answer, with the tokens used up to here; each item of ``logprobs`` is JSON in the OpenAI form.

    ``thinking`` is what a model says to itself before it answers; it is no part of ``text``.
    """

    text: str
    usage: Usage
    tool_calls: tuple[ToolCallDelta, ...] = ()
    logprobs: tuple[bytes, ...] = ()
    thinking: str = ""


OnDelta = Callable[[Delta], None]


@dataclass(frozen=True, slots=True)
class Completion:
    """A finished answer.

    Parameters
    ----------
    thinking
        What the model said to itself before it.
    guessed, kept
        Tokens that were guessed, by a draft or by lookup, and how many were right. Wrong ones are no part of the usage.
    """

    text: str
    finish_reason: str
    usage: Usage
    milliseconds: float
    first_token_ms: float
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[bytes, ...] = ()
    thinking: str = ""
    guessed: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """How an engine is doing; ``threads`` is 0 for one on another machine, ``guessed`` and ``kept`` are tokens so far."""

    state: EngineState
    detail: str = ""
    memory_bytes: int = 0
    running: int = 0
    waiting: int = 0
    restarts: int = 0
    threads: int = 0
    pid: int | None = None
    guessed: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be asked for; ``kind`` is ``embedded``, ``adapter`` (of the model ``family``) or ``upstream``."""

    id: str
    kind: str
    family: str
    parameters: int
    quantisation: str
    context: int
    licence: str
    sha256: str
    source: str
    tools: bool
    health: EngineHealth


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """An answer said aloud.

    Parameters
    ----------
    samples
        Mono, float32 [samples], within -1 and 1.
    rate
        Samples a second.
    tokens
        What was said, as tokens, the end included.
    codes
        The codes of speech [groups][frames].
    """

    samples: NDArray[np.float32]
    rate: int
    text: str
    tokens: tuple[int, ...] = ()
    codes: tuple[tuple[int, ...], ...] = ()
