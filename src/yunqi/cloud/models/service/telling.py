"""Tells an answer as it grows, and ends it at a stop text."""

from collections.abc import Callable, Sequence

from yunqi.cloud.models.engine.tokens.tokenizer import Tokenizer


class Told:
    """Called with each new token; true ends the answer."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        ends: tuple[int, ...],
        stop: tuple[str, ...],
        on_text: Callable[[str], None] | None,
    ) -> None:
        self._tokenizer, self._ends, self._stop, self._on_text = tokenizer, ends, stop, on_text
        self._tokens, self._heard = list[int](), ""

    def __call__(self, token: int) -> bool:
        """Tell what is new in the text, once it is whole characters."""
        self._tokens.append(token)
        text = self._text(self._tokens)
        if self._on_text is not None and not text.endswith("\ufffd") and len(text) > len(self._heard):
            self._on_text(text[len(self._heard) :])
            self._heard = text
        return any(word in text for word in self._stop)

    def cut(self, tokens: Sequence[int]) -> str:
        """Return the text of an answer up to the first stop text."""
        text = self._text(tokens)
        ends = [text.index(word) for word in self._stop if word in text]
        return text[: min(ends)] if ends else text

    def _text(self, tokens: Sequence[int]) -> str:
        return self._tokenizer.decode(tokens[:-1] if tokens and tokens[-1] in self._ends else tokens)
