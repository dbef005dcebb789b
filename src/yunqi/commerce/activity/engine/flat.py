"""Events as a table: one row an item; rows of one event stand together and share its message id."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from yunqi.commerce.activity.model import EventRefused

ENVELOPE = {"message_id": "messageId", "event": "event", "timestamp": "timestamp", "type": "type"}
ENVELOPE |= {"user_id": "userId", "anonymous_id": "anonymousId"}
PROPERTIES = {
    **dict.fromkeys(("currency", "transaction_id", "search_term", "promotion_id", "promotion_name"), str),
    **dict.fromkeys(("attribution_token", "item_list_id"), str),
    "value": float,
}
ITEM = {"item_id": str, "quantity": int, "price": float, "discount": float, "coupon": str, "index": int}
COLUMNS = (*ENVELOPE, *PROPERTIES, *ITEM)

_NESTED = {"messageid": "messageId", "userid": "userId", "anonymousid": "anonymousId"}


def unknown_columns(names: Iterable[str]) -> dict[str, str]:
    """Return what to say about each unknown column; raises `EventRefused` when a required one is missing."""
    given = list(names)
    if "properties" in given:
        return {}
    for required in ("message_id", "event", "timestamp"):
        if required not in given:
            raise EventRefused(f"The file has no column {required!r}; it has: {', '.join(given)[:300]}.", required)
    unknown = [name for name in given if name not in COLUMNS]
    return {name: f"The column {name!r} is not known and was left out.{hint(name, COLUMNS)}" for name in unknown}


def from_flat(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the envelope of an event whose rows these are, or raise `EventRefused`."""
    first = rows[0]
    if "properties" in first:
        return {_NESTED.get(key, key): value for key, value in first.items() if value is not None}
    envelope = {name: str(first[column]) for column, name in ENVELOPE.items() if _has(first, column)}
    properties = {column: _typed(first, column, kind) for column, kind in PROPERTIES.items() if _has(first, column)}
    items = [
        {column: _typed(row, column, kind) for column, kind in ITEM.items() if _has(row, column)}
        for row in rows
        if _has(row, "item_id")
    ]
    return {**envelope, "properties": {**properties, "items": items}}


def hint(name: str, known: Sequence[str]) -> str:
    """Return the nearest known name as a question, or nothing."""
    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


def _has(values: Mapping[str, Any], column: str) -> bool:
    return values.get(column) not in (None, "")


def _typed(values: Mapping[str, Any], column: str, kind: type) -> Any:
    value = values[column]
    try:
        return kind(value) if not isinstance(value, float) or kind is not str else str(int(value))
    except (TypeError, ValueError, OverflowError):
        raise EventRefused(f"{column} {str(value)[:60]!r} is not {_WORDS[kind]}.", column) from None


_WORDS = {int: "a whole number", float: "a number", str: "a text"}
