"""Nouns of the assistant: facts, turns of talk, and the pieces of an answer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from yunqi.commerce.catalog import Money
from yunqi.kernel.errors import NotFound


class NothingToAskAbout(NotFound):
    """None of the named products is in the catalog."""

    code = "product_not_found"


class Intent(Enum):
    """What a question wants; `ABOUT` is for the model, `UNKNOWN` is not in any catalog, the rest is looked up."""

    PRICE = "price"
    CHEAPEST = "cheapest"
    UNIT_PRICE = "unit_price"
    SIZE = "size"
    STOCK = "stock"
    BRAND = "brand"
    CATEGORY = "category"
    PROMOTION = "promotion"
    COMPARE = "compare"
    ABOUT = "about"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What one ``unit`` costs, in hundredths of the minor unit, so that small ones keep their digits."""

    hundredths: int
    currency: str
    unit: str


@dataclass(frozen=True, slots=True)
class FactSheet:
    """All that the catalog says about a product, as the assistant may use it."""

    product_id: str
    title: str
    title_derived: bool
    brand: str
    size: str
    category: tuple[str, ...]
    price: Money | None
    regular_price: Money | None
    in_stock: bool
    promotions: tuple[str, ...]
    description: str
    unit_price: UnitPrice | None


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn given to a language model."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """The end of what a model said: its name and the tokens it took; ``whole`` is false when it was cut short."""

    model: str
    prompt_tokens: int
    completion_tokens: int
    whole: bool = True


Complete = Callable[[Sequence[Turn], int], Iterator[str | Spoken]]
"""Something that goes on talking: takes the turns and the longest answer, yields text and at last `Spoken`."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A product that the answer rests on, with its facts."""

    product_id: str
    title: str
    facts: tuple[str, ...]
    type: str = field(default="citation", init=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer."""

    delta: str
    type: str = field(default="text", init=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens a model took; none when code answered."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """The end of an answer.

    Parameters
    ----------
    model
        The model that worded it, or ``catalog`` when code answered from the facts.
    grounding
        ``looked_up`` by code; ``worded`` by the model and checked; ``replaced`` when the model's words did not hold
        against the facts; ``declined`` when the catalog does not say; ``unavailable`` when no model could be asked.
    """

    model: str
    usage: Tokens
    grounding: str
    type: str = field(default="done", init=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer could not be given."""

    message: str
    type: str = field(default="error", init=False)


AnswerEvent = Citation | Text | Done | Failed


@dataclass(frozen=True, slots=True)
class Answered:
    """The assistant answered a shopper's question; the question itself is not kept.

    Parameters
    ----------
    intents
        What the question was taken for.
    grounding
        As in `Done`.
    """

    product_ids: tuple[str, ...]
    language: str
    intents: tuple[str, ...]
    grounding: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    milliseconds: float
