"""What the server knows about a page before any script runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote


def product_path(product_id: str) -> str:
    """The path of a product's page."""
    return f"/store/p/{quote(product_id, safe='')}"


def category_path(category_id: str) -> str:
    """The path of a category's page; the id is the names joined by `` > ``."""
    return f"/store/c/{quote(category_id, safe='')}"


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go on to: a product, a category.

    Parameters
    ----------
    title
        What the reader sees; plain text, escaped when it is written.
    path
        Where it leads; see `product_path` and `category_path`.
    """

    title: str
    path: str


@dataclass(frozen=True, slots=True)
class ShopPage:
    """The front page of the shop.

    Parameters
    ----------
    name
        The shop's name.
    description
        One or two sentences for search engines.
    categories
        The top-level categories.
    products
        A few products to start from.
    """

    name: str
    description: str = ""
    categories: tuple[Link, ...] = ()
    products: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class CategoryPage:
    """The page of one category.

    Parameters
    ----------
    id
        The names from the top down, joined by `` > ``.
    children
        The categories inside of it.
    products
        Some of its products.
    """

    id: str
    children: tuple[Link, ...] = ()
    products: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductPage:
    """The page of one product.

    Parameters
    ----------
    id
        The product's id.
    title
        Its title; any text, escaped when it is written.
    title_derived
        Whether the title was put together from other columns.
    description
        A paragraph, or nothing.
    category
        The names from the top down.
    price
        The price as it is shown, such as ``$1.49``; None where there is none.
    available
        Whether it can be bought now.
    facts
        Further names and values, such as brand and size.
    json_ld
        The schema.org description, written into the page as it is.
    links
        Similar products.
    """

    id: str
    title: str
    title_derived: bool = False
    description: str = ""
    category: tuple[str, ...] = ()
    price: str | None = None
    available: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    json_ld: Mapping[str, object] = field(default_factory=dict)
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class SitemapEntry:
    """One line of the sitemap.

    Parameters
    ----------
    path
        The path of the page; see `product_path` and `category_path`.
    updated
        When the page last changed, where that is known.
    """

    path: str
    updated: datetime | None = None
