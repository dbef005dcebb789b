"""What is known of the days to come, as promotions, from a table."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from yunqi.commerce.logistics.engine.forecast.arrow import read_table
from yunqi.commerce.logistics.engine.forecast.read import LARGEST
from yunqi.commerce.logistics.engine.tables import column_names
from yunqi.commerce.logistics.model.forecast import Panel
from yunqi.kernel.errors import Invalid

MOST = 8
"""Quantities that a table may hold."""
CELLS = 400_000_000
"""Series times days times quantities that are kept in memory (1.6 GB)."""


def read_known(text: str, panel: Panel, *, horizon: int) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """Read CSV with the columns ``id``, ``date`` and one or more quantities; what has no row is 0.

    Returns
    -------
    tuple
        The quantities [series, days of the panel and ``horizon`` more, names], and the names.

    Raises
    ------
    Invalid
        Names the line or the column that is wrong; the table ends before the horizon does.
    """
    header = column_names(text, ("id", "series", "date"))
    names = tuple(name for name in header if name not in ("id", "series", "date"))
    kinds = {"id": pa.string(), "series": pa.string(), "date": pa.date32()} | dict.fromkeys(names, pa.float64())
    table = read_table(text, header, kinds, what="the table of what is known")
    key = "id" if "id" in header else "series"
    if key not in header or "date" not in header or not 1 <= len(names) <= MOST:
        raise Invalid(f"the table of what is known needs id, date and 1 to {MOST} quantities", "known")
    if not table.num_rows:
        raise Invalid("the table of what is known has no rows", "known")
    days = panel.demand.shape[1] + horizon
    if len(panel.ids) * days * len(names) > CELLS:
        raise Invalid("series, days and known quantities are too many for one run; split the file", "known")
    at = {name: row for row, name in enumerate(panel.ids)}
    rows = np.array([at.get(str(name), -1) for name in table[key].to_pylist()])
    if any(table[column].null_count for column in (key, "date")):
        raise Invalid("the table of what is known has rows without id or date", "known")
    when = table["date"].cast(pa.int32()).to_numpy() - (panel.first - date(1970, 1, 1)).days
    _reaches(when, panel, days)
    found = np.zeros((len(panel.ids), days, len(names)), np.float32)
    kept = (rows >= 0) & (when >= 0) & (when < days)
    _once(rows, when, kept, days, table[key].to_pylist())
    for column, name in enumerate(names):
        values = table[name].to_numpy()
        bad = np.flatnonzero(~((values >= 0) & (values <= LARGEST)))
        if bad.size:
            raise Invalid(f"known line {2 + int(bad[0])}: {name} must be a number from 0 to {LARGEST:g}", name)
        found[rows[kept], when[kept], column] = values[kept]
    return found, names


def _reaches(when: npt.NDArray[np.int64], panel: Panel, days: int) -> None:
    """Refuse a table that says nothing of the last week that is forecast: its author forgot the days to come."""
    if when.size and int(when.max()) < panel.demand.shape[1]:
        ends = panel.first + timedelta(days=int(when.max()))
        last = panel.first + timedelta(days=days - 1)
        raise Invalid(f"what is known ends on {ends}, before the days that are forecast (to {last}); add them", "known")


def _once(
    rows: npt.NDArray[np.int64], when: npt.NDArray[np.int64], kept: npt.NDArray[np.bool_], days: int, ids: list[str]
) -> None:
    cells = np.where(kept, rows.astype(np.int64) * days + when, -1 - np.arange(len(rows)))
    order = np.argsort(cells, kind="stable")
    twice = np.flatnonzero((np.diff(cells[order]) == 0) & (cells[order][1:] >= 0))
    if twice.size:
        line = int(order[1:][twice[0]])
        raise Invalid(f"known line {2 + line}: {ids[line]} has another row for that day", "known")
