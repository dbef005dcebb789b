"""Fact sheets: what the catalog says, cut down and made harmless for a prompt."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from yunqi.commerce.assistant.engine.sizes import unit_price
from yunqi.commerce.assistant.model import FactSheet, UnitPrice
from yunqi.commerce.catalog import Availability, Money, Product

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}
_TITLE, _DESCRIPTION = 120, 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_MARKUP = re.compile(r"<[^>]{0,200}>|<\||\|>|\[/?INST\]|```|###|\"{2,}", re.IGNORECASE)
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:instruction|previous|above|rule|fact|prompt)|"
    r"\b(?:system|assistant|user)\s*:|\byou (?:are|must|should) (?:now|say|answer|reply|act|tell)|\bact as\b|"
    r"\b(?:say|reply|answer|respond|tell)\b.{0,30}\b(?:that|with|only|always)\b|忽略|无视|你现在是|请回答|系统提示",
    re.IGNORECASE,
)


def sheet(product: Product, promotions: Sequence[str], at: datetime) -> FactSheet:
    """Return the facts of a product at a time."""
    price = product.price_at(at)
    return FactSheet(
        product_id=product.id,
        title=clean(product.title, _TITLE),
        title_derived=product.title_derived,
        brand=clean(product.brand, 60),
        size=clean(product.size, 40),
        category=tuple(clean(name, 60) for name in product.category),
        price=price,
        regular_price=product.price if product.price != price else None,
        in_stock=product.availability is not Availability.OUT_OF_STOCK and product.quantity != 0,
        promotions=tuple(clean(title, 80) for title in promotions[:3]),
        description=clean(product.description, _DESCRIPTION),
        unit_price=unit_price(product.size, price),
    )


def clean(text: str, longest: int) -> str:
    """Return a text of the feed on one line, without markup, control marks or a prompt's special tokens."""
    text = _MARKUP.sub(" ", _CONTROL.sub(" ", text))
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def gives_orders(text: str) -> bool:
    """Whether a text of the feed speaks to a model instead of describing a product."""
    return _ORDERS.search(text) is not None


def harmless(facts: FactSheet) -> FactSheet:
    """Return the facts without texts that speak to a model: neither its prompt nor its check may hold them."""
    title = facts.title
    if gives_orders(title):
        title = " ".join(facts.category[-1:]) or facts.product_id
    offers = tuple(offer for offer in facts.promotions if not gives_orders(offer))
    said = "" if gives_orders(facts.description) else facts.description
    return replace(facts, title=title, promotions=offers, description=said)


def money(amount: Money) -> str:
    """Write an amount as people do."""
    symbol = _SYMBOLS.get(amount.currency)
    return f"{symbol}{amount.decimal:f}" if symbol else str(amount)


def per_unit(found: UnitPrice) -> str:
    """Write a unit price, with at least three digits of it: ``$0.0312 per oz``."""
    value = Money(1, found.currency).decimal * found.hundredths / 100
    places = 2 if value >= 1 else 3 if value >= Decimal("0.1") else 4
    symbol = _SYMBOLS.get(found.currency)
    figure = f"{value:.{places}f}"
    return f"{symbol}{figure} per {found.unit}" if symbol else f"{figure} {found.currency} per {found.unit}"


def lines(facts: FactSheet) -> tuple[str, ...]:
    """Return the facts as short lines, for a citation and for a prompt."""
    found = [f"Price: {money(facts.price)}" if facts.price else "Price: not in the catalog"]
    if facts.regular_price:
        found.append(f"Regular price: {money(facts.regular_price)} (on sale now)")
    if facts.unit_price:
        found.append(f"Unit price: {per_unit(facts.unit_price)}")
    found.append(f"Size: {facts.size or 'not in the catalog'}")
    found.append(f"Brand: {facts.brand or 'not in the catalog'}")
    if facts.category:
        found.append(f"Category: {' > '.join(facts.category)}")
    found.append(f"Availability: {'in stock' if facts.in_stock else 'out of stock'}")
    found += [f"Promotion: {title}" for title in facts.promotions]
    if facts.description and facts.description != facts.title and not gives_orders(facts.description):
        found.append(f"Description: {facts.description}")
    return tuple(found)
