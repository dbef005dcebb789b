"""Search: products by words, by category, while typing; ranked for the shopper by the one pipeline.

>>> from yunqi.commerce.search import words
>>> words("Ice-cream 冰淇淋")
['ice', 'cream', '冰淇', '淇淋']
"""

from yunqi.commerce.search.config import SearchConfig
from yunqi.commerce.search.engine.words import words
from yunqi.commerce.search.model import (
    Category,
    FacetValue,
    Filters,
    IndexRebuilt,
    Results,
    Sort,
    Suggestion,
    SuggestionKind,
    Trial,
    Verdict,
)
from yunqi.commerce.search.service import Search, Understander
from yunqi.commerce.search.store import MIGRATIONS

__all__ = [
    "MIGRATIONS",
    "Category",
    "FacetValue",
    "Filters",
    "IndexRebuilt",
    "Results",
    "Search",
    "SearchConfig",
    "Sort",
    "Suggestion",
    "SuggestionKind",
    "Trial",
    "Understander",
    "Verdict",
    "words",
]
