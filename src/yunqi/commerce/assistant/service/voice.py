"""Lends the assistant the studio's models."""

from collections.abc import Iterator, Sequence

from yunqi.cloud.models import ChatRequest, Completion, Message
from yunqi.cloud.studio import Studio
from yunqi.commerce.assistant.model import Complete, Spoken, Turn
from yunqi.kernel import Principal

_SHOP = Principal("default", 0, "assistant", frozenset({"models"}))


def voice(studio: Studio, *, model: str = "default", principal: Principal = _SHOP) -> Complete:
    """Return a `Complete` that asks a model through the studio, so that it is metered like any other caller."""

    def complete(turns: Sequence[Turn], max_tokens: int) -> Iterator[str | Spoken]:
        messages = tuple(Message(turn.role, turn.content) for turn in turns)
        request = ChatRequest(messages, max_tokens=max_tokens, temperature=0.0, seed=1)
        for piece in studio.complete(principal, request, model=model):
            if isinstance(piece, Completion):
                usage, whole = piece.usage, piece.finish_reason != "length"
                yield Spoken(studio.resolve(model).id, usage.input_tokens, usage.output_tokens, whole)
            else:
                yield piece.text

    return complete
