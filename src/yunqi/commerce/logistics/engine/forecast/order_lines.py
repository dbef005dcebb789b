"""Order lines with their returns, from a table."""

import csv
import io
from datetime import date, timedelta

import numpy as np

from yunqi.commerce.logistics.model.returns import OrderLines
from yunqi.kernel.errors import Invalid

EPOCH = date(1970, 1, 1)
MOST_LINES = 3_000_000


def read_order_lines(text: str, *, as_of: date) -> OrderLines:
    """Read CSV with the columns ``id``, ``ordered``, ``returned`` (days; empty while it is out), ``product``, ``category``.

    ``category`` may be absent: then all products are of one.

    Raises
    ------
    Invalid
        Names the line that is wrong.
    """
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    if missing := {"id", "ordered", "returned", "product"} - set(reader.fieldnames or ()):
        raise Invalid(f"the order lines lack the column {sorted(missing)[0]}", "file")
    last = (as_of - EPOCH).days
    seen: dict[str, None] = {}
    rows: list[tuple[int, int]] = []
    products: list[str] = []
    categories: list[str] = []
    for row in reader:
        number, name, product = reader.line_num, (row["id"] or "").strip(), (row["product"] or "").strip()
        if not name or name in seen:
            raise Invalid(f"line {number}: id {name!r} is {'empty' if not name else 'there twice'}", "id")
        if not product:
            raise Invalid(f"line {number}: product is empty", "product")
        seen[name] = None
        rows.append(_days(row["ordered"], row["returned"], number, last))
        products.append(product)
        categories.append((row.get("category") or "").strip() or "-")
        if len(rows) > MOST_LINES:
            raise Invalid(f"more than {MOST_LINES} lines; leave out old ones", "file")
    if not rows:
        raise Invalid("there are no order lines", "file")
    times = np.array(rows, np.int64)
    names, product_at = np.unique(products, return_inverse=True)
    kinds, category_at = np.unique(categories, return_inverse=True)
    _one_category(names, product_at, kinds, category_at)
    return OrderLines(
        tuple(seen), times[:, 0], times[:, 1], product_at.astype(np.int64),
        tuple(map(str, names)), category_at.astype(np.int64), tuple(map(str, kinds)), last,
    )  # fmt: skip


def _days(ordered: str | None, returned: str | None, number: int, last: int) -> tuple[int, int]:
    first = _day(ordered, number, "ordered")
    if first > last:
        raise Invalid(
            f"line {number}: ordered {ordered} is after {EPOCH + timedelta(days=last)}, in the future", "ordered"
        )
    if not (returned or "").strip():
        return first, -1
    back = _day(returned, number, "returned")
    if back < first:
        raise Invalid(f"line {number}: returned {returned} is before it was ordered", "returned")
    if back > last:
        raise Invalid(
            f"line {number}: returned {returned} is after {EPOCH + timedelta(days=last)}, in the future", "returned"
        )
    return first, back - first


def _day(value: str | None, number: int, name: str) -> int:
    try:
        return (date.fromisoformat((value or "").strip()) - EPOCH).days
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
