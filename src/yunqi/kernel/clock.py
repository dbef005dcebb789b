"""Time as the house keeps it: aware UTC outside, microseconds since 1970 in the database."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def to_micros(at: datetime) -> int:
    """Turn an aware datetime into UTC microseconds."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Turn UTC microseconds into an aware datetime."""
    return _EPOCH + timedelta(microseconds=micros)


def iso(at: datetime) -> str:
    """Return an aware time as the house writes it in JSON: ISO 8601 in UTC, ending in Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
