"""A font for each sign: Helvetica, Vera for more of Latin, and the CJK fonts that PDF viewers bring (not embedded)."""

import unicodedata
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

import reportlab
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

from yunqi.kernel.errors import Invalid

PLAIN, BOLD, MORE = "Helvetica", "Helvetica-Bold", "Vera"
WIDE = (
    ("gbk", "STSong-Light"),
    ("big5", "MSung-Light"),
    ("shift_jis", "HeiseiMin-W3"),
    ("euc_kr", "HYSMyeongJo-Medium"),
)
"""Encodings that tell which signs a CJK font has."""
_LETTERS = {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i"}


@cache
def _more() -> frozenset[int]:
    """Register the fonts once; return the signs that Vera has."""
    for _, name in WIDE:
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    vera = TTFont(MORE, str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"))
    pdfmetrics.registerFont(vera)
    return frozenset(vera.face.charToGlyph)


def font_of(sign: str) -> str | None:
    """Return the font that has a sign, or None."""
    more = _more()
    if _has(sign, "cp1252"):
        return PLAIN
    wide = next((name for encoding, name in WIDE if _has(sign, encoding)), None)
    return wide if wide is not None and unicodedata.category(sign) == "Lo" else (MORE if ord(sign) in more else wide)


def marked(text: str, where: str) -> str:
    """Return a text as markup that names the font of each run.

    A letter with an accent that no font has is written without it.

    Raises
    ------
    Invalid
        A sign can't be drawn at all.
    """
    runs: list[tuple[str, str]] = []
    for sign in unicodedata.normalize("NFC", text):
        drawn = sign if sign.isspace() or font_of(sign) else _without_accent(sign)
        font = PLAIN if drawn.isspace() else font_of(drawn)
        if font is None:
            raise Invalid(
                f"{where}: the sign {sign!r} can't be drawn; write it in Latin letters, which customs abroad can read "
                "(Greek, Cyrillic, Chinese, Japanese and Korean are drawn too)",
                where,
            )
        if runs and (runs[-1][0] == font or drawn.isspace()):
            runs[-1] = (runs[-1][0], runs[-1][1] + drawn)
        else:
            runs.append((font, drawn))
    return "".join(escape(run) if font == PLAIN else f'<font name="{font}">{escape(run)}</font>' for font, run in runs)


def is_wide(text: str) -> bool:
    """Whether a text may break between any two signs, as Chinese does."""
    return any(unicodedata.east_asian_width(sign) in "WF" for sign in text)


def _without_accent(sign: str) -> str:
    return _LETTERS.get(sign) or unicodedata.normalize("NFKD", sign)[0]


def _has(sign: str, encoding: str) -> bool:
    try:
        sign.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
