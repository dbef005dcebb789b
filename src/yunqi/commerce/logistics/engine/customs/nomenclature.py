"""A nomenclature from a table: code, text."""

from yunqi.commerce.logistics.engine import tables
from yunqi.commerce.logistics.model.nomenclature import Nomenclature, Position
from yunqi.kernel.errors import Invalid

LARGEST = 60_000
"""Lines of a nomenclature; the largest national ones have some 30,000."""
TEXT_COLUMNS = ("text", "description")


def read_nomenclature(text: str, *, version: str, source: str) -> Nomenclature:
    """Read CSV with the columns ``code`` and ``text`` (or ``description``); comma, semicolon or tab.

    Codes have 2, 4, 6, 8 or 10 digits, dots and spaces in them don't count. A code whose heading has no line of its own is
    taken with the words that it has.

    Raises
    ------
    Invalid
        Names the line that is wrong.
    """
    found: dict[str, str] = {}
    for row in tables.rows(text, what="the nomenclature", needed=("code",)):
        if not any(name in row.cells for name in TEXT_COLUMNS):
            raise Invalid("the nomenclature needs the columns code and text", "file")
        code, words = _line(row.text("code"), row.text("text") or row.text("description"), row.line)
        if code in found:
            raise Invalid(f"nomenclature line {row.line}: code {code} stands there twice", "code")
        found[code] = words
        if len(found) > LARGEST:
            raise Invalid(f"the nomenclature has more than {LARGEST} lines", "file")
    if not any(len(code) >= 6 for code in found):
        raise Invalid("the nomenclature has no code of six digits or more", "file")
    return Nomenclature(version, source, tuple(Position(code, found[code]) for code in sorted(found)))


def _line(code: str, text: str, number: int) -> tuple[str, str]:
    plain = code.replace(".", "").replace(" ", "").strip()
    if not plain.isdigit() or not plain.isascii() or len(plain) not in (2, 4, 6, 8, 10) or plain.startswith("00"):
        raise Invalid(f"nomenclature line {number}: {code!r} must be 2, 4, 6, 8 or 10 digits", "code")
    words = " ".join(text.split())
    if not words:
        raise Invalid(f"nomenclature line {number}: code {plain} has no text", "text")
    return plain, words
