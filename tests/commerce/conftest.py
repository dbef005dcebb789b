"""A catalog and activity on the real embedded database."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from yunqi.commerce import activity as activity_door
from yunqi.commerce import catalog as catalog_door
from yunqi.commerce.activity import Activity, ActivityConfig
from yunqi.commerce.catalog import Catalog, CatalogConfig
from yunqi.kernel import Kernel, KernelConfig

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with Kernel.open(KernelConfig(data_dir=tmp_path / "data"), clock=lambda: NOW) as kernel:
        kernel.migrate([*catalog_door.MIGRATIONS, *activity_door.MIGRATIONS])
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
