"""Robots, floors and errands from JSON; every message names the row."""

from typing import Any

from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.model.robots import Cell, Errand, Grid, Robot, RobotProblem
from yunqi.kernel.errors import Invalid

MOST_CELLS, MOST_ROBOTS, MOST_ERRANDS = 40_000, 400, 5_000


def read_robots(document: Any) -> RobotProblem:
    """Read ``{"grid": ["..#"], "robots": [{"id", "start", "goal"}], "errands": [{"id", "pickup", "drop", "release"}]}``."""
    top = Fields(document, "the problem", ("grid", "robots", "errands"))
    rows = top.texts("grid")
    robots, errands = top.items("robots"), top.items("errands")
    for what, count, most in (
        ("cells", sum(map(len, rows)), MOST_CELLS), ("robots", len(robots), MOST_ROBOTS),
        ("errands", len(errands), MOST_ERRANDS),
    ):  # fmt: skip
        if count > most:
            raise Invalid(f"{count:,} {what}: at most {most:,} can be planned at once; divide the floor", what)
    return RobotProblem(
        Grid(rows),
        tuple(_robot(one, f"robots[{at}]") for at, one in enumerate(robots)),
        tuple(_errand(one, f"errands[{at}]") for at, one in enumerate(errands)),
    )


def _robot(one: Any, where: str) -> Robot:
    row = Fields(one, where, ("id", "start", "goal"))
    return Robot(row.text("id"), _cell(row, "start"), _cell(row, "goal") if row.has("goal") else None)


def _errand(one: Any, where: str) -> Errand:
    row = Fields(one, where, ("id", "pickup", "drop", "release"))
    return Errand(row.text("id"), _cell(row, "pickup"), _cell(row, "drop"), row.integer("release", 0))


def _cell(row: Fields, key: str) -> Cell:
    value = row.raw(key)
    if not isinstance(value, list) or len(value) != 2 or not all(type(one) is int for one in value):
        raise row.wrong(key, value, "a cell: row and column, counted from 0, as [2, 5]")
    return value[0], value[1]
