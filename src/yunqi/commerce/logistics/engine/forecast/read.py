"""A panel of demand from a table: series, day, units."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yunqi.commerce.logistics.engine.forecast.arrow import read_table
from yunqi.commerce.logistics.engine.tables import column_names
from yunqi.commerce.logistics.model.forecast import Panel
from yunqi.kernel.errors import Invalid

LONGEST = 3_660
"""Days between the first and the last row; more is taken for a mistake in a date."""
LARGEST = 1e12
"""Units a day; more is taken for a mistake."""
CELLS = 300_000_000
"""Series times days that are kept in memory (2.4 GB)."""


def read_csv(text: str) -> Panel:
    """Read a table with the columns ``id`` (or ``series``), ``date`` (YYYY-MM-DD) and ``quantity``, in any order of rows.

    Several rows of one series and day add up; days without a row count as 0.

    Raises
    ------
    Invalid
        Names the column or the line that is wrong.
    """
    kinds = {"id": pa.string(), "series": pa.string(), "quantity": pa.float64(), "date": pa.date32()}
    table = read_table(text, column_names(text, kinds), kinds, what="the demand table")
    name = "id" if "id" in table.column_names else "series"
    for column in (name, "date", "quantity"):
        if column not in table.column_names:
            raise Invalid(f"the demand table lacks the column {column}; it needs id, date, quantity", "file")
    if not table.num_rows:
        raise Invalid("the demand table has no rows", "file")
    for column in (name, "date", "quantity"):
        if table[column].null_count:
            line = 2 + int(np.flatnonzero(table[column].is_null().to_numpy())[0])
            raise Invalid(f"line {line}: {column} is empty", column)
    quantity = table["quantity"].to_numpy()
    bad = np.flatnonzero(~((quantity >= 0) & (quantity <= LARGEST)))
    if bad.size:
        raise Invalid(
            f"line {2 + int(bad[0])}: quantity must be a number from 0 to {LARGEST:g}, not {quantity[bad[0]]}",
            "quantity",
        )
    return _panel(table, name, quantity)


def _panel(table: pa.Table, name: str, quantity: np.ndarray) -> Panel:
    encoded = pc.dictionary_encode(table[name].combine_chunks())
    ids = tuple(encoded.dictionary.to_pylist())
    days = table["date"].cast(pa.int32()).to_numpy()
    first, last = int(days.min()), int(days.max())
    if last - first >= LONGEST:
        raise Invalid(f"the dates reach from {_day(first)} to {_day(last)}, over {LONGEST} days; check them", "date")
    if len(ids) * (last - first + 1) > CELLS:
        raise Invalid(f"{len(ids)} series of {last - first + 1} days are too many for one run; split the file", "file")
    demand = np.zeros((len(ids), last - first + 1))
    np.add.at(demand, (encoded.indices.to_numpy(), days - first), quantity)
    return Panel(ids, _day(first), demand)


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)
