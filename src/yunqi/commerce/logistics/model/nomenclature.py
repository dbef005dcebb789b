"""Customs nomenclatures, what they suggest for a product, and what a person decided."""

from dataclasses import dataclass, field
from datetime import datetime

from yunqi.kernel.errors import Invalid


class BadCode(Invalid):
    """A code that the nomenclature doesn't have, or under which nothing can be declared."""

    code = "bad_hs_code"


@dataclass(frozen=True, slots=True)
class Position:
    """One line of a nomenclature: its digits and its words."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Nomenclature:
    """A version of a nomenclature, as the user loaded it.

    Parameters
    ----------
    version
        Its name, as "HS 2022".
    source
        Where the user took it from: it is shown in every answer.
    positions
        Chapters (2 digits), headings (4), subheadings (6) and whatever is finer, by code.
    """

    version: str
    source: str
    positions: tuple[Position, ...]
    _texts: dict[str, str] = field(init=False, repr=False, compare=False)
    _inner: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the codes."""
        if not self.version.strip() or not self.source.strip():
            raise Invalid("a nomenclature needs a version and a source", "version")
        codes = [position.code for position in self.positions]
        object.__setattr__(self, "_texts", {position.code: position.text for position in self.positions})
        object.__setattr__(self, "_inner", frozenset(code[:n] for code in codes for n in range(2, len(code), 2)))

    def has(self, code: str) -> bool:
        """Whether the code is a line of it."""
        return code in self._texts

    def declarable(self) -> tuple[str, ...]:
        """Return the codes under which goods are declared: six digits or more, with nothing finer below."""
        return tuple(p.code for p in self.positions if len(p.code) >= 6 and p.code not in self._inner)

    def path(self, code: str) -> tuple[Position, ...]:
        """Return the lines above a code and its own, the chapter first."""
        steps = (code[:n] for n in range(2, len(code) + 1, 2))
        return tuple(Position(step, self._texts[step]) for step in steps if step in self._texts)

    def check(self, code: str) -> str:
        """Return a declarable code written with or without dots and spaces as plain digits.

        Raises
        ------
        BadCode
            It is none, says why and what is near.
        """
        plain = code.replace(".", "").replace(" ", "")
        if not plain.isdigit() or not plain.isascii():
            raise BadCode(f"HS code {code!r} has other signs than digits", "code")
        if plain in self._texts and len(plain) >= 6 and plain not in self._inner:
            return plain
        below = [one for one in self.declarable() if one.startswith(plain)][:5]
        if below:
            raise BadCode(f"HS code {plain} is not fine enough to declare; below it are {', '.join(below)}", "code")
        near = [one for one in self.declarable() if one.startswith(plain[:4])][:5]
        hint = f"heading {plain[:4]} has {', '.join(near)}" if near else f"it has no heading {plain[:4]} either"
        raise BadCode(f"{self.version} has no code {plain}; {hint}", "code")


@dataclass(frozen=True, slots=True)
class Precedent:
    """What somebody decided before.

    Parameters
    ----------
    by, why
        Who decided, and the reason given.
    """

    id: int
    text: str
    code: str
    by: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """A code that may be right, and what speaks for it.

    Parameters
    ----------
    confidence
        The chance that it is the right one.
    path
        Its chapter, heading and lines below.
    words
        Words of the product that the nomenclature's text for the code has, the strongest first; each with the code of the line.
    precedents
        Like products that were decided so: ids and likeness from 0 to 1.
    """

    code: str
    confidence: float
    path: tuple[Position, ...]
    words: tuple[tuple[str, str], ...]
    precedents: tuple[tuple[Precedent, float], ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Codes for a product, the likeliest first.

    Parameters
    ----------
    answer
        The code to use; None when a person has to decide.
    is_decided
        A person decided this very text before, and nobody otherwise.
    is_calibrated
        Whether the confidences were held against enough decisions; while they were not, every text goes to a person.
    why
        Why it is answered, or not.
    """

    text: str
    version: str
    candidates: tuple[Candidate, ...]
    answer: str | None
    is_decided: bool
    is_calibrated: bool
    why: str
