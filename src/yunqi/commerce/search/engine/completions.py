"""Completions: what may be meant by the first letters of a query."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from yunqi.commerce.search.engine.words import plain
from yunqi.commerce.search.model import Suggestion

_SCANNED = 20_000
_SHORT = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A text that can be suggested, and how much it is wanted."""

    suggestion: Suggestion
    weight: float


class Completions:
    """Texts by the beginnings of each of their words; answers for the shortest prefixes are kept."""

    def __init__(self, entries: Iterable[Entry], *, limit: int) -> None:
        self._limit = limit
        rows: list[tuple[str, float, Suggestion]] = []
        for entry in entries:
            text = plain(entry.suggestion.text)
            parts = text.split()
            # A match at the beginning of the text is worth more than one inside of it.
            rows += [
                (" ".join(parts[i:]), entry.weight * (1.0 if i == 0 else 0.5), entry.suggestion)
                for i in range(min(len(parts), 8))
            ]
        rows.sort(key=lambda row: row[0])
        self._keys = [row[0] for row in rows]
        self._rows = rows
        self._short: dict[str, list[Suggestion]] = {}
        for length in range(1, _SHORT + 1):
            for prefix in {key[:length] for key in self._keys if len(key) >= length}:
                self._short[prefix] = self._scan(prefix)

    def find(self, typed: str) -> list[Suggestion]:
        """Return the best completions of what was typed."""
        prefix = plain(typed)
        if not prefix:
            return []
        if len(prefix) <= _SHORT:
            return self._short.get(prefix, [])
        found = self._scan(prefix)
        *others, last = prefix.split()
        if found or not others:
            return found
        return self._scan(last, others)

    def _scan(self, prefix: str, others: Iterable[str] = ()) -> list[Suggestion]:
        low = bisect_left(self._keys, prefix)
        high = bisect_left(self._keys, prefix + "\uffff", low)
        best: dict[tuple[str, str], tuple[float, Suggestion]] = {}
        for _, weight, suggestion in self._rows[low : min(high, low + _SCANNED)]:
            text = plain(suggestion.text) if others else ""
            if all(word in text for word in others):
                key = (suggestion.kind, suggestion.text)
                if key not in best or best[key][0] < weight:
                    best[key] = (weight, suggestion)
        ranked = sorted(best.values(), key=lambda pair: (-pair[0], pair[1].text))
        return [suggestion for _, suggestion in ranked[: self._limit]]
