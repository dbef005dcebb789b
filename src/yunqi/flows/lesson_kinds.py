"""What kind of thing a word names, from WordNet's nouns: what a small model can't know from its own shop's lists.

A shopper's ``limes`` is in no listing that the model learned from; WordNet says that it is ``food > produce > edible
fruit > citrus``. Each noun becomes a question (*Which kind*) whose answer is the path of its hypernyms, in the form in
which the demo names a shelf. Nothing here knows the catalogue, its shelves, or which words a test asks.

Data: WordNet 3.0 (Princeton University, free for any use with its notice), the file ``data.noun``; its format is
documented in wndb(5WN).
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yunqi.kernel import Unavailable

ASK = "Which kind: "
FIELDS = ("food", "goods")

_FOLDER = "/usr/share/wordnet"
_ARTIFACT, _FOOD, _PLANT = 6, 13, 20  # WordNet's lexicographer files, lexnames(5WN)
_ROOTS = frozenset(("entity", "physical entity", "object", "whole", "matter", "abstraction", "thing", "solid"))
_NOT_SOLD = frozenset(
    ("structure", "way", "vehicle", "weapon", "facility", "conveyance", "weaponry", "opening", "excavation", "surface",
     "track", "layer", "mechanism", "electronic device", "machine")
)  # fmt: skip
_GROWN = frozenset(("flower", "house plant", "vegetable", "fruit tree"))
_LEVELS = 4
_WORDS = re.compile(r"[a-z][a-z'-]*(?: [a-z'-]+)?")


@dataclass(frozen=True, slots=True)
class Noun:
    """A meaning of WordNet: its words, and the number of the meaning above it.

    Parameters
    ----------
    file
        Number of the lexicographer file: the field that the meaning belongs to.
    above
        Empty at the root.
    """

    file: int
    words: tuple[str, ...]
    above: str


def kinds(field: str) -> Iterator[dict[str, str]]:
    """Yield a question and its answer for each noun of ``food``, in both numbers, or of ``goods`` and garden plants, in one.

    Raises
    ------
    Unavailable
        When WordNet is not installed.
    """
    nouns = read_nouns(_place())
    for place, noun in enumerate(nouns.values()):
        path = _path(noun, nouns)
        food = noun.file == _FOOD
        if not path or food is not (field == "food") or not (food or _sold(noun, path)):
            continue
        answer = " > ".join(path[-_LEVELS:])
        for number, word in enumerate(word for word in noun.words if _WORDS.fullmatch(word)):
            forms = (word, plural(word))
            for form in forms if food else forms[(place + number) % 2 :][:1]:
                yield {"prompt": ASK + form, "answer": answer}


def read_nouns(path: Path) -> dict[str, Noun]:
    """Return the meanings of a file ``data.noun``, by number, in order of the file."""
    found = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("  "):  # the licence
                continue
            fields = line.partition(" | ")[0].split()
            words = int(fields[3], 16)
            pointers = fields[5 + 2 * words :]
            above = [target for sign, target, kind in zip(pointers[::4], pointers[1::4], pointers[2::4], strict=False)
                     if sign == "@" and kind == "n"]  # fmt: skip
            names = tuple(fields[4 + 2 * place].replace("_", " ") for place in range(words))
            found[fields[0]] = Noun(int(fields[1]), names, above[0] if above else "")
    return found


def plural(word: str) -> str:
    """Return a noun's regular plural; what ends in s stays.

    Examples
    --------
    >>> [plural(word) for word in ("lime", "radish", "cherry", "beans")]
    ['limes', 'radishes', 'cherries', 'beans']
    """
    if word.endswith("s"):
        return word
    if re.search(r"(x|ch|sh|z)$", word):
        return f"{word}es"
    return f"{word[:-1]}ies" if re.search(r"[^aeiou]y$", word) else f"{word}s"


def _path(noun: Noun, nouns: dict[str, Noun]) -> list[str]:
    """Return the names of the meanings above one, the widest first, without the roots that say nothing."""
    names: list[str] = []
    while noun.above:
        noun = nouns[noun.above]
        names.append(noun.words[0])
    return [name for name in reversed(names) if name not in _ROOTS]


def _sold(noun: Noun, path: list[str]) -> bool:
    if noun.file == _ARTIFACT:
        return _NOT_SOLD.isdisjoint(path)
    return noun.file == _PLANT and not _GROWN.isdisjoint(path)


def _place() -> Path:
    """Return WordNet's file: in the folder of its own variable WNSEARCHDIR, or where Debian's package puts it."""
    found = Path(os.environ.get("WNSEARCHDIR", _FOLDER)) / "data.noun"
    if not found.is_file():
        raise Unavailable(
            f"WordNet's nouns are not at {found}. Run `apt-get install wordnet-base`, or set WNSEARCHDIR to the folder "
            "that holds data.noun."
        )
    return found
