"""Reads a recipe from TOML text: strict about names and types, and ready with the nearest name that exists."""

import dataclasses
import difflib
import hashlib
import json
import tomllib
import types
import typing
from collections.abc import Mapping
from typing import Any

from yunqi.cloud.training.model import Kind, Recipe
from yunqi.kernel.errors import Invalid

_HIDDEN = ("folder",)


def read_recipe(text: str, *, folder: str = ".", where: str = "recipe") -> Recipe:
    """Read a recipe.

    Parameters
    ----------
    text
        TOML.
    folder
        Where the recipe's relative paths start.
    where
        How errors call the text, usually its file's name.

    Raises
    ------
    Invalid
        For text that is not TOML, an unknown key (the message suggests the nearest one), or a value that cannot be.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{where} is not valid TOML: {error}. Mend that place and run it again.") from error
    return recipe_of(tables, folder=folder, where=where)


def recipe_of(tables: Mapping[str, Any], *, folder: str = ".", where: str = "recipe") -> Recipe:
    """Return the recipe that nested tables describe; see `read_recipe`."""
    for name in ("kind", "name"):
        if not isinstance(tables.get(name), str):
            hint = f" Kinds are {', '.join(Kind)}." if name == "kind" else ""
            raise Invalid(f'{where}: {name} is missing; write {name} = "..." at the top.{hint}', param=name)
    kinds = [kind.value for kind in Kind]
    if tables["kind"] not in kinds:
        near = difflib.get_close_matches(tables["kind"], kinds, 1)
        hint = f" Did you mean {near[0]!r}?" if near else f" Kinds are {', '.join(Kind)}."
        raise Invalid(f"{where}: there is no kind {tables['kind']!r}.{hint}", param="kind")
    try:
        values = _values(Recipe, dict(tables), "", where)
        return Recipe(**{**values, "folder": folder})
    except Invalid as error:
        if error.message.startswith(where):
            raise
        raise Invalid(f"{where}: {error.message}", param=error.param) from error


def canonical(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as plain values, without the folder it lay in."""
    found: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(recipe)))
    return {name: value for name, value in found.items() if name not in _HIDDEN}


def identity(recipe: Recipe) -> str:
    """Return the recipe's hash: two runs of one hash and the same data are the same run."""
    text = json.dumps(canonical(recipe), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _values(cls: type, table: dict[str, Any], path: str, where: str) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    known = [field.name for field in dataclasses.fields(cls) if field.name not in _HIDDEN]
    for name in table:
        if name not in known:
            raise Invalid(f"{where}: unknown key {path + name!r}.{_suggestion(name, known, path)}", param=name)
    return {name: _convert(value, hints[name], f"{path}{name}", where) for name, value in table.items()}


def _suggestion(name: str, known: list[str], path: str) -> str:
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f" Did you mean {path + near[0]!r}?"
    elsewhere = [
        f"{field.name}.{name}"
        for field in dataclasses.fields(Recipe)
        if dataclasses.is_dataclass(field.default) and name in {f.name for f in dataclasses.fields(field.default)}
    ]
    return f" Did you mean {elsewhere[0]!r}?" if elsewhere else f" Known here: {', '.join(known)}."


def _convert(value: Any, hint: Any, path: str, where: str) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        _require(isinstance(value, dict), path, value, "a table", where)
        return hint(**_values(hint, value, f"{path}.", where))
    if typing.get_origin(hint) is tuple:
        _require(isinstance(value, list), path, value, "a list", where)
        item = typing.get_args(hint)[0]
        return tuple(_convert(one, item, f"{path}[{number}]", where) for number, one in enumerate(value))
    if hint is Kind:
        return Kind(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, types.UnionType):
        hint = typing.get_args(hint)[0]
    right = isinstance(value, hint) and not (isinstance(value, bool) and hint is not bool)
    _require(
        right,
        path,
        value,
        {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}[hint],
        where,
    )
    return value


def _require(holds: bool, path: str, value: Any, what: str, where: str) -> None:
    if not holds:
        raise Invalid(f"{where}: {path} = {value!r} must be {what}.", param=path)
