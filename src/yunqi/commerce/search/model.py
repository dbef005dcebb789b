"""The nouns of search."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from yunqi.commerce.ranking import Answer


class Sort(StrEnum):
    """How results are ordered."""

    RELEVANCE = "relevance"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"
    POPULAR = "popular"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What results must be.

    Attributes
    ----------
    category
        A category path, broadest first; products below it count.
    min_price, max_price
        Minor units of the shop's currency, both inclusive, compared with what the product costs now.
    """

    category: tuple[str, ...] = ()
    brand: str = ""
    min_price: int | None = None
    max_price: int | None = None
    in_stock: bool = True


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet and how many results have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Results:
    """A page of results.

    Attributes
    ----------
    total
        How many products match; beyond ``index_hits`` of the settings an estimate by the share that passes the filters.
    categories, brands
        Facets over all matches before paging. A category's ``value`` is its path joined by " > ".
    suggestion
        Another spelling, when nothing matched what was typed; ``answer`` then shows what matches the suggestion.
    understood
        The category that the words mean, broadest first; empty when nothing was typed or nothing is known.
    """

    query: str
    total: int
    page: int
    size: int
    answer: Answer
    categories: tuple[FacetValue, ...]
    brands: tuple[FacetValue, ...]
    suggestion: str | None
    took_ms: float
    understood: tuple[str, ...] = ()


class SuggestionKind(StrEnum):
    """What a suggestion leads to."""

    QUERY = "query"
    CATEGORY = "category"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A completion of what was typed; ``id`` is the category's path or the product's id."""

    text: str
    kind: SuggestionKind
    id: str | None


@dataclass(frozen=True, slots=True)
class Category:
    """A category with how many products can be bought in it; ``id`` is its path joined by " > "."""

    id: str
    name: str
    count: int
    children: tuple["Category", ...] = ()


@dataclass(frozen=True, slots=True)
class IndexRebuilt:
    """A new index waits in ``folder``, made from a catalog generation."""

    folder: str
    generation: int
    products: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of comparing something that understands queries with the rules, on queries whose category is known.

    Attributes
    ----------
    accuracy, rules_accuracy
        Parts of the queries whose category was named exactly.
    difference, low, high
        Candidate minus rules, with the paired 95 % bootstrap interval.
    p95_ms, limit_ms
        Its slow queries, and what search allows.
    won
        Better than the rules beyond chance, and fast enough: only then it serves.
    reason
        Why, in words.
    """

    candidate: str
    examples: int
    accuracy: float
    rules_accuracy: float
    difference: float
    low: float
    high: float
    p95_ms: float
    limit_ms: float
    won: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision about who understands queries: ``serves`` is ``rules`` or a candidate's name, from ``at`` on.

    ``trial`` is None when somebody went back to the rules; ``data`` names the labelled queries by their hash.
    """

    at: datetime
    who: str
    serves: str
    trial: Trial | None
    data: str = ""
