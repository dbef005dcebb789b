"""Words and pieces of words of product texts and tariff lines, in any script."""

import re
import unicodedata
import zlib

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_EXCLUDED = re.compile(
    r"\((?:excl|other than|except)[^)]*\)|\b(?:excl\.?|excluding|other than|except(?:ing)?|not including)\b[^;]*",
    re.IGNORECASE,
)
_STOPS = """
a an and or of the in on for with by to from as at is are be but not no nor than other others whether elsewhere specified
included including incl excl excluding except kind kinds similar n e c nes heading subheading its their thereof such put up
type types
used more less over under per item items
"""
_STOP = frozenset(_STOPS.split())
SLOTS = 1 << 20
"""Pieces of words are hashed into so many slots."""


def covering(text: str) -> str:
    """Return what a tariff line covers, without what it names only to leave it out."""
    return _EXCLUDED.sub(" ", text)


def words(text: str) -> list[str]:
    """Return the words of a text, without plural endings and stop words; Chinese and Japanese two signs at a time."""
    found = []
    for word in _WORD.findall(_plain(text)):
        if _WIDE.search(word):
            found += [word[k : k + 2] for k in range(max(1, len(word) - 1))]
        elif word not in _STOP:
            found.append(_stem(word))
    return found


def pieces(text: str) -> list[int]:
    """Return the hashed pieces of three to five letters of each word of a text, its edges marked."""
    found = []
    for word in words(text):
        marked = f"<{word}>"
        for length in (3, 4, 5):
            found += [zlib.crc32(marked[k : k + length].encode()) % SLOTS for k in range(len(marked) - length + 1)]
    return found


def same(text: str) -> str:
    """Return a text as it is compared for being the same: case, width, accents and spaces don't count."""
    return " ".join(_WORD.findall(_plain(text)))


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def _stem(word: str) -> str:
    for ending, instead, least in (
        ("ies", "y", 5),
        ("sses", "ss", 5),
        ("xes", "x", 4),
        ("ches", "ch", 6),
        ("shes", "sh", 6),
    ):
        if word.endswith(ending) and len(word) >= least:
            return word[: -len(ending)] + instead
    if word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
