"""Is this an event that the shop can take? And if so: who, what, when, in one canonical form."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from yunqi.commerce.activity.engine.flat import hint
from yunqi.commerce.activity.model import NAMES, WITH_ITEMS, EventRefused, Properties, SegmentEvent

LONGEST_ID = 190
_PATH = re.compile(r" - at `\$\.?([^`]*)`")

_decoder = msgspec.json.Decoder(SegmentEvent)
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Checked:
    """An event in the form in which it is kept; an ``identify`` call has the name ``identify`` and no payload."""

    name: str
    message_id: str
    at: datetime
    visitor: str | None
    user: str | None
    payload: bytes


class Checker:
    """Checks events against the contract.

    Parameters
    ----------
    now
        What time it is; also the time of an event without a timestamp, if ``needs_time`` is false.
    latest, oldest
        Bounds of a timestamp.
    max_items, max_bytes
        Bounds of one event.
    """

    def __init__(
        self, now: datetime, *, latest: datetime, oldest: datetime, max_items: int, max_bytes: int, needs_time: bool
    ) -> None:
        self._now = now
        self._latest = latest
        self._oldest = oldest
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._needs_time = needs_time

    def decode(self, text: str | bytes) -> Checked:
        """Return the event that a JSON text holds, or raise `EventRefused`."""
        if len(text) > self._max_bytes:
            raise EventRefused(f"The event is larger than {self._max_bytes:,} bytes.")
        try:
            event = _decoder.decode(text)
        except msgspec.ValidationError as error:
            raise _explained(error) from None
        except (msgspec.DecodeError, RecursionError) as error:
            raise EventRefused(f"The line is not a JSON object: {error}.") from None
        return self._check(event)

    def convert(self, values: Any) -> Checked:
        """Return the event that plain Python values hold, or raise `EventRefused`."""
        try:
            event = msgspec.convert(values, SegmentEvent)
        except msgspec.ValidationError as error:
            raise _explained(error) from None
        return self._check(event)

    def check(self, event: SegmentEvent) -> Checked:
        """Return an event that was made in Python in the form in which it is kept, or raise `EventRefused`."""
        return self.convert(msgspec.to_builtins(event))

    def _check(self, event: SegmentEvent) -> Checked:
        """Check what the types cannot say; they were checked when the event was decoded."""
        name = event.event
        if event.type == "identify":
            name = "identify"
        elif event.type != "track":
            raise EventRefused(f"Calls of type {event.type[:40]!r} are not kept; send track or identify.", "type")
        elif name not in NAMES:
            near = hint(name, sorted(NAMES)) or f" Known: {', '.join(sorted(NAMES))}."
            raise EventRefused(f"{name[:60]!r} is not a GA4 e-commerce event.{near}", "event")
        _check_id(event.messageId, "messageId", name)
        visitor, user = event.anonymousId or None, event.userId or None
        _check_who(name, visitor, user)
        at = self._time(event, name)
        if name == "identify":
            return Checked(name, event.messageId, at, visitor, user, b"{}")
        self._check_properties(name, event.properties)
        return Checked(name, event.messageId, at, visitor, user, self._payload(name, event))

    def _time(self, event: SegmentEvent, name: str) -> datetime:
        if event.timestamp is None:
            if self._needs_time:
                raise EventRefused(f"{name}: timestamp is missing.", "timestamp")
            return self._now
        try:
            at = datetime.fromisoformat(event.timestamp)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError):
            shown = event.timestamp[:40]
            raise EventRefused(
                f"{name}: timestamp {shown!r} is not ISO 8601, as 2026-01-31T12:00:00Z.", "timestamp"
            ) from None
        if at > self._latest:
            raise EventRefused(f"{name}: timestamp {event.timestamp[:40]} is in the future.", "timestamp")
        if at < self._oldest:
            raise EventRefused(f"{name}: timestamp {event.timestamp[:40]} is too old to be true.", "timestamp")
        return at

    def _check_properties(self, name: str, properties: Properties) -> None:
        items = properties.items
        if not items and name in WITH_ITEMS and not (name == "refund" and properties.transaction_id):
            raise EventRefused(f"{name}: properties.items is empty; name at least one product.", "properties.items")
        if len(items) > self._max_items:
            raise EventRefused(f"{name}: more than {self._max_items} items.", "properties.items")
        if name == "search" and not properties.search_term:
            raise EventRefused("search: properties.search_term is missing.", "properties.search_term")

    def _payload(self, name: str, event: SegmentEvent) -> bytes:
        properties, context = event.properties, event.context
        if context or event.anonymousId or properties.context or properties.anonymous_id:
            kept = {key: value for key, value in context.items() if key != "ip"}
            properties = msgspec.structs.replace(properties, context=kept, anonymous_id=event.anonymousId or None)
        payload = _encoder.encode(properties)
        if len(payload) > self._max_bytes:
            raise EventRefused(f"{name}: the event is larger than {self._max_bytes:,} bytes.")
        return payload


def _check_id(text: str, field: str, name: str) -> None:
    if not text or len(text) > LONGEST_ID or not text.isprintable():
        raise EventRefused(f"{name}: {field} must have 1 to {LONGEST_ID} printable characters.", field)


def _check_who(name: str, visitor: str | None, user: str | None) -> None:
    if visitor is not None:
        _check_id(visitor, "anonymousId", name)
    if user is not None:
        _check_id(user, "userId", name)
    if name == "identify" and (visitor is None or user is None):
        raise EventRefused("identify: needs both userId and anonymousId.", "userId")
    if visitor is None and user is None:
        raise EventRefused(f"{name}: userId or anonymousId is missing.", "userId")


def _explained(error: msgspec.ValidationError) -> EventRefused:
    text = str(error)
    found = _PATH.search(text)
    field = found.group(1) if found else ""
    what = _PATH.sub("", text).replace("`", "")
    return EventRefused(f"{field or 'event'}: {what}.", field or None)
