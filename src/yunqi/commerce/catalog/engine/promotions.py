"""From a feed's row to a promotion: Google Merchant promotions columns."""

from collections.abc import Iterable
from typing import Any

from yunqi.commerce.catalog.engine.products import as_text, moment
from yunqi.commerce.catalog.engine.rows import Row, nearest
from yunqi.commerce.catalog.model import FeedRefused, Promotion, RowError

COLUMNS = (
    "promotion_id",
    "long_title",
    "item_id",
    "promotion_effective_dates",
    "generic_redemption_code",
)
"""The columns that are kept; ``item_id`` lists products separated by commas."""

_UNUSED_TEXT = (
    "product_applicability offer_type redemption_channel promotion_display_dates promotion_destination percent_off "
    "money_off_amount minimum_purchase_amount free_shipping brand product_type item_group_id description "
    "item_id_exclusion brand_exclusion item_group_id_exclusion product_type_exclusion"
)
UNUSED = frozenset(_UNUSED_TEXT.split())

MOST_PRODUCTS = 100_000


def check_columns(names: Iterable[str]) -> list[RowError]:
    """Return a warning for each unknown column; raises `FeedRefused` when a required one is missing."""
    given = list(names)
    for required in ("promotion_id", "long_title", "promotion_effective_dates"):
        if required not in given:
            raise FeedRefused(f"The feed has no column {required!r}; it has: {', '.join(given)[:300]}.")
    unknown = [name for name in given if name not in COLUMNS and name not in UNUSED]
    return [
        RowError(1, name, f"The column {name!r} is not known and was left out.{nearest(name, COLUMNS)}", warning=True)
        for name in unknown
    ]


def read_promotion(row: Row) -> Promotion | RowError:
    """Return the row's promotion, or what is wrong with the row."""

    def bad(column: str, message: str) -> RowError:
        return RowError(row.line, column, message, str(row.values.get(column, ""))[:200])

    promotion_id, title = _text(row, "promotion_id"), _text(row, "long_title")
    if not promotion_id or len(promotion_id) > 190:
        return bad("promotion_id", "The promotion_id is missing or has more than 190 characters.")
    if not title or len(title) > 2000:
        return bad("long_title", "The title is missing or has more than 2000 characters.")
    try:
        start, _, end = _text(row, "promotion_effective_dates").partition("/")
        starts, ends = moment(start), moment(end)
    except ValueError:
        return bad("promotion_effective_dates", "Not an ISO 8601 interval, as 2026-01-31T00:00Z/2026-02-28T00:00Z.")
    if ends < starts:
        return bad("promotion_effective_dates", "The promotion ends before it begins.")
    products = _products(row.values.get("item_id"))
    if len(products) > MOST_PRODUCTS or any(len(product) > 190 for product in products):
        return bad("item_id", f"More than {MOST_PRODUCTS:,} products, or an id of more than 190 characters.")
    code = _text(row, "generic_redemption_code")[:190]
    return Promotion(id=promotion_id, title=title, product_ids=products, starts=starts, ends=ends, coupon_code=code)


def _text(row: Row, column: str) -> str:
    value = row.values.get(column)
    return (
        value.strip() if isinstance(value, str) else "" if isinstance(value, (dict, bytes)) else as_text(value).strip()
    )


def _products(value: Any) -> tuple[str, ...]:
    if isinstance(value, (list, tuple)):
        return tuple(dict.fromkeys(str(part) for part in value))
    parts = str(value or "").split(",")
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
