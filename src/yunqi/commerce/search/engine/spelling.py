"""Spelling: the known word nearest to one that is not known."""

from collections.abc import Iterable, Mapping

_SHORTEST = 4


class Spelling:
    """Finds known words at an edit distance of one (two for long words), the most frequent first.

    Words are indexed by themselves and with each letter left out, so a look-up costs a few dictionary accesses.
    """

    def __init__(self, frequency: Mapping[str, int]) -> None:
        self._frequency = {word: count for word, count in frequency.items() if len(word) >= _SHORTEST}
        self._near: dict[str, list[str]] = {}
        for word in self._frequency:
            for key in {word, *_shorter(word)}:
                self._near.setdefault(key, []).append(word)
        self._known = frozenset(frequency)

    def correct(self, word: str) -> str | None:
        """Return a better spelling, or ``None`` when the word is known or nothing is near."""
        if word in self._known or len(word) < _SHORTEST or not word.isalpha():
            return None
        found = {near for key in (word, *_shorter(word)) for near in self._near.get(key, ())}
        allowed = 2 if len(word) >= 7 else 1
        ranked = [(distance(word, near), -self._frequency[near], near) for near in found]
        close = [entry for entry in ranked if entry[0] <= allowed]
        return min(close)[2] if close else None

    def correct_all(self, typed: Iterable[str]) -> list[str] | None:
        """Correct a query's words; ``None`` when none of them changed."""
        pairs = [(word, self.correct(word)) for word in typed]
        return [better or word for word, better in pairs] if any(better for _, better in pairs) else None


def distance(left: str, right: str) -> int:
    """Return the edit distance in which swapping two neighbours counts once."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _shorter(word: str) -> list[str]:
    return [word[:i] + word[i + 1 :] for i in range(len(word))]
