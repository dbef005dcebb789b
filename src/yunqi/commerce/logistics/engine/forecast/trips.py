"""Trips from a table."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from yunqi.commerce.logistics.engine.forecast.arrow import read_table
from yunqi.commerce.logistics.engine.tables import column_names, decimal_sign, pointed
from yunqi.commerce.logistics.model.eta import Trips
from yunqi.kernel.errors import Invalid

LONGEST = 366 * 24 * 60
"""Minutes; a longer trip is taken for other units."""
MOST_KINDS = 5_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_trips(text: str, *, like: Trips | None = None) -> Trips:
    """Read CSV with the columns ``started`` (ISO 8601 with offset) and ``minutes``; other columns were known at the start.

    A column of numbers is a quantity, any other one a class; ``id`` only names rows. ``planned_min``, where it is there, is
    what the plan says: the model then learns how trips differ from it.

    Parameters
    ----------
    like
        The history that a table of trips under way belongs to: its columns are wanted, and ``minutes`` is not.

    Raises
    ------
    Invalid
        Names the line and the column that is wrong.
    """
    table = _table(text, needed=("started", "minutes") if like is None else ("started",))
    columns = {name: table[name].to_pylist() for name in table.column_names}
    if decimal_sign(text) == ",":
        columns |= _pointed(columns)
    if "id" in columns:
        _once(columns["id"])
    started, hours = _starts(columns["started"])
    minutes = _minutes(columns["minutes"]) if like is None else np.full(table.num_rows, np.nan)
    others = [name for name in table.column_names if name not in ("id", "started", "minutes")]
    if like is None:
        numeric = [name for name in others if _is_numeric(columns[name])]
        kinds = [name for name in others if name not in numeric]
        levels = [tuple(sorted({value.strip() for value in columns[name] if value.strip()})) for name in kinds]
    else:
        numeric, kinds, levels = list(like.number_names), list(like.kind_names), list(like.levels)
        if missing := [name for name in (*numeric, *kinds) if name not in columns]:
            raise Invalid(f"the trips under way lack the column {missing[0]}, which the history has", missing[0])
    for name, found in zip(kinds, levels, strict=True):
        if len(found) > MOST_KINDS:
            raise Invalid(
                f"column {name} has {len(found)} different values, too many for classes; name it id or leave it out",
                name,
            )
    numbers = [_numbers(columns[name], name) for name in numeric]
    coded = [_coded(columns[name], found) for name, found in zip(kinds, levels, strict=True)]
    rows = table.num_rows
    return Trips(
        started, minutes, tuple(numeric), np.column_stack(numbers) if numbers else np.zeros((rows, 0)), tuple(kinds),
        np.column_stack(coded) if coded else np.zeros((rows, 0), np.int64), tuple(levels), hours,
    )  # fmt: skip


def _table(text: str, *, needed: tuple[str, ...]) -> pa.Table:
    names = column_names(text, ("id", "started", "minutes", "planned_min"))
    table = read_table(text, names, dict.fromkeys(names, pa.string()), what="the table of trips", empty_is_text=True)
    for name in needed:
        if name not in table.column_names:
            raise Invalid(f"the table of trips lacks the column {name}", name)
    if not table.num_rows:
        raise Invalid("the table of trips has no rows", "file")
    return table


def _pointed(columns: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the columns of numbers with decimal points."""
    found = {name: [pointed(value.strip()) for value in values] for name, values in columns.items()}
    return {name: values for name, values in found.items() if name == "minutes" or _is_numeric(values)}


def _once(names: list[str]) -> None:
    seen: dict[str, int] = {}
    for line, name in enumerate(names, 2):
        if name in seen:
            raise Invalid(f"line {line}: id {name} stands in line {seen[name]} already", "id")
        seen[name] = line


def _starts(values: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return UTC minutes, and local hours with weekdays."""
    started, hours = np.zeros(len(values), np.int64), np.zeros((len(values), 2))
    for row, value in enumerate(values):
        try:
            at = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise Invalid(
                f"line {row + 2}: started {value!r} is no time as 2026-11-25T10:00+08:00", "started"
            ) from error
        if at.tzinfo is None:
            raise Invalid(f"line {row + 2}: started {value!r} needs its offset, as +08:00 or Z", "started")
        started[row] = (at - EPOCH) // timedelta(minutes=1)
        hours[row] = at.hour + at.minute / 60, at.weekday()
    return started, hours


def _minutes(values: list[str]) -> np.ndarray:
    found = np.zeros(len(values))
    for row, value in enumerate(values):
        try:
            found[row] = float(value)
        except ValueError as error:
            raise Invalid(f"line {row + 2}: minutes {value!r} is no number", "minutes") from error
        if not 0 < found[row] <= LONGEST:
            raise Invalid(
                f"line {row + 2}: minutes must be above 0 and at most a year, not {value}; check the units", "minutes"
            )
    return found


def _is_numeric(values: list[str]) -> bool:
    """Whether the first thousand values that are there are numbers."""
    some = [value for value in values if value.strip()][:1000]
    try:
        _ = [float(value) for value in some]
    except ValueError:
        return False
    return bool(some)


def _numbers(values: list[str], name: str) -> np.ndarray:
    found = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if not value.strip():
            continue
        try:
            found[row] = float(value)
        except ValueError as error:
            raise Invalid(f"line {row + 2}: {name} {value!r} is no number, as the others are", name) from error
        if not np.isfinite(found[row]) or (name == "planned_min" and found[row] <= 0):
            raise Invalid(f"line {row + 2}: {name} can't be {value}", name)
    return found


def _coded(values: list[str], levels: tuple[str, ...]) -> np.ndarray:
    at = {value: k for k, value in enumerate(levels)}
    return np.array([at.get(value.strip(), -1) for value in values], np.int64)
