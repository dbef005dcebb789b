"""Guesses of what comes next by what followed the same words before (prompt lookup, Saxena 2023)."""

from collections.abc import Sequence

SPAN = 3
"""Tokens that must agree."""
WIDEST = 12


class Echo:
    """Guesses for one sequence; the better they were, the longer they are."""

    def __init__(self) -> None:
        self._after: dict[tuple[int, ...], int] = {}
        self._read = SPAN
        self._width = 4

    def guess(self, tokens: Sequence[int], most: int) -> list[int]:
        """Return what followed the last occurrence of the last tokens; at most so many, often none.

        Parameters
        ----------
        tokens
            The sequence, which only grows from call to call.
        """
        for end in range(self._read, len(tokens)):  # all but the last place: that is what is looked for
            self._after[tuple(tokens[end - SPAN : end])] = end
        self._read = max(self._read, len(tokens))
        place = self._after.get(tuple(tokens[-SPAN:])) if len(tokens) > SPAN else None
        return [] if place is None else list(tokens[place : place + min(most, self._width)])

    def heard(self, guessed: int, right: int) -> None:
        """Learn how many of the guessed tokens were right."""
        if right == guessed:
            self._width = min(WIDEST, 2 * self._width)
        elif right * 2 < guessed:
            self._width = max(1, self._width // 2)
