"""VRPLIB files: a head of ``KEY : value`` lines, then sections."""

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.routing.read.plain import SCALES
from yunqi.commerce.logistics.engine.routing.read.rows import check_windows, integer, number, unique
from yunqi.commerce.logistics.model import BadProblem, Problem, Rounding, Task, Travel, Vehicle

_ROUNDINGS = {
    "EUC_2D": Rounding.ROUNDED,
    "CEIL_2D": Rounding.UP,
    "EXACT_2D": Rounding.EXACT,
    "EXPLICIT": Rounding.ROUNDED,
    "GEO": Rounding.ROUNDED,
    "ATT": Rounding.ROUNDED,
    "MAN_2D": Rounding.ROUNDED,
    "MAX_2D": Rounding.ROUNDED,
}
_TABLES = ("GEO", "ATT", "MAN_2D", "MAX_2D")
_LARGEST_TABLE = 12_000
_SECTIONS = (
    "NODE_COORD_SECTION", "DEMAND_SECTION", "TIME_WINDOW_SECTION", "SERVICE_TIME_SECTION", "DEPOT_SECTION",
    "EDGE_WEIGHT_SECTION", "DISPLAY_DATA_SECTION",
)  # fmt: skip
Rows = list[tuple[int, list[str]]]


def read_vrplib(text: str, *, name: str, convention: Rounding | None = None) -> Problem:
    """Read a CVRP or VRPTW file; EUC_2D is rounded for CVRP, cut to one decimal for VRPTW (the DIMACS rule).

    Raises
    ------
    BadProblem
        For other types, unknown sections, and rows that cannot be meant; names the line.
    """
    head, sections = _split(text, name)
    kind = head.get("TYPE", "CVRP").split()[0].upper()
    if kind not in ("CVRP", "VRPTW", "DCVRP", "DVRP"):
        raise BadProblem(f"{name}: TYPE {kind} is not read; CVRP and VRPTW are. Use our JSON for richer problems.")
    weights = head.get("EDGE_WEIGHT_TYPE", "EUC_2D").split()[0].upper()
    if weights not in _ROUNDINGS:
        raise BadProblem(f"{name}: EDGE_WEIGHT_TYPE {weights} is not read; use one of {', '.join(_ROUNDINGS)}.")
    rounding = convention or (Rounding.TRUNCATED if kind == "VRPTW" and weights == "EUC_2D" else _ROUNDINGS[weights])
    scale = SCALES[rounding] if weights.endswith("C_2D") or weights in ("CEIL_2D", "EXACT_2D") else 1
    size = integer(head.get("DIMENSION", "0"), name, 1, "DIMENSION")
    ids, travel = _travel(head, sections, name, size, rounding, scale)
    if weights in _TABLES and travel.xy is not None:
        travel = _measured(travel.xy, weights, name)
    place_of = {key: place for place, key in enumerate(ids)}
    depot = _depot(sections, name, place_of)
    demands = _column(sections.get("DEMAND_SECTION", []), name, place_of, "demand")
    if len(demands) != size:
        missing = next(key for key, place in place_of.items() if place not in demands)
        raise BadProblem(f"{name}: node {missing} has no row in DEMAND_SECTION.")
    services = _column(sections.get("SERVICE_TIME_SECTION", []), name, place_of, "service time")
    service = number(head.get("SERVICE_TIME", "0").split()[0], name, 1, "SERVICE_TIME")
    windows = _windows(sections.get("TIME_WINDOW_SECTION", []), name, place_of, scale)
    limit = head.get("DISTANCE") or head.get("VEHICLES_MAX_DURATION")
    if "CAPACITY" not in head:
        raise BadProblem(f"{name} has no line CAPACITY; what a vehicle carries has to be known.", param="capacity")
    capacity = integer(head["CAPACITY"].split()[0], name, 1, "CAPACITY")
    tasks = tuple(
        Task(
            key,
            place,
            load=(_amount(demands[place], name, key, capacity),),
            service=math.ceil(services.get(place, service) * scale),
            windows=(windows[place],) if place in windows else (),
        )
        for place, key in enumerate(ids)
        if place != depot
    )
    ends = windows.get(depot, (0, 1 << 40))
    most = None if limit is None else math.floor(number(limit.split()[0], name, 1, "DISTANCE") * scale)
    if most is not None and most <= 0:
        raise BadProblem(f"{name}: DISTANCE is {limit}; a route has to go further. Leave the line out for no limit.")
    if most is not None:
        # Without windows a route's length with its service is its time; with windows waiting does not count.
        ends = (ends[0], min(ends[1], ends[0] + most)) if not windows else ends
    vehicles = _vehicles(head, name, tasks, capacity, depot, ends)
    if most is not None and windows:
        vehicles = tuple(dataclasses.replace(one, max_distance=most) for one in vehicles)
    repairs = [] if sections.get("DEPOT_SECTION") else [f"there is no DEPOT_SECTION; node {ids[depot]} was taken"]
    if demands[depot]:
        repairs.append(f"node {ids[depot]} is the depot; its demand of {demands[depot]:g} was left out")
    return Problem(name, tasks, vehicles, travel, numeric_ids=True, repairs=tuple(repairs))


def _split(text: str, name: str) -> tuple[dict[str, str], dict[str, Rows]]:
    head: dict[str, str] = {}
    sections: dict[str, Rows] = {}
    rows: Rows | None = None
    for at, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        word = words[0].rstrip(":").upper()
        if word == "EOF":
            break
        if word.endswith("_SECTION"):
            if word not in _SECTIONS:
                raise BadProblem(f"{name}, line {at}: {word} is not read; known: {', '.join(_SECTIONS)}.")
            rows = sections.setdefault(word, [])
        elif ":" in line and not _numeric(words[0]):
            key, _, value = line.partition(":")
            head[key.strip().upper()] = value.strip() or "0"
        elif rows is None:
            raise BadProblem(f"{name}, line {at}: {line.strip()[:40]!r} is neither KEY : value nor a section.")
        else:
            rows.append((at, words))
    return head, sections


def _numeric(word: str) -> bool:
    return word.lstrip("+-").replace(".", "", 1).isdigit()


def _travel(
    head: dict[str, str], sections: dict[str, Rows], name: str, size: int, rounding: Rounding, scale: int
) -> tuple[list[str], Travel]:
    rows = sections.get("NODE_COORD_SECTION", [])
    for at, words in rows:
        if len(words) != 3:
            raise BadProblem(
                f"{name}, line {at}: a coordinate row has an id, x and y; this one has {len(words)} columns."
            )
    ids = [words[0] for _, words in rows] or [str(k + 1) for k in range(size)]
    if len(ids) != size or size < 1:
        raise BadProblem(f"{name}: DIMENSION is {size}, but {len(rows)} nodes have coordinates.")
    unique(ids, name, [at for at, _ in rows] or list(range(size)))
    if "EDGE_WEIGHT_SECTION" in sections:
        form = head.get("EDGE_WEIGHT_FORMAT", "FULL_MATRIX").split()[0].upper()
        table = _matrix(sections["EDGE_WEIGHT_SECTION"], name, size, form)
        return ids, Travel("matrix of the file", Rounding.ROUNDED, None, table, table)
    if not rows:
        raise BadProblem(f"{name} has neither NODE_COORD_SECTION nor EDGE_WEIGHT_SECTION.")
    xy = np.array([[number(word, name, at, "coordinate") for word in words[1:]] for at, words in rows])
    return ids, Travel(f"coordinates, {rounding.value}", rounding, xy, scale=scale)


def _matrix(rows: Rows, name: str, size: int, form: str) -> npt.NDArray[np.int32]:
    flat = [integer(word, name, at, "distance") for at, words in rows for word in words]
    inner, whole = size * (size - 1) // 2, size * (size + 1) // 2
    wanted = {"FULL_MATRIX": size * size}
    for side in ("LOWER", "UPPER"):
        for way in ("ROW", "COL"):
            wanted |= {f"{side}_{way}": inner, f"{side}_DIAG_{way}": whole}
    if form not in wanted:
        raise BadProblem(f"{name}: EDGE_WEIGHT_FORMAT {form} is not read; use one of {', '.join(wanted)}.")
    if len(flat) != wanted[form]:
        raise BadProblem(f"{name}: EDGE_WEIGHT_SECTION has {len(flat)} numbers; {form} needs {wanted[form]}.")
    if min(flat, default=0) < 0:
        raise BadProblem(f"{name}: EDGE_WEIGHT_SECTION has a negative distance, {min(flat)}.")
    if form == "FULL_MATRIX":
        return np.array(flat, np.int32).reshape(size, size)
    table = np.zeros((size, size), np.int32)
    off = 0 if "DIAG" in form else 1
    # The columns of one triangle are the rows of the other: a table that is the same both ways.
    if form in ("LOWER_ROW", "LOWER_DIAG_ROW", "UPPER_COL", "UPPER_DIAG_COL"):
        table[np.tril_indices(size, -off)] = flat
        full: npt.NDArray[np.int32] = table + np.tril(table, -1).T
    else:
        table[np.triu_indices(size, off)] = flat
        full = table + np.triu(table, 1).T
    return full


def _measured(xy: npt.NDArray[np.float64], kind: str, name: str) -> Travel:
    """Return the distances of TSPLIB's other kinds of coordinates, as that library defines them."""
    if len(xy) > _LARGEST_TABLE:
        raise BadProblem(f"{name}: {kind} is read for at most {_LARGEST_TABLE:,} nodes.")
    if kind == "GEO":
        far = _geographical(xy)
    else:
        gaps = np.abs(xy[:, None] - xy[None])
        if kind == "ATT":
            far = np.ceil(np.sqrt((gaps**2).sum(axis=2) / 10) - 1e-9)
        else:
            far = np.floor((gaps.sum(axis=2) if kind == "MAN_2D" else gaps.max(axis=2)) + 0.5)
    table = far.astype(np.int32)
    np.fill_diagonal(table, 0)
    return Travel(f"coordinates, {kind}", Rounding.ROUNDED, None, table, table)


def _geographical(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Degrees and minutes (DDD.MM) on a sphere of 6,378.388 km, cut to kilometres, with pi as 3.141592 (TSPLIB 95)."""
    whole = np.trunc(xy)
    radians = 3.141592 * (whole + 5.0 * (xy - whole) / 3.0) / 180.0
    lat, lon = radians[:, 0], radians[:, 1]
    q1 = np.cos(lon[:, None] - lon[None])
    q2, q3 = np.cos(lat[:, None] - lat[None]), np.cos(lat[:, None] + lat[None])
    inside = np.clip(0.5 * ((1.0 + q1) * q2 - (1.0 - q1) * q3), -1.0, 1.0)
    return np.floor(6378.388 * np.arccos(inside) + 1.0)


def _column(rows: Rows, name: str, place_of: dict[str, int], what: str) -> dict[int, float]:
    found: dict[int, float] = {}
    for at, words in rows:
        if len(words) != 2 or words[0] not in place_of:
            raise BadProblem(f"{name}, line {at}: {' '.join(words)[:40]!r} is no row of an id and a {what}.")
        if place_of[words[0]] in found:
            raise BadProblem(f"{name}, line {at}: id {words[0]} has a {what} already.")
        found[place_of[words[0]]] = number(words[1], name, at, what)
    return found


def _windows(rows: Rows, name: str, place_of: dict[str, int], scale: int) -> dict[int, tuple[int, int]]:
    found: dict[int, tuple[int, int]] = {}
    for at, words in rows:
        if len(words) != 3 or words[0] not in place_of:
            raise BadProblem(f"{name}, line {at}: {' '.join(words)[:40]!r} is no row of an id and a window.")
        opens, closes = (number(word, name, at, "window") for word in words[1:])
        window = (math.ceil(opens * scale), math.floor(closes * scale))
        check_windows([window], name, f"line {at}")
        found[place_of[words[0]]] = window
    return found


def _depot(sections: dict[str, Rows], name: str, place_of: dict[str, int]) -> int:
    ids = [word for _, words in sections.get("DEPOT_SECTION", []) for word in words if word != "-1"]
    ids = ids or [next(iter(place_of))]
    if len(ids) > 1:
        raise BadProblem(f"{name}: {len(ids)} depots; a VRPLIB file has one here. Use our JSON for several.")
    if ids[0] not in place_of:
        raise BadProblem(f"{name}: the depot {ids[0]} is no node of the file.")
    return place_of[ids[0]]


def _amount(value: float, name: str, key: str, capacity: int) -> int:
    if value < 0 or value != int(value):
        raise BadProblem(f"{name}: node {key} has demand {value:g}; it has to be a whole number from 0.")
    if value > capacity:
        raise BadProblem(f"{name}: node {key} has demand {value:g}, more than the capacity {capacity} of a vehicle.")
    return int(value)


def _vehicles(
    head: dict[str, str], name: str, tasks: tuple[Task, ...], capacity: int, depot: int, ends: tuple[int, int]
) -> tuple[Vehicle, ...]:
    total = sum(task.load[0] for task in tasks)
    # Two routes that are both less than half full can be joined, so more vehicles than this are never needed,
    # unless time binds.
    enough = 2 * -(-total // max(capacity, 1)) + 1 if not any(task.windows for task in tasks) else len(tasks)
    count = integer(head.get("VEHICLES", "0").split()[0], name, 1, "VEHICLES") or enough
    return tuple(Vehicle(str(k + 1), depot, depot, (capacity,), ends) for k in range(max(1, min(count, len(tasks)))))
