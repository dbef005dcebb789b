"""Tells an answer's text as it grows, and holds back what may yet become a stop text."""

from collections.abc import Sequence


class Stops:
    """Cuts an answer at the first of its stop texts."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = tuple(word for word in words if word)
        self._held = ""
        self.is_met = False

    def feed(self, text: str) -> str:
        """Return what may be told after one more piece."""
        if not self._words or self.is_met:
            return "" if self.is_met else text
        self._held += text
        places = [place for word in self._words if (place := self._held.find(word)) >= 0]
        if places:
            self.is_met = True
            told, self._held = self._held[: min(places)], ""
            return told
        kept = max(_overlap(self._held, word) for word in self._words)
        told = self._held[: len(self._held) - kept]
        self._held = self._held[len(told) :]
        return told

    def close(self) -> str:
        """Return what was held back; no more comes."""
        told, self._held = self._held, ""
        return told


def _overlap(text: str, word: str) -> int:
    """Return how much of the text's end might be the beginning of a word."""
    return next((size for size in range(min(len(word) - 1, len(text)), 0, -1) if text.endswith(word[:size])), 0)
