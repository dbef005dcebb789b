"""A nomenclature from a table: code, text."""

import csv
import io

from yunqi.commerce.logistics.model.nomenclature import Nomenclature, Position
from yunqi.kernel.errors import Invalid

LARGEST = 60_000
"""Lines of a nomenclature; the largest national ones have some 30,000."""
TEXT_COLUMNS = ("text", "description")


def read_nomenclature(text: str, *, version: str, source: str) -> Nomenclature:
    """Read CSV with the columns ``code`` and ``text`` (or ``description``); comma or semicolon.

    Codes have 2, 4, 6, 8 or 10 digits, dots and spaces in them don't count. A code whose heading has no line of its own is
    taken with the words that it has.

    Raises
    ------
    Invalid
        Names the line that is wrong.
    """
    plain = text.lstrip("\ufeff")
    first = plain.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(plain), delimiter=";" if first.count(";") > first.count(",") else ",")
    names = [name.strip().casefold() for name in reader.fieldnames or ()]
    wanted = next((name for name in TEXT_COLUMNS if name in names), None)
    if "code" not in names or wanted is None:
        raise Invalid("a nomenclature needs the columns code and text", "file")
    reader.fieldnames = names
    found: dict[str, str] = {}
    for row in reader:
        code, words = _line(row["code"], row[wanted], reader.line_num)
        if code in found:
            raise Invalid(f"nomenclature line {reader.line_num}: code {code} stands there twice", "code")
        found[code] = words
        if len(found) > LARGEST:
            raise Invalid(f"the nomenclature has more than {LARGEST} lines", "file")
    if not any(len(code) >= 6 for code in found):
        raise Invalid("the nomenclature has no code of six digits or more", "file")
    return Nomenclature(version, source, tuple(Position(code, found[code]) for code in sorted(found)))


def _line(code: str | None, text: str | None, number: int) -> tuple[str, str]:
    plain = (code or "").replace(".", "").replace(" ", "").strip()
    if not plain.isdigit() or not plain.isascii() or len(plain) not in (2, 4, 6, 8, 10) or plain.startswith("00"):
        raise Invalid(f"nomenclature line {number}: {code!r} must be 2, 4, 6, 8 or 10 digits", "code")
    words = " ".join((text or "").split())
    if not words:
        raise Invalid(f"nomenclature line {number}: code {plain} has no text", "text")
    return plain, words
