"""Berth problems from text: the published table of Kramer et al., and our JSON for quays."""

import json
from typing import Any

from yunqi.commerce.logistics.engine.keys import known
from yunqi.commerce.logistics.model.berth import BerthProblem, QuayProblem, Vessel
from yunqi.kernel.errors import Invalid

FORBIDDEN = 99_999
MOST_VESSELS = 5_000
MOST_BERTHS = 500
_QUAY = {"length_m", "cranes", "hours", "depth_cm", "step_m", "vessels"}
_VESSEL = {
    "name", "length_m", "arrival_h", "due_h", "work_crane_h", "least_cranes", "most_cranes", "position_m", "draught_cm",
    "weight",
}  # fmt: skip


def read(text: str) -> BerthProblem | QuayProblem:
    """Read either form; which one it is shows in the first character."""
    return read_quay(text) if text.lstrip().startswith("{") else read_table(text)


def read_table(text: str) -> BerthProblem:
    """Read the table of Kramer et al.

    Vessels, berths, arrivals, openings, handling times (99999: not there), closings, latest departures (and weights).

    Raises
    ------
    Invalid
        Names the line and what it should hold.
    """
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    at = 0

    def row(what: str, length: int) -> tuple[int, ...]:
        nonlocal at
        if at >= len(lines):
            raise Invalid(f"the file ends before the {what}", "file")
        number, words = lines[at]
        at += 1
        if len(words) != length:
            raise Invalid(f"line {number}: {len(words)} numbers where the {what} should be {length}", "file")
        try:
            values = tuple(int(word) for word in words)
        except ValueError as error:
            raise Invalid(f"line {number}: {what} must be whole numbers", "file") from error
        if any(value < 0 or value > 10**9 for value in values):
            raise Invalid(f"line {number}: {what} must be from 0 to a billion", "file")
        return values

    vessels, berths = row("number of vessels", 1)[0], row("number of berths", 1)[0]
    if not 1 <= vessels <= MOST_VESSELS or not 1 <= berths <= MOST_BERTHS:
        raise Invalid(
            f"{vessels} vessels at {berths} berths: from 1 to {MOST_VESSELS} and {MOST_BERTHS} can be planned", "file"
        )
    arrival, opening = row("arrivals", vessels), row("opening times", berths)
    handling = tuple(
        tuple(None if time >= FORBIDDEN else time for time in row(f"handling times of vessel {vessel}", berths))
        for vessel in range(1, vessels + 1)
    )
    closing = row("closing times", berths)
    weighted = at < len(lines) and len(lines[at][1]) == 2 * vessels
    last = (
        row("latest departures, with the vessels' weights behind them,", 2 * vessels)
        if weighted
        else row("latest departures", vessels)
    )
    return BerthProblem(arrival, last[:vessels], opening, closing, handling, last[vessels:] or (1,) * vessels)


def read_quay(text: str) -> QuayProblem:
    """Read ``{"length_m", "cranes", "hours", "depth_cm", "step_m", "vessels": [...]}``; unknown names are refused."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the quay problem is no JSON: {error}", "file") from error
    known(document, _QUAY, "the problem")
    vessels = document.get("vessels")
    if not isinstance(vessels, list) or len(vessels) > MOST_VESSELS:
        raise Invalid(f"vessels must be a list of at most {MOST_VESSELS}", "vessels")
    depth = document.get("depth_cm", [])
    if not isinstance(depth, list):
        raise Invalid("depth_cm must be a list of one number an hour", "depth_cm")
    return QuayProblem(
        length=_whole(document, "length_m", "the problem"),
        cranes=_whole(document, "cranes", "the problem"),
        vessels=tuple(_vessel(one, f"vessels[{i}]") for i, one in enumerate(vessels)),
        hours=_whole(document, "hours", "the problem", 168),
        depth=tuple(_whole({"depth_cm": value}, "depth_cm", "the tide") for value in depth),
        step=_whole(document, "step_m", "the problem", 10),
    )


def _vessel(one: Any, where: str) -> Vessel:
    known(one, _VESSEL, where)
    name = str(one.get("name", where))
    return Vessel(
        name,
        length=_whole(one, "length_m", name),
        arrival=_whole(one, "arrival_h", name),
        due=_whole(one, "due_h", name),
        work=_whole(one, "work_crane_h", name),
        least_cranes=_whole(one, "least_cranes", name, 1),
        most_cranes=_whole(one, "most_cranes", name, 3),
        position=_whole(one, "position_m", name, 0),
        draught=_whole(one, "draught_cm", name, 0),
        weight=_whole(one, "weight", name, 1),
    )


def _whole(document: dict[str, Any], name: str, where: str, default: int | None = None) -> int:
    value = document.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid(f"{where}: {name} must be a whole number, not {value!r}", name)
    if not 0 <= value <= 10**9:
        raise Invalid(f"{where}: {name} must be a whole number from 0 to a billion, not {str(value)[:40]}", name)
    if value != int(value):
        raise Invalid(f"{where}: {name} must be a whole number, not {value!r}", name)
    return int(value)
