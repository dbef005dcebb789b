"""Reading parameter files: every value carries its unit, its basis and its source."""

import dataclasses
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from yunqi.kernel.errors import Invalid, NotFound
from yunqi.labs.npu.model import Basis, Chip, Parameter

CHIPS = ("hanguang800",)
_FIELDS = {field.name: field.type for field in dataclasses.fields(Chip) if field.name not in ("name", "parameters")}


def load_chip(name: str = "hanguang800") -> Chip:
    """Return a known chip.

    Raises
    ------
    NotFound
        When there is none of that name.
    """
    if name not in CHIPS:
        raise NotFound(f"There is no chip {name!r}; known are {', '.join(CHIPS)}. --chip takes a parameter file too.")
    text = resources.files("yunqi.labs.npu.engine.chips").joinpath(f"{name}.toml").read_text()
    return chip_from_toml(text)


def chip_from_toml(text: str) -> Chip:
    """Return the chip of a parameter file.

    Raises
    ------
    Invalid
        Naming the line or parameter that is wrong, missing or without a source.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"The parameter file is no TOML: {error}.", "chip") from error
    return chip_from_document(document)


def chip_document(chip: Chip) -> dict[str, Any]:
    """Return a chip as a parameter file's document."""
    rows = {
        one.name: {"value": one.value, "unit": one.unit, "basis": one.basis.value, "source": one.source}
        for one in chip.parameters
    }
    return {"name": chip.name, **rows}


def chip_from_document(document: Mapping[str, Any]) -> Chip:
    """Return the chip of a parameter file that has been parsed; see `chip_from_toml`."""
    parameters = [_parameter(name, entry) for name, entry in document.items() if name != "name"]
    missing = sorted(_FIELDS.keys() - {parameter.name for parameter in parameters})
    if missing:
        raise Invalid(f"The parameter file lacks {', '.join(missing)}. Start from hanguang800.toml.", "chip")
    values: dict[str, Any] = {parameter.name: _typed(parameter) for parameter in parameters}
    return Chip(name=str(document.get("name", "custom")), parameters=tuple(parameters), **values)


def vary(chip: Chip, **changes: float) -> Chip:
    """Return the chip with other values, each marked as an assumption of whoever asked."""
    unknown = sorted(changes.keys() - _FIELDS.keys())
    if unknown:
        raise Invalid(f"A chip has no parameter {unknown[0]!r}; it has {', '.join(sorted(_FIELDS))}.", unknown[0])
    parameters = tuple(
        dataclasses.replace(parameter, value=changes[parameter.name], basis=Basis.ASSUMED, source="changed by the user")
        if parameter.name in changes
        else parameter
        for parameter in chip.parameters
    )
    typed = {name: int(value) if _FIELDS[name] in (int, "int") else float(value) for name, value in changes.items()}
    return dataclasses.replace(chip, parameters=parameters, **typed)  # type: ignore[arg-type]


def _parameter(name: str, entry: object) -> Parameter:
    if name not in _FIELDS:
        raise Invalid(f"A chip has no parameter {name!r}; it has {', '.join(sorted(_FIELDS))}.", name)
    if not isinstance(entry, dict) or not isinstance(entry.get("value"), int | float):
        raise Invalid(f"The parameter {name!r} needs a table with value, unit, basis and source.", name)
    kinds = [basis.value for basis in Basis]
    if entry.get("basis") not in kinds or not str(entry.get("source", "")).strip():
        raise Invalid(f"The parameter {name!r} needs a basis ({', '.join(kinds)}) and a source.", name)
    return Parameter(name, float(entry["value"]), str(entry.get("unit", "")), Basis(entry["basis"]), entry["source"])


def _typed(parameter: Parameter) -> int | float:
    return int(parameter.value) if _FIELDS[parameter.name] in (int, "int") else parameter.value
