"""The pages: the storefront for shoppers and the console for the merchant.

Both are one bundle, written in TypeScript in ``/web`` and built into ``dist``. This package serves it, with light HTML
and schema.org data in the pages that search engines read.

>>> from yunqi.console import Link, ShopPage, category_path
>>> ShopPage("Yunqi", categories=(Link("Grocery", category_path("Grocery")),)).categories[0].path
'/store/c/Grocery'
"""

from yunqi.console.model import (
    CategoryPage,
    Link,
    ProductPage,
    ShopPage,
    SitemapEntry,
    category_path,
    product_path,
)
from yunqi.console.routes import pages_router, security_headers

__all__ = [
    "CategoryPage",
    "Link",
    "ProductPage",
    "ShopPage",
    "SitemapEntry",
    "category_path",
    "pages_router",
    "product_path",
    "security_headers",
]
