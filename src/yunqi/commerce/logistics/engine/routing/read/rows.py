"""Checks that every reader needs; each message names the row."""

import math
from collections.abc import Sequence

from yunqi.commerce.logistics.model import BadProblem, Window


def number(word: str, name: str, line: int, what: str) -> float:
    """Return a finite number."""
    try:
        value = float(word)
    except ValueError as error:
        raise BadProblem(f"{name}, line {line}: {what} is {word!r}, which is no number.") from error
    if not math.isfinite(value):
        raise BadProblem(f"{name}, line {line}: {what} is {word}; give a finite number.")
    if abs(value) > 1e9:
        raise BadProblem(f"{name}, line {line}: {what} is {word}, beyond 1e9; use a larger unit.")
    return value


def integer(word: str, name: str, line: int, what: str) -> int:
    """Return a whole number."""
    value = number(word, name, line, what)
    if value != int(value):
        raise BadProblem(f"{name}, line {line}: {what} is {word}; it has to be a whole number.")
    return int(value)


def unique(ids: Sequence[str], name: str, lines: Sequence[int]) -> None:
    """Raise when an id stands twice."""
    seen: dict[str, int] = {}
    for key, line in zip(ids, lines, strict=True):
        if key in seen:
            raise BadProblem(f"{name}, line {line}: id {key} stands in line {seen[key]} already.")
        seen[key] = line


def check_windows(windows: Sequence[Window], name: str, where: str) -> None:
    """Raise when a window ends before it begins."""
    for opens, closes in windows:
        if closes < opens:
            raise BadProblem(f"{name}, {where}: the window [{opens}, {closes}] ends before it begins.")
