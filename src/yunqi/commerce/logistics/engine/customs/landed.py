"""Landed cost: a pure, auditable function of goods, freight and a duty table. No rate comes from here."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from yunqi.commerce.catalog import Money
from yunqi.commerce.logistics.engine.keys import known
from yunqi.commerce.logistics.model.customs import Cost, DutyLine, Good, LandedCost
from yunqi.kernel.errors import Invalid, NotFound

COLUMNS = ("code", "origin", "destination", "duty", "tax", "valid_from", "valid_to", "source")


def landed_cost(
    goods: Sequence[Good],
    table: Sequence[DutyLine],
    *,
    destination: str,
    day: date,
    currency: str,
    freight: int = 0,
    insurance: int = 0,
) -> LandedCost:
    """Return what the goods cost at the door.

    Duty is charged on value with freight and insurance (CIF), shared by value; tax on that and the duty. Each amount is rounded
    half up to whole minor units.

    Parameters
    ----------
    table
        The duty lines that the user loaded; of those that apply the longest code wins, then the one with the named origin, then
        the newest.
    freight, insurance
        Minor units for the whole shipment.

    Raises
    ------
    Invalid
        A value is negative or a code no code.
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
    for number, good in enumerate(goods, 1):
        line = _line(good, table, destination, day)
        base = Decimal(good.value) + Decimal(freight + insurance) * good.value / total
        duty = _round(base * line.duty)
        tax = _round((base + duty) * line.tax)
        named = f"{line.code} from {line.origin} to {line.destination}, {line.source}"
        costs.append(Cost(f"duty {number}", duty, f"{line.duty:%} of {_round(base)} minor units ({named})"))
        costs.append(Cost(f"tax {number}", tax, f"{line.tax:%} of {_round(base) + duty} minor units ({named})"))
    return LandedCost(currency, tuple(costs))


def _line(good: Good, table: Sequence[DutyLine], destination: str, day: date) -> DutyLine:
    if not good.code.isdigit() or len(good.code) < 6:
        raise Invalid(f"HS code {good.code!r} must be at least six digits", "code")
    found = [line for line in table if line.applies(good.code, good.origin, destination, day)]
    if not found:
        raise NotFound(
            f"no duty line covers {good.code} from {good.origin} to {destination} on {day}; load a table that does",
            "code",
        )
    return max(found, key=lambda line: (len(line.code), line.origin != "*", line.destination != "*", line.since))


def _round(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def read_table(text: str) -> tuple[DutyLine, ...]:
    """Read a duty table: CSV with the columns code, origin, destination, duty, tax, valid_from, valid_to, source.

    Raises
    ------
    Invalid
        Names the line that is wrong.
    """
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    if missing := set(COLUMNS) - set(reader.fieldnames or ()):
        raise Invalid(f"the duty table lacks the column {sorted(missing)[0]}; it needs {', '.join(COLUMNS)}", "file")
    lines = []
    for row in reader:
        try:
            lines.append(
                DutyLine(
                    row["code"].strip(), row["origin"].strip() or "*", row["destination"].strip() or "*",
                    Decimal(row["duty"]), Decimal(row["tax"]), date.fromisoformat(row["valid_from"].strip()),
                    date.fromisoformat(row["valid_to"].strip()) if row["valid_to"].strip() else None, row["source"],
                )
            )  # fmt: skip
        except (InvalidOperation, ValueError, AttributeError, TypeError) as error:
            raise Invalid(f"duty table line {reader.line_num}: {error or 'a rate is no number'}", "file") from error
        except Invalid as error:
            raise Invalid(f"duty table line {reader.line_num}: {error.message}", "file") from error
    _unambiguous(lines)
    return tuple(lines)


def _unambiguous(lines: Sequence[DutyLine]) -> None:
    """Refuse two lines that are equally near to the same goods on the same first day, with other rates."""
    seen: dict[tuple[str, str, str, date], int] = {}
    for number, line in enumerate(lines, 2):
        first = seen.setdefault((line.code, line.origin, line.destination, line.since), number)
        if first != number and (line.duty, line.tax) != (lines[first - 2].duty, lines[first - 2].tax):
            raise Invalid(
                f"duty table line {number}: line {first} has other rates for {line.code} from that day", "file"
            )


def read_shipment(document: Any) -> dict[str, Any]:
    """Read a shipment from plain values: destination, currency, day, freight, insurance, and goods with code, origin, value.

    Raises
    ------
    Invalid
        Names the field, as ``goods[2].value``.
    """
    known(document, {"destination", "currency", "day", "freight", "insurance", "goods"}, "shipment")
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
    }  # fmt: skip


def _good(row: Any, where: str) -> Good:
    known(row, {"code", "origin", "value"}, where)
    if missing := {"code", "origin", "value"} - set(row):
        raise Invalid(f"{where} lacks {sorted(missing)[0]}", where)
    return Good(str(row["code"]), _country(row["origin"], f"{where}.origin"), _whole(row["value"], f"{where}.value"))


def _country(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) != 2 or not value.isascii() or not value.isupper():
        raise Invalid(f"{where} must be a country code of two capitals, as CN, not {value!r}", where)
    return value


def _whole(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Invalid(f"{where} must be a whole number of minor units that is not negative, not {value!r}", where)
    return value
