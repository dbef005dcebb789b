"""A network from JSON: times local, lengths in minutes, amounts in minor units, weights in grams."""

from collections.abc import Callable
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from yunqi.commerce.catalog import Money
from yunqi.commerce.logistics.engine.keys import known
from yunqi.commerce.logistics.model.journeys import Clearance, Hours, Network, Outcomes, Place, Service
from yunqi.kernel.errors import Invalid

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST = 366 * 24 * 60
MOST_OUTCOMES = 40
PLACE = {"id", "zone", "territory", "handling_min", "hours"}
SERVICE = {
    "id", "from", "to", "mode", "departures", "dates", "cutoff_min", "transit_min", "cost", "cost_per_kg", "capacity_g",
    "booked_g", "since", "until", "closed",
}  # fmt: skip
CLEARANCE = {"place", "side", "minutes", "inspection", "cost", "hours"}


def read_network(document: Any) -> Network:
    """Read a network.

    Raises
    ------
    Invalid
        Names the field that is wrong, as ``services[2].transit_min``.
    """
    known(document, {"currency", "places", "services", "clearances"}, "network")
    currency = document.get("currency")
    if not isinstance(currency, str):
        raise Invalid("network.currency is missing; give an ISO 4217 code", "currency")
    Money(0, currency)
    return Network(
        currency,
        tuple(_each(document, "places", _place)),
        tuple(_each(document, "services", _service)),
        tuple(_each(document, "clearances", _clearance, missing=True)),
    )


def _each(document: dict[str, Any], name: str, read: Callable[[Any, str], Any], *, missing: bool = False) -> list[Any]:
    rows = document.get(name, [] if missing else None)
    if not isinstance(rows, list) or not (rows or missing):
        raise Invalid(f"network.{name} must be a list that is not empty", name)
    return [read(row, f"{name}[{k}]") for k, row in enumerate(rows, 1)]


def _place(row: Any, where: str) -> Place:
    known(row, PLACE, where)
    try:
        zone = ZoneInfo(_text(row, "zone", where))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(f"{where}.zone {row.get('zone')!r} is no time zone, as Asia/Shanghai", "zone") from error
    territory = _text(row, "territory", where)
    return Place(_text(row, "id", where), zone, territory, _whole(row, "handling_min", where, 0), _hours(row, where))


def _service(row: Any, where: str) -> Service:
    known(row, SERVICE, where)
    weekly = [(day, _time(one.get("at"), where)) for one in _rows(row, "departures", where, {"days", "at"})
              for day in _weekdays(one, where)]  # fmt: skip
    dates = [_stamp(one, f"{where}.dates") for one in _listed(row, "dates", where)]
    if not weekly and not dates:
        raise Invalid(f"{where} has neither departures nor dates", f"{where}.departures")
    booked = row.get("booked_g", {})
    if not isinstance(booked, dict):
        raise Invalid(f"{where}.booked_g must be an object of days and grams", f"{where}.booked_g")
    taken = tuple((_day(day, f"{where}.booked_g"), _whole(booked, day, f"{where}.booked_g")) for day in booked)
    return Service(
        _text(row, "id", where), _text(row, "from", where), _text(row, "to", where), _text(row, "mode", where),
        tuple(weekly), tuple(dates), _whole(row, "cutoff_min", where, 0),
        _outcomes(row.get("transit_min"), f"{where}.transit_min"),
        _whole(row, "cost", where, 0), _whole(row, "cost_per_kg", where, 0),
        None if row.get("capacity_g") is None else _whole(row, "capacity_g", where), taken,
        _maybe_day(row, "since", where), _maybe_day(row, "until", where), _days(row, "closed", where),
    )  # fmt: skip


def _clearance(row: Any, where: str) -> Clearance:
    known(row, CLEARANCE, where)
    side = row.get("side")
    if side not in ("import", "export"):
        raise Invalid(f"{where}.side must be import or export, not {side!r}", f"{where}.side")
    base = _outcomes(row.get("minutes"), f"{where}.minutes")
    inspection = row.get("inspection")
    takes = base
    if inspection is not None:
        known(inspection, {"probability", "minutes"}, f"{where}.inspection")
        chance = _chance(inspection.get("probability"), f"{where}.inspection.probability")
        more = _outcomes(inspection.get("minutes"), f"{where}.inspection.minutes")
        looked = [(chance * a * b, m + n) for a, m in base for b, n in more]
        takes = _summed([*((share * (1 - chance), minutes) for share, minutes in base), *looked])
    cost = _whole(row, "cost", where, 0)
    return Clearance(_text(row, "place", where), side == "import", takes, cost, _hours(row, where))


def _outcomes(value: Any, where: str) -> Outcomes:
    """Read minutes: one number, a list of observed ones (each as likely), or pairs [chance, minutes] that add up to 1."""
    listed = value if isinstance(value, list) else [value]
    pairs = [one if isinstance(one, list) else None for one in listed]
    if not listed or any(pair is not None and len(pair) != 2 for pair in pairs) or (any(pairs) and not all(pairs)):
        raise Invalid(f"{where} must be minutes, a list of minutes, or pairs of a chance and minutes", where)
    if not any(pairs):
        found = [(1 / len(listed), _minutes(one, where)) for one in listed]
    else:
        found = [(_chance(pair[0], where), _minutes(pair[1], where)) for pair in pairs if pair is not None]
        if abs(sum(share for share, _ in found) - 1) > 1e-6:
            raise Invalid(f"{where}: the chances add up to {sum(share for share, _ in found):g}, not to 1", where)
    summed = _summed(found)
    if len(summed) > MOST_OUTCOMES:
        raise Invalid(f"{where} has more than {MOST_OUTCOMES} different lengths; round them", where)
    return summed


def _summed(pairs: list[tuple[float, int]]) -> Outcomes:
    found: dict[int, float] = {}
    for share, minutes in pairs:
        found[minutes] = found.get(minutes, 0.0) + share
    whole = sum(found.values())
    return tuple((found[minutes] / whole, minutes) for minutes in sorted(found) if found[minutes] > 0)


def _minutes(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST:
        raise Invalid(f"{where} must be whole minutes from 0 to a year, not {value!r}", where)
    return value


def _chance(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise Invalid(f"{where}: {value!r} is no chance from 0 to 1", where)
    return float(value)


def _hours(row: dict[str, Any], where: str) -> Hours | None:
    hours = row.get("hours")
    if hours is None:
        return None
    known(hours, {"days", "from", "to", "closed"}, f"{where}.hours")
    days = frozenset(_weekdays(hours, f"{where}.hours"))
    opens, closes = _time(hours.get("from"), where), _time(hours.get("to"), where)
    return Hours(days, opens, closes, _days(hours, "closed", f"{where}.hours"))


def _weekdays(row: dict[str, Any], where: str) -> list[int]:
    days = row.get("days", list(WEEKDAYS))
    if not isinstance(days, list) or not days or any(day not in WEEKDAYS for day in days):
        raise Invalid(f"{where}.days must be a list of {', '.join(WEEKDAYS)}", f"{where}.days")
    return [WEEKDAYS.index(day) for day in days]


def _rows(row: dict[str, Any], name: str, where: str, keys: set[str]) -> list[dict[str, Any]]:
    rows = row.get(name, [])
    if not isinstance(rows, list):
        raise Invalid(f"{where}.{name} must be a list", f"{where}.{name}")
    for one in rows:
        known(one, keys, f"{where}.{name}")
    return rows


def _stamp(value: Any, where: str) -> tuple[date, time]:
    day, _, at = str(value).partition("T")
    return _day(day, where), _time(at, where)


def _days(row: dict[str, Any], name: str, where: str) -> frozenset[date]:
    return frozenset(_day(one, f"{where}.{name}") for one in _listed(row, name, where))


def _listed(row: dict[str, Any], name: str, where: str) -> list[Any]:
    found = row.get(name, [])
    if not isinstance(found, list):
        raise Invalid(f"{where}.{name} must be a list", f"{where}.{name}")
    return found


def _maybe_day(row: dict[str, Any], name: str, where: str) -> date | None:
    return None if row.get(name) is None else _day(row[name], f"{where}.{name}")


def _day(value: Any, where: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise Invalid(f"{where}: {value!r} is no day as 2026-11-25", where) from error


def _time(value: Any, where: str) -> time:
    try:
        found = time.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise Invalid(f"{where}: {value!r} is no local time as 18:30", where) from error
    if found.tzinfo is not None:
        raise Invalid(f"{where}: {value!r} must be local, without a zone", where)
    return found


def _text(row: dict[str, Any], name: str, where: str) -> str:
    found = row.get(name)
    if not isinstance(found, str) or not found.strip():
        raise Invalid(f"{where}.{name} is missing", f"{where}.{name}")
    return found.strip()


def _whole(row: dict[str, Any], name: str, where: str, otherwise: int | None = None) -> int:
    found = row.get(name, otherwise)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= 10**12:
        raise Invalid(f"{where}.{name} must be a whole number that is not negative, not {found!r}", f"{where}.{name}")
    return found
