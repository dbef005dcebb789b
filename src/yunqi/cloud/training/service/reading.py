"""Reads example files; a broken line is named by its file and number."""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from yunqi.cloud.training.model import DataBroken, Recipe
from yunqi.kernel.errors import Invalid

Row = tuple[int, dict[str, Any]]

_ENDINGS = (".jsonl", ".txt", ".parquet")


def resolve(path: str, folder: str) -> Path:
    """Return the file that a recipe's path means.

    Raises
    ------
    Invalid
        When it is not there or not of a kind that can be read.
    """
    found = Path(path).expanduser()
    found = found if found.is_absolute() else Path(folder) / found
    if not found.is_file():
        near = difflib.get_close_matches(found.name, [p.name for p in found.parent.glob("*")], 1)
        hint = f" Did you mean {near[0]}?" if near else " Paths start at the recipe's folder."
        raise Invalid(f"The data file {found} is not there.{hint}", param="path")
    if not found.name.endswith(_ENDINGS) and ".parquet" not in found.name:
        raise Invalid(f"{found} must be one of {', '.join(_ENDINGS)}.", param="path")
    return found


def rows(path: Path, *, limit: int = 0) -> Iterator[Row]:
    """Yield line numbers, from 1, and examples; a line of a text file is ``{"text": line}``.

    Raises
    ------
    DataBroken
        At a line that is not valid.
    """
    for seen, row in enumerate(_rows(path)):
        if limit and seen >= limit:
            return
        yield row


def _rows(path: Path) -> Iterator[Row]:
    if ".parquet" in path.name:
        yield from _parquet(path)
    elif path.suffix == ".txt":
        yield from ((number, {"text": text}) for number, text in _lines(path) if text.strip())
    else:
        yield from ((number, _object(path, number, text)) for number, text in _lines(path) if text.strip())


def scan(recipe: Recipe) -> tuple[int, int]:
    """Return how many documents an epoch of a recipe's data has, its mixing weights counted, and their characters.

    Raises
    ------
    Invalid, DataBroken
        When a file is missing or a line is not valid.
    """
    documents = characters = 0
    others = [source.path for source in recipe.heldout] + [suite.path for suite in recipe.evaluate if suite.path]
    for path in others:
        resolve(path, recipe.folder)
    for source in recipe.data:
        count = size = 0
        for _, values in rows(resolve(source.path, recipe.folder), limit=source.limit):
            count += 1
            size += sum(len(value) for value in values.values() if isinstance(value, str))
        documents, characters = documents + round(count * source.weight), characters + round(size * source.weight)
    return documents, characters


def text_of(path: Path, row: Row, field: str) -> str:
    """Return one text field of an example.

    Raises
    ------
    DataBroken
        When the example has no such text.
    """
    number, values = row
    found = values.get(field)
    if field in values and not isinstance(found, str):
        raise DataBroken(f"{path}, line {number}: {field!r} is {str(found)[:40]!r}, which is no text.", param=field)
    if not isinstance(found, str):
        near = difflib.get_close_matches(field, list(values), 1)
        hint = f" Did you mean {near[0]!r}?" if near else f" It has: {', '.join(map(repr, values)) or 'nothing'}."
        raise DataBroken(f"{path}, line {number}: there is no text {field!r}.{hint}", param=field)
    return found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise DataBroken(
                    f"{path}, line {number}: byte {error.start + 1} is not UTF-8. Save the file as UTF-8."
                ) from error


def _object(path: Path, number: int, text: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise DataBroken(f"{path}, line {number}: not valid JSON ({error}). Mend or remove that line.") from error
    if not isinstance(found, dict):
        raise DataBroken(f'{path}, line {number}: a JSON object is needed, as {{"text": "..."}}.')
    return found


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=4096):
                for values in batch.to_pylist():
                    number += 1
                    yield number, values
    except (pa.ArrowInvalid, OSError) as error:
        raise DataBroken(f"{path} cannot be read as Parquet: {error}") from error
