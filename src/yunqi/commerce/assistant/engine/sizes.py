"""Package sizes and what a unit costs."""

import re
from decimal import ROUND_HALF_UP, Decimal

from yunqi.commerce.assistant.model import UnitPrice
from yunqi.commerce.catalog import Money

_SIZE = re.compile(r"(\d{1,5}(?:\.\d{1,3})?|\.\d{1,3})\s*([A-Z]+(?: OZ)?)\.?", re.IGNORECASE | re.ASCII)

# Unit as written -> unit to compare in, and how many of it. Fluid and dry ounces are both written OZ in many feeds, so
# OZ is never turned into millilitres or grams; a quart is never compared with an OZ.
_UNITS = {
    "OZ": ("oz", "1"),
    "LB": ("oz", "16"),
    "LBS": ("oz", "16"),
    "G": ("100 g", "0.01"),
    "GM": ("100 g", "0.01"),
    "KG": ("100 g", "10"),
    "ML": ("100 ml", "0.01"),
    "L": ("100 ml", "10"),
    "LT": ("100 ml", "10"),
    "FL OZ": ("fl oz", "1"),
    "PT": ("qt", "0.5"),
    "QT": ("qt", "1"),
    "GAL": ("qt", "4"),
    "GA": ("qt", "4"),
    "CT": ("piece", "1"),
    "PC": ("piece", "1"),
    "PK": ("piece", "1"),
    "EA": ("piece", "1"),
    "DZ": ("piece", "12"),
    "LOAD": ("load", "1"),
    "LOADS": ("load", "1"),
    "LD": ("load", "1"),
    "ROLL": ("roll", "1"),
    "ROLLS": ("roll", "1"),
}


def unit_price(size: str, price: Money | None) -> UnitPrice | None:
    """Return what a unit costs; None for sizes that are not simply a number and a unit (``6 CT/12 OZ``)."""
    found = _SIZE.fullmatch(size.strip())
    if found is None or price is None or found[2].upper() not in _UNITS:
        return None
    unit, factor = _UNITS[found[2].upper()]
    amount = Decimal(found[1]) * Decimal(factor)
    if amount <= 0:
        return None
    hundredths = (Decimal(price.amount_minor) * 100 / amount).quantize(Decimal(1), ROUND_HALF_UP)
    return UnitPrice(int(hundredths), price.currency, unit)
