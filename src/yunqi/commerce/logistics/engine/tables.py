"""Tables as spreadsheets write them: cells parted by comma, semicolon or tab, numbers with a point or a comma."""

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from yunqi.kernel.errors import Invalid

PARTED_BY = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its line in the file, and its cells by column."""

    line: int
    cells: dict[str, str]
    comma: bool

    def text(self, column: str, default: str = "") -> str:
        """Return a cell without blanks around it; ``default`` where the table has no such column or the cell is empty."""
        return self.cells.get(column, "") or default

    def figure(self, column: str, default: str = "") -> str:
        """Return the text of a number, with a decimal point where the file has a comma."""
        return pointed(self.text(column, default)) if self.comma else self.text(column, default)


def parted_by(text: str) -> str:
    """Return what parts the cells, by the first line."""
    return max(PARTED_BY, key=first_line(text).count)


def first_line(text: str) -> str:
    """Return the first line, without the mark that some spreadsheets put before it."""
    end = text.find("\n")
    return (text if end < 0 else text[:end]).lstrip("\ufeff").rstrip("\r")


def column_names(text: str, known: Collection[str]) -> list[str]:
    """Return the names in the first line without blanks around them; capitals don't count in those that are ``known``.

    Raises
    ------
    Invalid
        The first line names no columns.
    """
    try:
        names = [name.strip() for name in next(csv.reader([first_line(text)], delimiter=parted_by(text)), [])]
    except csv.Error:
        names = []
    if not any(names):
        raise Invalid("the first line of the table must name its columns, and lines must end with a line feed", "file")
    return [name.casefold() if name.casefold() in known else name for name in names]


def pointed(cell: str) -> str:
    """Return a number with a decimal comma as one with a point; anything else as it is."""
    return cell.replace(",", ".") if cell.count(",") == 1 and "." not in cell else cell


def decimal_sign(text: str) -> str:
    """Return the sign before decimals: a comma where cells are parted by another sign and the table has commas."""
    return "," if parted_by(text) != "," and "," in text else "."


def rows(text: str, *, what: str, needed: Sequence[str], known: Sequence[str] = ()) -> Iterator[Row]:
    """Return the rows of a table that begins with the names of its columns; capitals don't count in those.

    Where cells are parted by semicolons or tabs, as where the comma is the decimal sign, ``1,5`` is read as 1.5.

    Parameters
    ----------
    what
        The table's name in messages.
    needed, known
        Columns that must be there, and ones that may; a column whose name is nearly one of these is refused.

    Raises
    ------
    Invalid
        Names the line or the column that is wrong.
    """
    plain = text.lstrip("\ufeff")
    sign = parted_by(plain)
    reader = csv.reader(io.StringIO(plain, newline=""), delimiter=sign)
    try:
        names = [name.strip().casefold() for name in next(reader, [])]
        _check_names(names, what, needed, known)
        empty = True
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                raise Invalid(f"{what} line {reader.line_num}: {len(cells)} cells for {len(names)} columns", "file")
            empty = False
            found = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
            yield Row(reader.line_num, found, sign != ",")
    except csv.Error as error:
        raise Invalid(f"{what} line {reader.line_num}: {error}", "file") from error
    if empty:
        raise Invalid(f"{what} has no rows", "file")


def _check_names(names: Sequence[str], what: str, needed: Sequence[str], known: Sequence[str]) -> None:
    folded = [name.casefold() for name in needed]
    for column, name in zip(needed, folded, strict=True):
        if name not in names:
            raise Invalid(
                f"{what} lacks the column {column}; it needs {', '.join(needed)}, parted by commas, semicolons or tabs",
                column,
            )
    if twice := [name for name, times in Counter(names).items() if times > 1 and name]:
        raise Invalid(f"{what} has two columns {twice[0]}", twice[0])
    for name in names:
        near = get_close_matches(name, [one.casefold() for one in known], 1, 0.7)
        if name not in folded and name not in [one.casefold() for one in known] and near:
            raise Invalid(f"{what} has a column {name}; did you mean {near[0]}?", name)
