"""Events as a table: one row an item; rows of one event stand together and share its message id."""

from collections.abc import Iterable, Iterator
from typing import Any

from yunqi.commerce.activity.model import EventRefused
from yunqi.commerce.catalog import FeedRefused, Row, RowError, nearest

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


def check_columns(names: Iterable[str]) -> list[RowError]:
    """Return a warning for each unknown column; raises `FeedRefused` when a required one is missing."""
    given = list(names)
    if "properties" in given:
        return []
    for required in ("message_id", "event", "timestamp"):
        if required not in given:
            raise FeedRefused(f"The file has no column {required!r}; it has: {', '.join(given)[:300]}.")
    return [
        RowError(1, name, f"The column {name!r} is not known and was left out.{nearest(name, COLUMNS)}", warning=True)
        for name in given
        if name not in COLUMNS
    ]


def group_flat(rows: Iterable[Row | RowError]) -> Iterator[list[Row] | RowError]:
    """Yield the rows of one event after another."""
    group: list[Row] = []
    for row in rows:
        if isinstance(row, RowError):
            yield row
            continue
        message_id = row.values.get("message_id")
        if group and (message_id is None or message_id != group[0].values.get("message_id")):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def from_flat(rows: list[Row]) -> dict[str, Any]:
    """Return the envelope of an event whose rows these are, or raise `EventRefused`."""
    first = rows[0].values
    if "properties" in first:
        return {_NESTED.get(key, key): value for key, value in first.items() if value is not None}
    envelope = {name: str(first[column]) for column, name in ENVELOPE.items() if _has(first, column)}
    properties = {column: _typed(first, column, kind) for column, kind in PROPERTIES.items() if _has(first, column)}
    items = [
        {column: _typed(row.values, column, kind) for column, kind in ITEM.items() if _has(row.values, column)}
        for row in rows
        if _has(row.values, "item_id")
    ]
    return {**envelope, "properties": {**properties, "items": items}}


def _has(values: dict[str, Any], column: str) -> bool:
    return values.get(column) not in (None, "")


def _typed(values: dict[str, Any], column: str, kind: type) -> Any:
    value = values[column]
    try:
        return kind(value) if not isinstance(value, float) or kind is not str else str(int(value))
    except (TypeError, ValueError, OverflowError):
        raise EventRefused(f"{column} {str(value)[:60]!r} is not {_WORDS[kind]}.", column) from None


_WORDS = {int: "a whole number", float: "a number", str: "a text"}
