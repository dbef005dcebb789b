"""Solomon and Li-Lim files: rows of numbers."""

import math

import numpy as np

from yunqi.commerce.logistics.engine.routing.read.rows import check_windows, integer, number, unique
from yunqi.commerce.logistics.model import BadProblem, Objective, Problem, Rounding, Task, TaskKind, Travel, Vehicle

SCALES = {Rounding.ROUNDED: 1, Rounding.UP: 1, Rounding.TRUNCATED: 10, Rounding.EXACT: 1000}
"""Internal units in one unit of the file, by rounding."""


def read_plain(text: str, *, name: str, convention: Rounding | None = None) -> Problem:
    """Read a Solomon file (sections VEHICLE and CUSTOMER) or a Li-Lim file (first row: vehicles, capacity, speed).

    Both count vehicles first, then distance in double precision, as SINTEF's tables do; with a ``convention`` named
    for a Solomon file distance alone counts, as in the DIMACS challenge.
    """
    rows = _rows(text)
    fields = rows[0][1] if rows else []
    if any("CUSTOMER" in line.upper() for _, words in rows for line in words[:1]):
        return _solomon(rows, name, convention)
    if len(fields) == 3 and len(rows) > 1 and len(rows[1][1]) == 9:
        return _lilim(rows, name, convention or Rounding.EXACT)
    raise BadProblem(
        f"{name} is none of the forms that are read: VRPLIB (NAME, DIMENSION, ..._SECTION), Solomon (VEHICLE, CUSTOMER), "
        "Li-Lim (vehicles, capacity, speed, then nine columns), JSON (ours or VROOM's)."
    )


def _rows(text: str) -> list[tuple[int, list[str]]]:
    return [(at, line.split()) for at, line in enumerate(text.splitlines(), 1) if line.split()]


def _solomon(rows: list[tuple[int, list[str]]], name: str, convention: Rounding | None) -> Problem:
    head = next(k for k, (_, words) in enumerate(rows) if "CUSTOMER" in words[0].upper())
    numbers = [(at, words) for at, words in rows[:head] if _is_numeric(words)]
    if not numbers or len(numbers[0][1]) != 2:
        raise BadProblem(f"{name}: the section VEHICLE has no row with the number of vehicles and their capacity.")
    count, capacity = (integer(word, name, numbers[0][0], "VEHICLE") for word in numbers[0][1])
    customers = [
        (at, words) for k, (at, words) in enumerate(rows[head + 1 :]) if k or _is_numeric(words)
    ]  # the first row names the columns
    for at, words in customers:
        if len(words) != 7:
            raise BadProblem(f"{name}, line {at}: a customer has 7 columns, this row has {len(words)}.")
    tasks_of = [(at, [*words, "0", "0"]) for at, words in customers]
    rounding = convention or Rounding.EXACT
    objective = Objective.VEHICLES_FIRST if convention is None else Objective.COST
    return _problem(tasks_of, count, capacity, name, rounding, objective)


def _lilim(rows: list[tuple[int, list[str]]], name: str, rounding: Rounding) -> Problem:
    count, capacity = (integer(word, name, rows[0][0], "vehicles or capacity") for word in rows[0][1][:2])
    for at, words in rows[1:]:
        if len(words) != 9:
            raise BadProblem(f"{name}, line {at}: a Li-Lim row has 9 columns, this row has {len(words)}.")
    return _problem(rows[1:], count, capacity, name, rounding, Objective.VEHICLES_FIRST)


def _problem(
    rows: list[tuple[int, list[str]]], count: int, capacity: int, name: str, rounding: Rounding, objective: Objective
) -> Problem:
    if count < 1:
        raise BadProblem(f"{name}: {count} vehicles cannot serve anything; give at least one.", param="vehicles")
    if not rows:
        raise BadProblem(f"{name} has no depot row.")
    scale = SCALES[rounding]
    unique([words[0] for _, words in rows], name, [at for at, _ in rows])
    xy = np.array([[number(word, name, at, "coordinate") for word in words[1:3]] for at, words in rows])
    tasks = tuple(_task(place, at, words, rows, name, scale) for place, (at, words) in enumerate(rows) if place)
    at, depot = rows[0]
    window = tuple(math.floor(number(word, name, at, "depot window") * scale) for word in depot[4:6])
    check_windows([(window[0], window[1])], name, f"line {at}")
    vehicles = tuple(
        Vehicle(str(k + 1), 0, 0, (capacity,), (window[0], window[1])) for k in range(min(count, max(len(tasks), 1)))
    )
    travel = Travel(f"coordinates, {rounding.value}", rounding, xy, scale=scale)
    return Problem(name, tasks, vehicles, travel, objective, numeric_ids=True)


def _task(place: int, at: int, words: list[str], rows: list[tuple[int, list[str]]], name: str, scale: int) -> Task:
    amount = integer(words[3], name, at, "demand")
    pickup, delivery = (integer(word, name, at, "pickup or delivery") for word in words[7:9])
    ready, due, service = (number(word, name, at, "window or service") for word in words[4:7])
    window = (math.ceil(ready * scale), math.floor(due * scale))
    check_windows([window], name, f"line {at}")
    kind, partner = TaskKind.DELIVERY, None
    if pickup or delivery:
        kind = TaskKind.SHIPMENT_PICKUP if delivery else TaskKind.SHIPMENT_DELIVERY
        other = pickup or delivery
        if not 0 < other < len(rows):
            raise BadProblem(f"{name}, line {at}: its partner {other} is no row of the file.")
        partner = rows[other][1][0]
        back = rows[other][1][8 if pickup else 7]
        if back != words[0]:
            raise BadProblem(f"{name}, line {at}: {words[0]} names {partner} as its partner, which names {back}.")
    elif amount < 0:
        raise BadProblem(f"{name}, line {at}: demand {amount} is negative; only the delivery of a pair may be.")
    return Task(words[0], place, kind, (abs(amount),), math.ceil(service * scale), (window,), partner=partner)


def _is_numeric(words: list[str]) -> bool:
    try:
        [float(word) for word in words]
    except ValueError:
        return False
    return True
