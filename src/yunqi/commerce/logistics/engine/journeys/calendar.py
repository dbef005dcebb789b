"""Timetables and opening hours as minutes in UTC, from local times and their zones."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.journeys.chances import NEVER
from yunqi.commerce.logistics.model.journeys import Hours, Service

Minutes = npt.NDArray[np.int64]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def minute(at: datetime) -> int:
    """Return an aware time as minutes since 1970, a begun one counted whole."""
    return -((_EPOCH - at) // timedelta(minutes=1))


def moment(at: int, zone: ZoneInfo) -> datetime:
    """Return minutes since 1970 as local time."""
    return (_EPOCH + timedelta(minutes=at)).astimezone(zone)


def utc(day: date, at: time, zone: ZoneInfo) -> int:
    """Return a local time as minutes; one that a change of the clock leaves out is as much later, a double one the first."""
    return minute(datetime.combine(day, at, zone).astimezone(UTC))


def departures(
    service: Service, zone: ZoneInfo, *, first: int, days: int, weight_g: int, cancelled: frozenset[date] | None
) -> Minutes:
    """Return the departures that can take the weight, in order.

    Parameters
    ----------
    cancelled
        Days whose departures don't run; None when the whole service doesn't.
    """
    if cancelled is None:
        return np.zeros(0, np.int64)
    booked = dict(service.booked)
    begin = moment(first, zone).date()
    found = []
    for day, at in _listed(service, begin, days):
        free = None if service.capacity_g is None else service.capacity_g - booked.get(day, 0)
        if day not in service.closed and day not in cancelled and (free is None or free >= weight_g):
            found.append(utc(day, at, zone))
    return np.unique(np.array(found, np.int64))


def _listed(service: Service, begin: date, days: int) -> Iterator[tuple[date, time]]:
    for ahead in range(days + 1):
        day = begin + timedelta(days=ahead)
        if (service.since is None or day >= service.since) and (service.until is None or day <= service.until):
            yield from ((day, at) for weekday, at in service.departures if weekday == day.weekday())
    last = begin + timedelta(days=days)
    yield from ((day, at) for day, at in service.dates if begin <= day <= last)


def catching(times: Minutes, cutoff: int) -> Callable[[Minutes], Minutes]:
    """Return what turns times of being ready into the first departures whose cut-off is not past."""
    listed = np.append(times, NEVER)

    def catch(ready: Minutes) -> Minutes:
        return np.asarray(listed[np.searchsorted(times - cutoff, ready, side="left")])

    return catch


def opening(hours: Hours | None, zone: ZoneInfo) -> Callable[[Minutes], Minutes]:
    """Return what turns times into the first open ones."""
    if hours is None:
        return lambda at: at
    return lambda at: np.array([_open(hours, zone, int(one)) for one in at], np.int64)


def _open(hours: Hours, zone: ZoneInfo, at: int) -> int:
    begin = moment(at, zone).date()
    for ahead in range(-1, 400):
        day = begin + timedelta(days=ahead)
        if day.weekday() not in hours.days or day in hours.closed:
            continue
        opens = utc(day, hours.opens, zone)
        # Closing at midnight or before the opening means on the next day.
        after = day if hours.closes > hours.opens else day + timedelta(days=1)
        if at < utc(after, hours.closes, zone):
            return max(at, opens)
    return NEVER
