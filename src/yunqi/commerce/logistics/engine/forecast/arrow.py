"""Large tables read by Arrow: cells parted as spreadsheets do it, and messages that name the line."""

import io
import re
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.csv as pacsv

from yunqi.commerce.logistics.engine.tables import decimal_sign, parted_by
from yunqi.kernel.errors import Invalid

_WRONG = re.compile(
    r"In CSV column #(\d+): (?:Row #(\d+): )?CSV conversion error to (\w+).*?: invalid value '(.*)'", re.DOTALL
)


def read_table(
    text: str, names: Sequence[str], kinds: Mapping[str, pa.DataType], *, what: str, empty_is_text: bool = False
) -> pa.Table:
    """Return the columns of a table.

    Parameters
    ----------
    names
        Of the columns, from `engine.tables.column_names`.
    kinds
        Types of columns that are not to be guessed.
    what
        The table's name in messages.
    empty_is_text
        Whether an empty cell of a text column is an empty text, not nothing.

    Raises
    ------
    Invalid
        Names the line and the column that is wrong.
    """
    if len(set(names)) < len(names):
        raise Invalid(f"{what} has two columns of one name", "file")

    def read(threads: bool) -> pa.Table:
        return pacsv.read_csv(
            io.BytesIO(text.encode()),
            read_options=pacsv.ReadOptions(column_names=list(names), skip_rows=1, use_threads=threads),
            parse_options=pacsv.ParseOptions(delimiter=parted_by(text), newlines_in_values=False),
            convert_options=pacsv.ConvertOptions(
                column_types=dict(kinds), decimal_point=decimal_sign(text), strings_can_be_null=not empty_is_text
            ),
        )

    try:
        return read(True)
    except pa.ArrowInvalid:
        try:
            return read(False)  # one thread knows the number of the line
        except pa.ArrowInvalid as error:
            raise Invalid(f"{what} {_said(str(error), names)}", "file") from error


def _said(error: str, names: Sequence[str]) -> str:
    found = _WRONG.search(error)
    if found is None:
        return f"can't be read: {' '.join(error.split())[:200]}"
    column, row, kind, value = found.groups()
    wanted = "a day as 2026-11-25" if kind.startswith("date") else "a number"
    line = f"line {row}: " if row else ""
    return f"{line}{names[int(column)]} {value[:40]!r} is not {wanted}"
