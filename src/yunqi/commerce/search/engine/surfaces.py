"""The surfaces of search."""

from yunqi.commerce.ranking import Rules, Surface

RELEVANCE = Surface(
    "search",
    Rules(in_stock=False),
    {"recall_bm25": 6.0, "popularity_28": 0.4, "habit_45": 0.5, "type_share": 2.0, "brand_share": 0.5},
    "Words first, then sales and this shopper's habits; set by hand.",
)
"""Results by relevance. What is out of stock was filtered before, when the shopper did not ask for it."""

LISTING = Surface(
    "search_listing",
    Rules(in_stock=False, explore=False),
    {"recall_listed": 1.0},
    "The order that the shopper asked for (price, sales), or the list behind the ranked head.",
)
"""Results in a given order."""
