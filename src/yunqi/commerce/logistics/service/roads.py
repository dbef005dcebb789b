"""Roads from OpenStreetMap extracts on this machine: graphs and matrices, kept on disk by what they were made of."""

import dataclasses
import hashlib
import io
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.engine.routing.read.places import Measure
from yunqi.commerce.logistics.engine.routing.roads.extract import read_extract
from yunqi.commerce.logistics.engine.routing.roads.graph import RoadGraph, graph_of
from yunqi.commerce.logistics.engine.routing.roads.measure import SNAP_METRES, RoadMatrix, matrix_of
from yunqi.commerce.logistics.engine.routing.roads.profiles import RoadProfile, profile_of
from yunqi.commerce.logistics.model import BadProblem
from yunqi.commerce.logistics.service.files import read_rows

Arrays = dict[str, npt.NDArray[Any]]
FORM = "2"
"""Changes whenever graphs are made in another way, so that old ones are not taken."""
LARGEST_EXTRACT = 200_000_000
MOST_POINTS = 5_000


class Roads:
    """The roads of one extract as one vehicle sees them.

    Parameters
    ----------
    path
        An .osm.pbf file.
    profile
        The vehicle.
    folder
        Where graphs and matrices are kept; nothing is kept when None.
    limit_m
        Metres that a point may lie from its road.

    Raises
    ------
    BadProblem
        When the file cannot be read; names it.
    """

    def __init__(self, path: Path, profile: RoadProfile, folder: Path | None, *, limit_m: float = SNAP_METRES) -> None:
        self.source = f"osm:{path.name}"
        self.profile = profile
        self._limit = limit_m
        self._folder = folder
        data = _bytes(path)
        self._key = hashlib.sha256(data).hexdigest() + repr(profile) + FORM
        arrays = self._kept(
            "graph", self._key, lambda: _fields(graph_of(read_extract(data, path.name), profile, path.name))
        )
        self.graph = RoadGraph(**arrays)

    def matrix(self, degrees: npt.NDArray[np.float64], names: list[str]) -> RoadMatrix:
        """Return the ways between points; see `matrix_of`."""
        key = self._key + repr(self._limit) + hashlib.sha256(degrees.tobytes()).hexdigest()
        made = self._kept("matrix", key, lambda: _fields(matrix_of(self.graph, degrees, names, limit_m=self._limit)))
        found = RoadMatrix(**made)
        if not np.isfinite(found.seconds).all():
            a, b = np.argwhere(~np.isfinite(found.seconds))[0].tolist()
            raise BadProblem(f"No road leads from {names[a]} to {names[b]}.", param=names[a])
        return found

    def measure(self, degrees: npt.NDArray[np.float64], names: list[str]) -> tuple[Any, Any, str]:
        """Return seconds, metres and the source, as a problem's reader wants them."""
        found = self.matrix(degrees, names)
        return found.seconds, found.metres, f"{self.source}, {self.profile.name}"

    def _kept(self, kind: str, key: str, make: Callable[[], Arrays]) -> Arrays:
        if self._folder is None:
            return make()
        path = self._folder / f"{kind}-{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                return {name: stored[name] for name in stored.files}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            arrays = make()
        _keep(path, arrays)
        return arrays


def roads(
    path: Path, profile: str = "car", *, limit_m: float = SNAP_METRES, height_m: float | None = None,
    weight_t: float | None = None
) -> Roads:  # fmt: skip
    """Return the roads of an extract, kept in the user's cache.

    Parameters
    ----------
    height_m, weight_t
        Of the vehicle, when it is not the profile's.

    Raises
    ------
    BadProblem
        For an unknown profile or a file that is no extract.
    """
    vehicle = profile_of(profile)
    vehicle = dataclasses.replace(
        vehicle,
        height_m=vehicle.height_m if height_m is None else height_m,
        weight_t=vehicle.weight_t if weight_t is None else weight_t,
    )
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Roads(path, vehicle, cache / "yunqi" / "roads", limit_m=limit_m)


def problem_measure(document: Mapping[str, Any], base: Path, name: str) -> Measure:
    """Return what measures the roads that a problem's ``roads`` names: a file, or an object with file, profile, snap_m.

    A relative file is looked for beside the problem. For problems on this machine only, never for those of the network.
    """
    value = document["roads"]
    f = Fields({"file": value} if isinstance(value, str) else value, f"{name}.roads", {"file", "profile", "snap_m"})
    return roads(base / f.text("file"), f.text("profile", "car"), limit_m=f.number("snap_m", SNAP_METRES)).measure


def read_points(path: Path) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return latitude and longitude, shape (n, 2), and the ids of a CSV file with the columns id, lat, lon.

    Raises
    ------
    NotFound, Invalid, BadProblem
        When it is not there or a row is wrong; names the row.
    """
    degrees, names = [], []
    for row in read_rows(path, ("id", "lat", "lon")):
        try:
            lat, lon = float(row.figure("lat")), float(row.figure("lon"))
        except ValueError:
            lat = lon = float("nan")
        if not (abs(lat) <= 90 and abs(lon) <= 180):
            raise BadProblem(f"{path.name}, line {row.line}: lat and lon have to be degrees.", param="points")
        degrees.append((lat, lon))
        names.append(row.text("id", f"line {row.line}"))
    if not 0 < len(names) <= MOST_POINTS or len(set(names)) < len(names):
        raise BadProblem(f"{path.name} needs 1 to {MOST_POINTS:,} points, each with an id of its own.", param="points")
    return np.array(degrees), names


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_EXTRACT:
            raise BadProblem(f"{path.name} is larger than {LARGEST_EXTRACT // 1_000_000} MB.", param="extract")
        return path.read_bytes()
    except OSError as error:
        raise BadProblem(f"{path} cannot be read: {error.strerror}.", param="extract") from error


def _fields(value: RoadGraph | RoadMatrix) -> Arrays:
    return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}


def _keep(path: Path, arrays: Arrays) -> None:
    """Write at once or not at all; a cache that cannot be written is no error."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        os.replace(file.name, path)
    except OSError:
        return
