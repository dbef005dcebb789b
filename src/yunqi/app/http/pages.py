"""The pages wired to the shop: what the server writes into them for readers without scripts."""

from fastapi import FastAPI

from yunqi.app.application import App
from yunqi.commerce.search import Category
from yunqi.console import (
    CategoryPage,
    Link,
    ProductPage,
    ShopPage,
    SitemapEntry,
    category_path,
    pages_router,
    product_path,
)
from yunqi.kernel import NotFound

_LINKS = 24


class PageFacts:
    """Answers what the pages ask, from the catalog's columns; nothing here logs a decision, since crawlers read it."""

    def __init__(self, app: App) -> None:
        self._app = app

    def shop(self) -> ShopPage:
        """Return the front page."""
        nodes = self._app.storefront.categories()
        name = self._app.storefront.config.name
        categories = tuple(_link(node) for node in nodes)
        return ShopPage(name, f"{name}: {sum(node.count for node in nodes)} products in stock.", categories)

    def product(self, product_id: str) -> ProductPage | None:
        """Return a product's page, or None."""
        try:
            product = self._app.catalog.product(product_id)
        except NotFound:
            return None
        price = product.price_at(self._app.kernel.clock())
        facts = {"Brand": product.brand, "Size": product.size, "Category": product.product_type}
        return ProductPage(
            id=product.id,
            title=product.title,
            title_derived=product.title_derived,
            description=product.description,
            category=product.category,
            price=str(price) if price else None,
            available=product.can_be_bought(),
            facts={name: value for name, value in facts.items() if value},
            json_ld=self._app.catalog.json_ld(product),
        )

    def category(self, category_id: str) -> CategoryPage | None:
        """Return a category's page, or None."""
        cards = self._app.catalog.cards()
        path = tuple(part.strip() for part in category_id.split(" > "))
        number = cards.category_index.get(path)
        if number is None:
            return None
        level = min(len(path), cards.category.shape[1]) - 1
        inside = ((cards.category[:, level] == number) & cards.live).nonzero()[0]
        children = next((node.children for node in self._app.storefront.categories() if node.id == category_id), ())
        products = tuple(Link(cards.titles[i], product_path(cards.ids[i])) for i in inside[:_LINKS])
        return CategoryPage(category_id, tuple(_link(node) for node in children), products)

    def sitemap_size(self) -> int:
        """Return how many pages the sitemap lists."""
        return len(self._app.catalog.cards())

    def sitemap(self, offset: int, limit: int) -> list[SitemapEntry]:
        """Return a part of the sitemap: the live products."""
        cards = self._app.catalog.cards()
        numbers = range(offset, min(offset + limit, len(cards)))
        return [SitemapEntry(product_path(cards.ids[n])) for n in numbers if cards.live[n]]


def add_pages(web: FastAPI, app: App) -> None:
    """Add the pages to the application; they come last, after the API's own routes."""
    facts = PageFacts(app)
    router = pages_router(
        shop=facts.shop,
        product=facts.product,
        category=facts.category,
        sitemap=facts.sitemap,
        sitemap_size=facts.sitemap_size,
        origin=app.settings.kernel.public_url or None,
    )
    web.include_router(router)


def _link(found: Category) -> Link:
    return Link(found.name, category_path(found.id))
