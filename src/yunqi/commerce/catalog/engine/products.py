"""From a feed's row to a product: Google Merchant columns, checked one by one."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from yunqi.commerce.catalog.engine.rows import Row, nearest
from yunqi.commerce.catalog.model import Availability, FeedRefused, Money, Product, RowError
from yunqi.kernel.errors import Invalid

COLUMNS = (
    "id",
    "title",
    "description",
    "link",
    "image_link",
    "availability",
    "price",
    "sale_price",
    "sale_price_effective_date",
    "brand",
    "gtin",
    "mpn",
    "product_type",
    "google_product_category",
    "item_group_id",
    "size",
    "color",
    "unit_pricing_measure",
    "cost_of_goods_sold",
    "custom_label_0",
    "custom_label_1",
    "custom_label_2",
    "custom_label_3",
    "custom_label_4",
    "quantity",
    "title_derived",
)
"""The columns that are kept. All but ``title_derived`` (and ``quantity``) are Google Merchant's."""

_UNUSED_TEXT = (
    "additional_image_link adult age_group availability_date canonical_link condition energy_efficiency_class "
    "excluded_destination expiration_date gender identifier_exists included_destination installment is_bundle "
    "loyalty_points material max_handling_time min_handling_time mobile_link multipack pattern product_detail "
    "product_height product_highlight product_length product_weight product_width promotion_id shipping "
    "shipping_height shipping_label shipping_length shipping_weight shipping_width short_title size_system size_type "
    "tax tax_category unit_pricing_base_measure ads_redirect pause display_ads_id"
)
UNUSED = frozenset(_UNUSED_TEXT.split())
"""Google Merchant columns that are taken without complaint and not kept."""

LONGEST_ID = 190
LONGEST_TITLE = 2000
LONGEST_NAME = 190
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_GTIN = re.compile(r"\d{8}|\d{12,14}", re.ASCII)
_AVAILABILITY = {
    "": Availability.IN_STOCK,
    **{kind.value: kind for kind in Availability},
    **{kind.value.replace("_", " "): kind for kind in Availability},
}


def check_columns(names: Iterable[str]) -> list[RowError]:
    """Return a warning for each column that is not known.

    Raises
    ------
    FeedRefused
        When a required column is missing.
    """
    given = list(names)
    for required in ("id", "title"):
        if required not in given:
            raise FeedRefused(f"The feed has no column {required!r}; it has: {', '.join(given)[:300]}.")
    unknown = [name for name in given if name not in COLUMNS and name not in UNUSED]
    return [
        RowError(1, name, f"The column {name!r} is not known and was left out.{nearest(name, COLUMNS)}", warning=True)
        for name in unknown
    ]


class ProductReader:
    """Reads products in one currency.

    Parameters
    ----------
    currency
        The shop's; rows in another one are rejected.
    field_bytes
        Longest text of a field.
    """

    def __init__(self, currency: str, field_bytes: int) -> None:
        self._currency = currency
        self._field_bytes = field_bytes

    def read(self, row: Row) -> Product | RowError:
        """Return the row's product, or what is wrong with the row."""
        values = row.values
        column = ""
        try:
            texts: dict[str, str] = {}
            for column in values:
                value = values[column]
                texts[column] = self._text(value) if value.__class__ is not str or not _plain(value) else value
            return self._product(texts)
        except _Bad as bad:
            return RowError(row.line, bad.column or column, bad.message, _shown(values.get(bad.column or column)))

    def _text(self, value: Any) -> str:
        text = as_text(value)
        if len(text) > self._field_bytes or (
            len(text) * 4 > self._field_bytes and len(text.encode()) > self._field_bytes
        ):
            raise _Bad(f"The field is longer than {self._field_bytes:,} bytes.")
        if _CONTROL.search(text):
            raise _Bad("The field has a control character. Remove it.")
        return text.strip()

    def _product(self, texts: dict[str, str]) -> Product:
        get = texts.get
        price, sale = self._money(texts, "price"), self._money(texts, "sale_price")
        if sale is not None and (price is None or price < sale):
            raise _Bad("The sale price is above the price, or there is no price.", "sale_price")
        starts, ends = _checked(_interval, "sale_price_effective_date", get("sale_price_effective_date", ""))
        return Product(
            id=_short(get("id", ""), "id", LONGEST_ID, required=True),
            title=_short(get("title", ""), "title", LONGEST_TITLE, required=True),
            description=get("description", ""),
            link=_address(get("link", ""), "link"),
            image_link=_address(get("image_link", ""), "image_link"),
            availability=_availability(get("availability", "")),
            price=price,
            sale_price=sale,
            sale_starts=starts,
            sale_ends=ends,
            brand=_short(get("brand", ""), "brand", LONGEST_NAME),
            gtin=_gtin(get("gtin", "")),
            mpn=_short(get("mpn", ""), "mpn", LONGEST_NAME),
            category=_path(get("product_type", "")),
            google_product_category=get("google_product_category", ""),
            item_group_id=_short(get("item_group_id", ""), "item_group_id", LONGEST_NAME),
            size=get("size", ""),
            color=get("color", ""),
            unit_pricing_measure=get("unit_pricing_measure", ""),
            cost_of_goods_sold=self._money(texts, "cost_of_goods_sold"),
            labels=(
                get("custom_label_0", ""),
                get("custom_label_1", ""),
                get("custom_label_2", ""),
                get("custom_label_3", ""),
                get("custom_label_4", ""),
            ),
            quantity=_quantity(get("quantity", "")),
            title_derived=_flag(get("title_derived", "")),
        )

    def _money(self, texts: dict[str, str], column: str) -> Money | None:
        text = texts.get(column)
        if not text:
            return None
        money: Money = _checked(_amount, column, text)
        if money.amount_minor < 0:
            raise _Bad("The amount is negative.", column)
        if money.currency != self._currency:
            raise _Bad(f"The amount is in {money.currency}; the shop sells in {self._currency}.", column)
        return money


class _Bad(Exception):
    def __init__(self, message: str, column: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.column = column


def as_text(value: Any) -> str:
    """Return a value of JSONL or Parquet as a CSV would write it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return ",".join(as_text(part) for part in value)
    raise _Bad(f"The field is a {type(value).__name__}; write text.")


@lru_cache(65536)
def _plain(text: str) -> bool:
    """Whether a short text needs no care (most values repeat, so this is nearly always a look-up)."""
    return len(text) < 1000 and text.isprintable() and text == text.strip()


def _shown(value: Any) -> str:
    return "" if value is None else str(value)[:200] if isinstance(value, str) else repr(value)[:200]


def _checked(read: Callable[[str], Any], column: str, text: str) -> Any:
    try:
        return read(text)
    except Invalid as error:
        raise _Bad(error.message, column) from None
    except ValueError:
        raise _Bad("Not an ISO 8601 interval. Write it as 2026-01-31T00:00Z/2026-02-28T00:00Z.", column) from None


@lru_cache(65536)
def _amount(text: str) -> Money:
    return Money.parse(text)


@lru_cache(4096)
def _interval(text: str) -> tuple[datetime | None, datetime | None]:
    if not text:
        return None, None
    start, _, end = text.partition("/")
    starts, ends = moment(start), moment(end)
    if ends < starts:
        raise Invalid("The interval ends before it begins.")
    return starts, ends


def moment(text: str) -> datetime:
    """Return an ISO 8601 time in UTC; without an offset it is UTC already."""
    at = datetime.fromisoformat(text.strip())
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None


@lru_cache(65536)
def _path(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(">"))
    return tuple(part for part in parts if part)[:10]


def _short(text: str, column: str, longest: int, *, required: bool = False) -> str:
    if required and not text:
        raise _Bad(f"The {column} is missing.", column)
    if len(text) > longest:
        raise _Bad(f"The {column} has more than {longest} characters.", column)
    return text


def _address(text: str, column: str) -> str:
    if text and not text.startswith(("https://", "http://", "/")):
        raise _Bad("The address does not begin with https:// or http://.", column)
    return text


def _availability(text: str) -> Availability:
    found = _AVAILABILITY.get(text) or _AVAILABILITY.get(text.lower())
    if found is None:
        raise _Bad(f"Not one of {', '.join(kind.value for kind in Availability)}.", "availability")
    return found


def _gtin(text: str) -> str:
    if text and not _GTIN.fullmatch(text):
        raise _Bad("A GTIN has 8, 12, 13 or 14 digits.", "gtin")
    return text


def _quantity(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise _Bad("The quantity is not a whole number from 0 to 999999999.", "quantity")
    return int(text)


def _flag(text: str) -> bool:
    word = text.lower()
    if word in ("", "false", "no", "0"):
        return False
    if word in ("true", "yes", "1"):
        return True
    raise _Bad("Not true or false.", "title_derived")
