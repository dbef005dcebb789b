"""A catalog and activity on the real embedded database."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.kernels import new_kernel

from yunqi.commerce import activity as activity_door
from yunqi.commerce import catalog as catalog_door
from yunqi.commerce.activity import Activity, ActivityConfig, SegmentEvent
from yunqi.commerce.catalog import Catalog, CatalogConfig
from yunqi.kernel import Kernel

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    migrations = [*catalog_door.MIGRATIONS, *activity_door.MIGRATIONS]
    with new_kernel(tmp_path / "data", migrations, clock=lambda: NOW) as kernel:
        yield kernel


@pytest.fixture
def catalog(kernel: Kernel) -> Catalog:
    return Catalog(kernel, CatalogConfig(chunk_rows=3))


@pytest.fixture
def activity(kernel: Kernel, catalog: Catalog) -> Activity:
    return Activity(kernel, ActivityConfig(chunk_events=3), catalog=catalog)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file and return its path."""

    def write(content: str | bytes, name: str = "feed.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def feed(write: Callable[..., Path]) -> Callable[..., Path]:
    """Write a product feed from ``id -> price`` (``None``: no price)."""

    def feed(prices: dict[str, str | None], name: str = "feed.csv") -> Path:
        rows = [f"{key},Title {key},{value or ''},Grocery > Milk" for key, value in prices.items()]
        return write("\n".join(["id,title,price,product_type", *rows, ""]), name)

    return feed


class Shop:
    """A small shop with everything that ranks: 6 types of 20 products, and shoppers with habits."""

    TYPES = ("Milk", "Bread", "Cheese", "Coffee", "Soap", "Batteries")

    def __init__(self, folder: Path, write: Callable[..., Path], clock: Callable[[], datetime]) -> None:
        from yunqi.commerce import experiments, ranking, recommend, search

        doors = (catalog_door, activity_door, experiments, search)
        self.kernel = new_kernel(folder, [step for door in doors for step in door.MIGRATIONS], clock=clock)
        self.write = write
        self.catalog = Catalog(self.kernel, CatalogConfig())
        self.activity = Activity(self.kernel, ActivityConfig(), catalog=self.catalog)
        self.experiments = experiments.Experiments(self.kernel, experiments.ExperimentsConfig(flush_ms=5))
        self.config = ranking.RankingConfig(training_questions=200, trees=40, training_windows=2)
        self.ranking = ranking.Ranking(self.kernel, self.config, catalog=self.catalog, experiments=self.experiments)
        self.search = search.Search(self.kernel, search.SearchConfig(), ranking=self.ranking)
        self.recommend = recommend.Recommend(
            self.kernel, recommend.RecommendConfig(shelf_seconds=1e9), ranking=self.ranking
        )
        self.events = 0

    def feed(self, changes: dict[str, dict[str, str]] | None = None) -> None:
        """Import the catalog, with some fields changed by product id."""
        rows = ["id,title,price,brand,product_type,availability"]
        for kind, name in enumerate(self.TYPES):
            for number in range(20):
                key = f"p{kind * 20 + number}"
                row = {
                    "title": f"{name} number {number}",
                    "price": f"{1 + kind + number / 10:.2f} USD",
                    "stock": "in_stock",
                }
                row |= (changes or {}).get(key, {})
                brand, path = f"Brand{number % 3}", f"Food > {name}s > {name} plain"
                rows.append(f"{key},{row['title']},{row['price']},{brand},{path},{row['stock']}")
        self.catalog.import_products(self.write("\n".join([*rows, ""]), "feed.csv"))

    def happen(self, name: str, who: str, products: list[str], at: datetime, **properties: object) -> None:
        """Record one event."""
        self.activity.record([self.event(name, who, products, at, **properties)])

    def event(self, name: str, who: str, products: list[str], at: datetime, **properties: object) -> SegmentEvent:
        """Make the next event."""
        from yunqi.commerce.activity import Item, Properties

        self.events += 1
        items = tuple(Item(item_id=product, price=1.5, quantity=1) for product in products)
        return SegmentEvent(
            event=name,
            messageId=f"m{self.events}",
            userId=who,
            timestamp=at.isoformat().replace("+00:00", "Z"),
            properties=Properties(items=items, **properties),  # type: ignore[arg-type]
        )

    def live(self) -> None:
        """Start what serves."""
        self.experiments.start()
        self.ranking.start()
        self.recommend.start()
        self.search.start()

    def close(self) -> None:
        """Stop everything."""
        self.search.close()
        self.ranking.close()
        self.experiments.close()
        self.kernel.close()


@pytest.fixture
def shop(tmp_path: Path, write: Callable[..., Path]) -> Iterator[Shop]:
    made = Shop(tmp_path / "shop", write, lambda: NOW)
    yield made
    made.close()
