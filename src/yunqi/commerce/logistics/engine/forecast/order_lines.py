"""Order lines with their returns, from a table."""

from datetime import date, timedelta

import numpy as np

from yunqi.commerce.logistics.engine import tables
from yunqi.commerce.logistics.model.returns import OrderLines
from yunqi.kernel.errors import Invalid

EPOCH = date(1970, 1, 1)
COLUMNS = ("id", "ordered", "returned", "product")
MOST_LINES = 3_000_000


def read_order_lines(text: str, *, as_of: date) -> OrderLines:
    """Read CSV with the columns ``id``, ``ordered``, ``returned`` (days; empty while it is out), ``product``, ``category``.

    ``category`` may be absent: then all products are of one.

    Raises
    ------
    Invalid
        Names the line that is wrong.
    """
    last = (as_of - EPOCH).days
    seen: dict[str, None] = {}
    rows: list[tuple[int, int]] = []
    products: list[str] = []
    categories: list[str] = []
    for row in tables.rows(text, what="the table of order lines", needed=COLUMNS, known=("category",)):
        number, name, product = row.line, row.text("id"), row.text("product")
        if not name or name in seen:
            raise Invalid(f"line {number}: id {name!r} is {'empty' if not name else 'there twice'}", "id")
        if not product:
            raise Invalid(f"line {number}: product is empty", "product")
        seen[name] = None
        rows.append(_days(row.text("ordered"), row.text("returned"), number, last))
        products.append(product)
        categories.append(row.text("category", "-"))
        if len(rows) > MOST_LINES:
            raise Invalid(f"more than {MOST_LINES} lines; leave out old ones", "file")
    times = np.array(rows, np.int64)
    names, product_at = np.unique(products, return_inverse=True)
    kinds, category_at = np.unique(categories, return_inverse=True)
    _one_category(names, product_at, kinds, category_at)
    return OrderLines(
        tuple(seen), times[:, 0], times[:, 1], product_at.astype(np.int64),
        tuple(map(str, names)), category_at.astype(np.int64), tuple(map(str, kinds)), last,
    )  # fmt: skip


def _days(ordered: str, returned: str, number: int, last: int) -> tuple[int, int]:
    first = _day(ordered, number, "ordered")
    if first > last:
        raise Invalid(
            f"line {number}: ordered {ordered} is after {EPOCH + timedelta(days=last)}, in the future", "ordered"
        )
    if not returned:
        return first, -1
    back = _day(returned, number, "returned")
    if back < first:
        raise Invalid(f"line {number}: returned {returned} is before it was ordered", "returned")
    if back > last:
        raise Invalid(
            f"line {number}: returned {returned} is after {EPOCH + timedelta(days=last)}, in the future", "returned"
        )
    return first, back - first


def _day(value: str, number: int, name: str) -> int:
    try:
        return (date.fromisoformat(value) - EPOCH).days
    except ValueError as error:
        raise Invalid(f"line {number}: {name} {value!r} is no day as 2026-11-25", name) from error


def _one_category(names: np.ndarray, product: np.ndarray, kinds: np.ndarray, category: np.ndarray) -> None:
    """Refuse a product that is of two categories."""
    of = np.full(len(names), -1)
    of[product] = category
    wrong = np.flatnonzero(of[product] != category)
    if wrong.size:
        row = int(wrong[0])
        both = f"{kinds[category[row]]} and {kinds[of[product[row]]]}"
        raise Invalid(f"product {names[product[row]]} is of two categories, {both}", "category")
