"""Landed cost: a pure, auditable function of goods, freight and a duty table. No rate comes from here."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from yunqi.commerce.catalog import Money
from yunqi.commerce.logistics.engine.customs.duties import line_for
from yunqi.commerce.logistics.engine.keys import known
from yunqi.commerce.logistics.model.customs import Cost, DutyBase, DutyLine, Good, LandedCost, Rates
from yunqi.kernel.errors import Invalid

LARGEST = 10**15
GOOD = {"code", "origin", "value", "net_g", "preference"}


def landed_cost(
    goods: Sequence[Good],
    table: Sequence[DutyLine],
    *,
    destination: str,
    day: date,
    currency: str,
    freight: int = 0,
    insurance: int = 0,
    rates: Mapping[str, Decimal] | None = None,
) -> LandedCost:
    """Return what the goods cost at the door.

    Freight and insurance are divided by value into whole minor units that add up. Duty is charged on value with freight and
    insurance (or on the value alone, where the line says so) and by weight; tax on value, freight, insurance and duty. Each
    amount is rounded half up to whole minor units, and says from what it was reckoned.

    Parameters
    ----------
    table
        The duty lines that the user loaded; which one applies: `engine.customs.duties.line_for`.
    freight, insurance
        Minor units for the whole shipment.
    rates
        What one major unit of other currencies is in the shipment's, where a line has amounts in those.

    Raises
    ------
    Invalid
        A value is negative, a code no code, or a rate or weight is missing that a line asks for.
    NotFound
        No line covers a good on that day: nothing is guessed.
    """
    total = sum(good.value for good in goods)
    if not goods or total <= 0 or min(good.value for good in goods) < 0 or min(freight, insurance) < 0:
        raise Invalid(
            "goods need values that are not negative and not all 0; freight and insurance can't be negative", "goods"
        )
    costs = [
        Cost("goods", total, f"{len(goods)} lines"),
        Cost("freight", freight, "as given"),
        Cost("insurance", insurance, "as given"),
    ]
    exchange = Rates(currency, rates or {})
    shares = shared(freight + insurance, [good.value for good in goods])
    for number, (good, share) in enumerate(zip(goods, shares, strict=True), 1):
        line = line_for(good, table, destination, day)
        named = f"{line.code} from {line.origin} to {line.destination}, {line.source}"
        if line.preference:
            named += f", {line.preference}"
        duty, because = _duty(good, number, share, total, line, exchange)
        costs.append(Cost(f"duty {number}", duty, f"{because} ({named})"))
        tax, because = _tax(good.value + share + duty, total, line, exchange)
        costs.append(Cost(f"tax {number}", tax, f"{because} ({named})"))
    return LandedCost(currency, tuple(costs))


def shared(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide an amount by weights, not all 0, into whole numbers that add up to it: the largest remainders get one more."""
    whole = sum(weights)
    parts = [amount * weight // whole for weight in weights]
    most = sorted(range(len(weights)), key=lambda k: (-(amount * weights[k] % whole), k))
    for k in most[: amount - sum(parts)]:
        parts[k] += 1
    return parts


def _duty(good: Good, number: int, share: int, total: int, line: DutyLine, exchange: Rates) -> tuple[int, str]:
    if (free := _free(line.duty_free_to, total, exchange)) is not None:
        return 0, f"none up to {free}"
    base = good.value + (share if line.base is DutyBase.CIF else 0)
    duty, because = _round(base * line.duty), f"{_percent(line.duty)} of {base} minor units"
    if line.per_kg is not None:
        if good.net_g is None:
            raise Invalid(f"goods[{number}] needs net_g: line {line.code} has a duty by weight", "net_g")
        minor, words = exchange.minor(line.per_kg.amount, line.per_kg.currency)
        duty += _round(minor * good.net_g / 1000)
        because += (
            f" and {line.per_kg.amount} {line.per_kg.currency}{words} for each of {Decimal(good.net_g) / 1000} kg"
        )
    return duty, because


def _tax(base: int, total: int, line: DutyLine, exchange: Rates) -> tuple[int, str]:
    if (free := _free(line.tax_free_to, total, exchange)) is not None:
        return 0, f"none up to {free}"
    return _round(base * line.tax), f"{_percent(line.tax)} of {base} minor units"


def _free(limit: Money | None, total: int, exchange: Rates) -> str | None:
    """Return the limit in words when goods of that value are free, else None."""
    if limit is None:
        return None
    minor, words = exchange.minor(limit.decimal, limit.currency)
    return f"{limit}{words}, and the goods are worth {total} minor units" if total <= minor else None


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f}%"


def _round(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def read_shipment(document: Any) -> dict[str, Any]:
    """Read a shipment from plain values; see `docs/how-to/border.md`.

    Raises
    ------
    Invalid
        Names the field, as ``goods[2].value``.
    """
    known(document, {"destination", "currency", "day", "freight", "insurance", "rates", "goods"}, "shipment")
    for name in ("destination", "currency", "day", "goods"):
        if name not in document:
            raise Invalid(f"the shipment lacks {name}; it has destination, currency, day and goods", name)
    rows = document["goods"]
    if not isinstance(rows, list) or not rows:
        raise Invalid("goods must be a list that is not empty", "goods")
    Money(0, str(document["currency"]))
    try:
        day = date.fromisoformat(document["day"])
    except (TypeError, ValueError) as error:
        raise Invalid(f"day must be a date as 2026-11-25, not {document['day']!r}", "day") from error
    return {
        "goods": tuple(_good(row, f"goods[{k}]") for k, row in enumerate(rows, 1)),
        "destination": _country(document["destination"], "destination"), "currency": str(document["currency"]), "day": day,
        "freight": _whole(document.get("freight", 0), "freight"),
        "insurance": _whole(document.get("insurance", 0), "insurance"),
        "rates": read_rates(document.get("rates", {})),
    }  # fmt: skip


def read_rates(value: Any) -> dict[str, Decimal]:
    """Read rates: an object of numbers (or texts, for exact ones) by currency."""
    if not isinstance(value, dict):
        raise Invalid("rates must be an object: what one of each currency is in the shipment's", "rates")
    found = {}
    for name, rate in value.items():
        try:
            found[str(name)] = Decimal("x" if isinstance(rate, bool) else str(rate))
        except InvalidOperation as error:
            raise Invalid(f"rates.{name} is {rate!r}, no number", "rates") from error
    return found


def _good(row: Any, where: str) -> Good:
    known(row, GOOD, where)
    if missing := {"code", "origin", "value"} - set(row):
        raise Invalid(f"{where} lacks {sorted(missing)[0]}", where)
    net = row.get("net_g")
    preference = row.get("preference", "")
    if not isinstance(preference, str):
        raise Invalid(f"{where}.preference must be the name of an agreement", where)
    return Good(
        str(row["code"]).replace(".", "").replace(" ", ""), _country(row["origin"], f"{where}.origin"),
        _whole(row["value"], f"{where}.value"), None if net is None else _whole(net, f"{where}.net_g", "grams"), preference,
    )  # fmt: skip


def _country(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) != 2 or not value.isascii() or not value.isupper():
        raise Invalid(f"{where} must be a country code of two capitals, as CN, not {value!r}", where)
    return value


def _whole(value: Any, where: str, unit: str = "minor units") -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Invalid(f"{where} must be a whole number of {unit} that is not negative, not {value!r}", where)
    if value > LARGEST:
        raise Invalid(f"{where} is {value}, more than {LARGEST}; check the unit", where)
    return value
