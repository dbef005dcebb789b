"""Duty tables from text, and which line of one covers a good."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from yunqi.commerce.catalog import Money
from yunqi.commerce.logistics.engine import tables
from yunqi.commerce.logistics.model.customs import DutyBase, DutyLine, Good, PerKilogram
from yunqi.kernel.errors import Invalid, NotFound

COLUMNS = ("code", "origin", "destination", "duty", "tax", "valid_from", "valid_to", "source")
MORE = ("preference", "base", "duty_free_to", "tax_free_to", "duty_per_kg")


def read_table(text: str) -> tuple[DutyLine, ...]:
    """Read a duty table: CSV with the columns `COLUMNS` and, where they are wanted, `MORE`.

    Raises
    ------
    Invalid
        Names the line that is wrong.
    """
    lines: list[tuple[int, DutyLine]] = []
    for row in tables.rows(text, what="the duty table", needed=COLUMNS, known=MORE):
        try:
            lines.append((row.line, _line(row)))
        except InvalidOperation as error:
            raise Invalid(f"duty table line {row.line}: a rate is no number", "file") from error
        except ValueError as error:
            raise Invalid(f"duty table line {row.line}: {error}", "file") from error
        except Invalid as error:
            raise Invalid(f"duty table line {row.line}: {error.message}", "file") from error
    _unambiguous(lines)
    return tuple(line for _, line in lines)


def _line(row: tables.Row) -> DutyLine:
    base = row.text("base", "cif").casefold()
    if base not in list(DutyBase):
        raise Invalid(f"base is cif or fob, not {base!r}", "base")
    return DutyLine(
        row.text("code").replace(".", "").replace(" ", ""), row.text("origin", "*"), row.text("destination", "*"),
        _share(row, "duty"), _share(row, "tax"), date.fromisoformat(row.text("valid_from")),
        date.fromisoformat(row.text("valid_to")) if row.text("valid_to") else None, row.text("source"),
        row.text("preference"), DutyBase(base), _limit(row, "duty_free_to"), _limit(row, "tax_free_to"), _per_kg(row),
    )  # fmt: skip


def _share(row: tables.Row, column: str) -> Decimal:
    """Read a share: 0.12 or 12%. Without the sign a number from 1 to 10 could be meant either way and is refused."""
    cell = row.text(column)
    if cell.endswith("%"):
        text = cell.removesuffix("%").strip()
        return Decimal(tables.pointed(text) if row.comma else text) / 100
    share = Decimal(row.figure(column))
    if share.is_finite() and 1 <= share <= 10:
        raise Invalid(
            f"{column} {cell} could be {cell} % or {share * 100:f} %; write it with its sign, as {cell}%", column
        )
    return share


def _limit(row: tables.Row, column: str) -> Money | None:
    return Money.parse(row.text(column)) if row.text(column) else None


def _per_kg(row: tables.Row) -> PerKilogram | None:
    if not row.text("duty_per_kg"):
        return None
    amount, _, currency = row.text("duty_per_kg").partition(" ")
    return PerKilogram(Decimal(tables.pointed(amount) if row.comma else amount), currency.strip())


def _unambiguous(lines: Sequence[tuple[int, DutyLine]]) -> None:
    """Refuse two lines that are equally near to the same goods on the same first day, with other rates."""
    seen: dict[tuple[str, str, str, str, date], tuple[int, DutyLine]] = {}
    for number, line in lines:
        first, other = seen.setdefault(
            (line.code, line.origin, line.destination, line.preference, line.since), (number, line)
        )
        if _rates(line) != _rates(other):
            raise Invalid(
                f"duty table line {number}: line {first} has other rates for {line.code} from that day", "file"
            )


def _rates(line: DutyLine) -> tuple[object, ...]:
    return line.duty, line.tax, line.base, line.duty_free_to, line.tax_free_to, line.per_kg


def line_for(good: Good, table: Sequence[DutyLine], destination: str, day: date) -> DutyLine:
    """Return the line that covers a good on a day.

    A line of the agreement that the good claims goes before all others, then the longest code, then a named origin, then a
    named destination, then the newest.

    Raises
    ------
    Invalid
        The good's code is no code.
    NotFound
        No line covers it, or none of the agreement that it claims: nothing is guessed.
    """
    if not (good.code.isdigit() and good.code.isascii()) or len(good.code) < 6:
        raise Invalid(f"HS code {good.code!r} must be at least six digits", "code")
    found = [line for line in table if line.applies(good, destination, day)]
    claimed = [line for line in found if line.preference]
    if not found or (good.preference and not claimed):
        under = f" under {good.preference}" if good.preference else ""
        raise NotFound(
            f"no duty line covers {good.code} from {good.origin} to {destination} on {day}{under}; load a table that does",
            "code",
        )
    return max(
        claimed or found,
        key=lambda line: (len(line.code), line.origin != "*", line.destination != "*", line.since),
    )
