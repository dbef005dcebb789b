"""A small real shop behind the real web application."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from yunqi.app.application import App, open_shop
from yunqi.app.edges import register_jobs
from yunqi.app.http import create
from yunqi.app.settings import load_settings

FEED = Path(__file__).parents[2] / "examples" / "feed.csv"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with open_shop(settings=load_settings(data_dir=tmp_path_factory.mktemp("shop"))) as shop:
        register_jobs(shop)
        shop.catalog.import_products(FEED)
        shop.search.rebuild()
        shop.start()
        yield shop


@pytest.fixture(scope="module")
def web(shop: App) -> Iterator[TestClient]:
    with TestClient(create(shop), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def keys(shop: App) -> dict[str, str]:
    """A key for each scope, and an admin key of another tenant."""
    made = {
        scope: shop.kernel.auth.create_key("default", scope, frozenset({scope}))[1]
        for scope in ("admin", "shop", "read", "models")
    }
    made["other"] = shop.kernel.auth.create_key("other", "other", frozenset({"admin", "models"}))[1]
    return made
