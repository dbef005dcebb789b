"""The places of a JSON problem and the way between them: a matrix, coordinates, or a labelled estimate."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.model import BadProblem, Problem, Rounding, Travel

CIRCUITY = 1.4
"""Roads are longer than the great circle; the median on a real network was 1.49, so this is an estimate and says so."""
METRES_PER_SECOND = 8.0
FAR_AWAY = 500_000.0
"""Metres from the middle of all locations beyond which one of them is looked at."""
LARGEST_TABLE = 12_000
PARTS = ("locations", "matrix", "travel")


Measure = Callable[[npt.NDArray[np.float64], list[str]], tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], str]]
"""Takes degrees, shape (n, 2), and names; returns seconds and metres, shape (n, n), and their source."""


class Places:
    """Places by id, by index or inline.

    Parameters
    ----------
    measure
        What knows the roads; None for the labelled estimate.
    """

    def __init__(self, top: Fields, name: str, measure: Measure | None = None) -> None:
        self._measure = measure
        self.repairs: list[str] = []
        self._name = name
        self._ids: dict[str, int] = {}
        self._points: list[tuple[float, float]] = []
        self._known = 0
        self._factors: list[float] = []
        self._flat: bool | None = None
        travel = Fields(top.raw("travel", {}), f"{name}.travel", {"speed_m_s", "circuity", "margin_percent", "profile"})
        self._speed = travel.number("speed_m_s", METRES_PER_SECOND, low=0.001)
        self._circuity = travel.number("circuity", CIRCUITY, low=1.0)
        self._margin = travel.number("margin_percent", 0.0)
        self._profile = _profile(travel)
        self._tables = _tables(top, name, self.repairs)
        for k, one in enumerate(top.items("locations")):
            self._add(one, f"locations[{k}]")
        if self._tables is not None and self._points and len(self._points) != len(self._tables[0]):
            raise BadProblem(f"{name}: {len(self._points)} locations, but the matrix has {len(self._tables[0])} rows.")

    @classmethod
    def of_problem(cls, problem: Problem) -> "Places":
        """Return the places of a problem that was read before, by index or by the ids it kept; see `grown`."""
        places = cls(Fields({}, problem.name, set(PARTS)), problem.name)
        travel = problem.travel
        places._known = travel.places
        places._ids = dict(problem.labels)
        if travel.xy is None and travel.estimate is None:
            places._tables = (np.zeros((travel.places, 0), np.int32), np.zeros((travel.places, 0), np.int32))
        places._flat = travel.estimate[0] if travel.estimate is not None else True
        return places

    def grown(self, travel: Travel) -> Travel:
        """Return the distances and times of a problem with the places that were named since `of_problem`."""
        for point in self._points:
            travel = with_place(travel, point)
        return travel

    def speed(self, factor: float) -> int:
        """Return the number of the matrices of vehicles that are faster by a factor (`Vehicle.travels`)."""
        if factor == 1.0:
            return 0
        if factor not in self._factors:
            self._factors.append(factor)
        return self._factors.index(factor) + 1

    def labels(self) -> dict[str, int]:
        """Return the places by id."""
        return dict(self._ids)

    def index(self, fields: Fields, key: str) -> int:
        """Return the place that a field names."""
        if not fields.has(key):
            raise fields.wrong(key, None, "the id or index of a location, or its coordinates")
        return self.of(fields.raw(key), f"{fields.path}.{key}")

    def of(self, value: Any, path: str) -> int:
        """Return the place that a value names: an id, an index, or coordinates."""
        if isinstance(value, dict):
            if self._tables is not None:
                raise BadProblem(
                    f"{path}: with a matrix a place is named by its id or number, not by coordinates.", param=path
                )
            return self._add(value, path)
        if isinstance(value, str) and value in self._ids:
            return self._ids[value]
        size = len(self._tables[0]) if self._tables is not None else self._known + len(self._points)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < size:
            return value
        raise BadProblem(f"{path} is {value!r}, which is no location of {self._name} (there are {size}).", param=path)

    def _add(self, value: Any, path: str) -> int:
        f = Fields(value, path, {"id", "lat", "lon", "x", "y"})
        flat = f.has("x") or f.has("y")
        if self._flat is not None and flat != self._flat:
            raise BadProblem(f"{path}: some locations have x and y, others lat and lon; use one kind.", param=path)
        self._flat = flat
        if flat:
            point = (f.number("x", low=-1e9), f.number("y", low=-1e9))
        else:
            point = (f.number("lat", low=-1e9), f.number("lon", low=-1e9))
            point = self._on_earth(*point, path)
        self._points.append(point)
        at = self._known + len(self._points) - 1
        key = f.text("id", f"#{at + 1}")
        if key in self._ids:
            raise BadProblem(f"{path}: the location {key!r} is there already.", param=path)
        self._ids[key] = at
        return at

    def _on_earth(self, lat: float, lon: float, path: str) -> tuple[float, float]:
        if abs(lat) > 90 and abs(lon) <= 90 and abs(lat) <= 180:
            self.repairs.append(f"{path}: latitude {lat:g} is beyond 90; latitude and longitude were swapped back")
            return lon, lat
        if abs(lat) > 90 or abs(lon) > 180:
            raise BadProblem(
                f"{path}: ({lat:g}, {lon:g}) is not on earth; give degrees (not metres, not millionths).", param=path
            )
        if lat == 0 and lon == 0:
            raise BadProblem(f"{path}: (0, 0) lies in the sea off Africa; the coordinates were lost.", param=path)
        return lat, lon

    def _look_at_outliers(self) -> None:
        """Swap a far point back where that brings it to the others, and say which others lie far away."""
        if self._flat or len(self._points) < 4:
            return
        xy = np.array(self._points, np.float64)
        middle = np.median(xy, axis=0)
        away = great_circle(np.concatenate([[middle], xy]))[0, 1:]
        back = great_circle(np.concatenate([[middle], xy[:, ::-1]]))[0, 1:]
        names = list(self._ids)
        usual = max(FAR_AWAY, 20 * float(np.median(away)))
        for k in np.flatnonzero(away > usual):
            lat, lon = self._points[k]
            if back[k] < usual and abs(lon) <= 90:
                self._points[k] = (lon, lat)
                self.repairs.append(
                    f"location {names[k]}: ({lat:g}, {lon:g}) lies {away[k] / 1000:,.0f} km from the others; "
                    "latitude and longitude were swapped back"
                )
            else:
                self.repairs.append(
                    f"location {names[k]}: ({lat:g}, {lon:g}) lies {away[k] / 1000:,.0f} km from the others; check it"
                )

    def travel(self) -> Travel:
        """Return distances and times between the places named so far."""
        made = self._travel()
        if not self._factors:
            return made
        if made.places > LARGEST_TABLE:
            raise BadProblem(
                f"{self._name}: speed_factor is read for at most {LARGEST_TABLE:,} places.", param="vehicles"
            )
        if made.distances is None:
            far = _straight(made)
            made = dataclasses.replace(made, distances=far, durations=far)
        assert made.distances is not None
        assert made.durations is not None
        more = tuple((made.distances, _faster(made.durations, factor)) for factor in self._factors)
        return dataclasses.replace(made, more=more, speeds=tuple(self._factors))

    def _travel(self) -> Travel:
        self._look_at_outliers()
        if self._measure is not None:
            return self._by_road(self._measure)
        if self._tables is not None:
            far, long = self._tables
            return Travel("matrix given", Rounding.ROUNDED, None, far, self._slower(long), profile=self._profile)
        if len(self._points) > LARGEST_TABLE and not self._flat:
            self._points = _project(self._points, self._circuity)
            self._flat = True
        xy = np.array(self._points, np.float64).reshape(-1, 2)
        plain = self._flat and self._speed == METRES_PER_SECOND and not self._margin and not self._profile
        if plain or len(xy) > LARGEST_TABLE:
            return Travel("coordinates, straight lines, 1 unit = 1 s", Rounding.ROUNDED, xy, profile=self._profile)
        source = "coordinates, straight lines"
        if not self._flat:
            source = f"great circle x {self._circuity:g} at {self._speed:g} m/s (an estimate: no road graph was loaded)"
        estimate = (bool(self._flat), self._circuity, self._speed, self._margin)
        far, long = _estimated(xy, xy, estimate)
        return Travel(source, Rounding.ROUNDED, None, far, long, profile=self._profile, points=xy, estimate=estimate)

    def _by_road(self, measure: Measure) -> Travel:
        if self._tables is not None or self._flat or not 0 < len(self._points) <= LARGEST_TABLE:
            raise BadProblem(
                f"{self._name}: roads need 1 to {LARGEST_TABLE:,} locations with lat and lon, and no matrix.",
                param="roads",
            )
        names = [f"the location {key!r}" for key in self._ids]
        seconds, metres, source = measure(np.array(self._points, np.float64), names)
        long, far = (np.rint(table).astype(np.int32) for table in (seconds, metres))
        return Travel(source, Rounding.ROUNDED, None, far, self._slower(long), profile=self._profile)

    def coordinates(self) -> list[tuple[float, float]]:
        """Return the points, for maps."""
        return list(self._points)

    def _slower(self, table: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        return _with_margin(table, self._margin)


def _with_margin(table: npt.NDArray[np.int32], percent: float) -> npt.NDArray[np.int32]:
    return np.ceil(table * (1 + percent / 100)).astype(np.int32) if percent else table


def _faster(table: npt.NDArray[np.int32], factor: float) -> npt.NDArray[np.int32]:
    return np.ceil(table / factor - 1e-9).astype(np.int32)


def _straight(travel: Travel) -> npt.NDArray[np.int32]:
    """Return the matrix behind plain coordinates."""
    assert travel.xy is not None
    gaps = travel.xy[:, None] - travel.xy[None]
    far: npt.NDArray[np.int32] = np.floor(np.hypot(gaps[..., 0], gaps[..., 1]) + 0.5).astype(np.int32)
    return far


def _estimated(
    a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], estimate: tuple[bool, float, float, float]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the metres and seconds from points to points; shape (a, b)."""
    is_flat, circuity, speed, margin = estimate
    if is_flat:
        metres = np.hypot(a[:, None, 0] - b[None, :, 0], a[:, None, 1] - b[None, :, 1])
    else:
        metres = great_circle(a, b) * circuity
    seconds = np.rint(metres / speed).astype(np.int32)
    return np.rint(metres).astype(np.int32), _with_margin(seconds, margin)


def ways(travel: Travel, point: tuple[float, float]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the metres and seconds between a new point and each place, where distances are estimated.

    Raises
    ------
    BadProblem
        When the problem's matrix was given or measured by road: nothing then tells how far a new point is.
    """
    if travel.xy is not None and travel.rounding is Rounding.ROUNDED:
        far = np.floor(np.hypot(travel.xy[:, 0] - point[0], travel.xy[:, 1] - point[1]) + 0.5).astype(np.int32)
        return far, far
    if travel.points is None or travel.estimate is None:
        raise BadProblem(
            "This problem uses a matrix of its own; name one of its places instead of coordinates.", param="location"
        )
    metres, seconds = _estimated(np.array([point], np.float64), travel.points, travel.estimate)
    return metres[0], seconds[0]


def with_place(travel: Travel, point: tuple[float, float]) -> Travel:
    """Return distances and times with one more place, the last."""
    if travel.xy is not None:
        grown = dataclasses.replace(travel, xy=np.concatenate([travel.xy, [point]]))
        if travel.distances is None:
            return grown
        whole = _straight(grown)
        more = tuple((whole, _faster(whole, one)) for one in travel.speeds)
        return dataclasses.replace(grown, distances=whole, durations=whole, more=more)
    far, long = ways(travel, point)
    assert travel.points is not None
    assert travel.distances is not None
    assert travel.durations is not None
    more = tuple(
        (_bordered(one, far), _bordered(two, _faster(long, factor)))
        for (one, two), factor in zip(travel.more, travel.speeds, strict=True)
    )
    return dataclasses.replace(
        travel, points=np.concatenate([travel.points, [point]]), more=more,
        distances=_bordered(travel.distances, far), durations=_bordered(travel.durations, long),
    )  # fmt: skip


def _bordered(table: npt.NDArray[np.int32], row: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    size = len(table)
    wider = np.zeros((size + 1, size + 1), np.int32)
    wider[:size, :size] = table
    wider[size, :size] = wider[:size, size] = row
    return wider


def great_circle(
    degrees: npt.NDArray[np.float64], others: npt.NDArray[np.float64] | None = None
) -> npt.NDArray[np.float64]:
    """Return the distances in metres between points given as latitude and longitude; shape (n, n), or (n, others)."""
    lat, lon = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    to_lat, to_lon = (lat, lon) if others is None else (np.radians(others[:, 0]), np.radians(others[:, 1]))
    half = np.sin((lat[:, None] - to_lat) / 2) ** 2
    half += np.cos(lat)[:, None] * np.cos(to_lat) * np.sin((lon[:, None] - to_lon) / 2) ** 2
    far: npt.NDArray[np.float64] = 2 * 6_371_008.8 * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return far


def _project(points: list[tuple[float, float]], circuity: float) -> list[tuple[float, float]]:
    lat0 = math.radians(sum(lat for lat, _ in points) / len(points))
    metre = math.radians(1) * 6_371_008.8 * circuity
    return [(lon * metre * math.cos(lat0), lat * metre) for lat, lon in points]


def _profile(travel: Fields) -> tuple[tuple[int, int], ...]:
    found = []
    for k, one in enumerate(travel.items("profile")):
        f = Fields(one, f"{travel.path}.profile[{k}]", {"from_s", "percent"})
        found.append((f.integer("from_s"), f.integer("percent", low=1)))
    return tuple(sorted(found))


def _tables(top: Fields, name: str, repairs: list[str]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]] | None:
    if not top.has("matrix"):
        return None
    f = Fields(top.raw("matrix"), f"{name}.matrix", {"distances", "durations"})
    durations = table(f.raw("durations", f.raw("distances")), f"{name}.matrix.durations", repairs)
    distances = table(f.raw("distances", f.raw("durations")), f"{name}.matrix.distances", repairs)
    if distances.shape != durations.shape:
        raise BadProblem(f"{name}.matrix: distances are {len(distances)} rows, durations {len(durations)}.")
    return distances, durations


def table(value: Any, path: str, repairs: list[str]) -> npt.NDArray[np.int32]:
    """Return a square matrix of whole numbers from 0; the diagonal is set to 0, and what was repaired is noted."""
    if not isinstance(value, list) or not value:
        raise BadProblem(f"{path} has to be a list of rows.", param=path)
    for k, row in enumerate(value):
        if not isinstance(row, list) or len(row) != len(value):
            shown = len(row) if isinstance(row, list) else "no list of"
            raise BadProblem(f"{path}[{k}] has {shown} numbers; the matrix has {len(value)} rows.", param=path)
        for c, one in enumerate(row):
            right = isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one)
            if not right or one < 0 or one > 1e9:
                raise BadProblem(f"{path}[{k}][{c}] is {one!r}; it has to be a number from 0 to 1e9.", param=path)
    found = np.rint(np.array(value, np.float64)).astype(np.int32)
    if np.diagonal(found).any():
        repairs.append(f"{path}: the way from a place to itself was not 0 and was set to 0")
        np.fill_diagonal(found, 0)
    return found
