"""A product as schema.org sees it."""

from typing import Any

from yunqi.commerce.catalog.model import Availability, Money, Product

_AVAILABILITY = {
    Availability.IN_STOCK: "https://schema.org/InStock",
    Availability.OUT_OF_STOCK: "https://schema.org/OutOfStock",
    Availability.PREORDER: "https://schema.org/PreOrder",
    Availability.BACKORDER: "https://schema.org/BackOrder",
}


def json_ld(product: Product, price: Money | None, *, url: str = "") -> dict[str, Any]:
    """Return schema.org Product, with an Offer when it has a price.

    Whoever puts it into a page must escape ``<`` in the JSON text (``\\u003c``), since titles are the merchant's.
    """
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "productID": product.id,
        "sku": product.id,
        "name": product.title,
    }
    optional = {
        "description": product.description,
        "image": product.image_link,
        "url": url or product.link,
        "gtin": product.gtin,
        "mpn": product.mpn,
        "color": product.color,
        "size": product.size,
        "category": product.product_type,
    }
    data.update({name: value for name, value in optional.items() if value})
    if product.brand:
        data["brand"] = {"@type": "Brand", "name": product.brand}
    if price is not None:
        data["offers"] = _offer(product, price, url or product.link)
    return data


def _offer(product: Product, price: Money, url: str) -> dict[str, Any]:
    offer: dict[str, Any] = {
        "@type": "Offer",
        "price": f"{price.decimal:f}",
        "priceCurrency": price.currency,
        "availability": _AVAILABILITY[product.availability],
    }
    if url:
        offer["url"] = url
    if price == product.sale_price and product.sale_ends is not None:
        offer["priceValidUntil"] = product.sale_ends.date().isoformat()
    return offer
