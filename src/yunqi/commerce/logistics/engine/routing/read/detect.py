"""Which form a file has."""

import json
from typing import Any

from yunqi.commerce.logistics.engine.routing.read.plain import read_plain
from yunqi.commerce.logistics.engine.routing.read.rich import read_rich
from yunqi.commerce.logistics.engine.routing.read.vroom import is_vroom, read_vroom
from yunqi.commerce.logistics.engine.routing.read.vrplib import read_vrplib
from yunqi.commerce.logistics.model import BadProblem, Problem, Rounding


def read_problem(text: str, *, name: str, convention: Rounding | None = None) -> Problem:
    """Return the problem that a file holds, whichever of the known forms it has.

    Parameters
    ----------
    text
        The file's content.
    name
        What messages call it.
    convention
        The rounding of distances; by default that of the file's set.

    Raises
    ------
    BadProblem
        When the file has none of the forms or breaks its own rules; names the line or the field.
    """
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        raise BadProblem(f"{name} is empty.")
    if start[0] in "{[":
        return read_document(_json(start, name), name=name)
    if "\x00" in start[:4096]:
        raise BadProblem(f"{name} is no text file; give a VRPLIB, Solomon, Li-Lim or JSON file.")
    head = start[:4000].upper()
    if "DIMENSION" in head and ("_SECTION" in start.upper()):
        return read_vrplib(start, name=name, convention=convention)
    return read_plain(start, name=name, convention=convention)


def read_document(document: Any, *, name: str) -> Problem:
    """Return the problem that a JSON document holds: ours or VROOM's."""
    if not isinstance(document, dict):
        raise BadProblem(f"{name} holds a JSON list; a problem is an object with vehicles and tasks.")
    return read_vroom(document, name=name) if is_vroom(document) else read_rich(document, name=name)


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise BadProblem(f"{name}, line {error.lineno}: this is no JSON ({error.msg}).") from error
    except RecursionError as error:
        raise BadProblem(f"{name} is nested too deeply.") from error


def _no_constant(text: str) -> Any:
    raise BadProblem(f"{text} is no number a plan can be made with; leave the field out or give a number.")
