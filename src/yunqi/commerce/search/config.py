"""The settings of search."""

from dataclasses import dataclass

from yunqi.kernel.config import setting


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """How products are found by words."""

    title_weight: float = setting(3.0, "Weight of a word found in the title.")
    category_weight: float = setting(2.0, "Weight of a word found in the category path.")
    brand_weight: float = setting(1.5, "Weight of a word found in the brand, size, colour or number.")
    description_weight: float = setting(0.5, "Weight of a word found in the description.")
    index_hits: int = setting(2500, "Matches looked at for totals and facets; the best of them are ranked.")
    writer_mb: int = setting(64, "Memory of the index writer while it works.")
    suggestions: int = setting(8, "Completions shown while typing.")
    suggested_products: int = setting(3000, "Best-selling products whose titles complete what is typed.")
    facet_values: int = setting(20, "Values listed for each facet.")
    query_bytes: int = setting(400, "Longer queries are cut there.")
    understanding_limit_ms: float = setting(50.0, "A model may understand queries only when its p95 is below this.")
    understanding_hits: int = setting(50, "Best matches whose categories vote on what a query means.")
    understanding_seconds: float = setting(
        5.0, "How long a process goes on before it asks who understands queries now."
    )
