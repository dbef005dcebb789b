"""The storefront: what a shopper sees and does, composed from search, recommendation, catalog and payments."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yunqi.commerce.activity import Activity, Recorded, SegmentEvent
from yunqi.commerce.assistant import Answered, Assistant
from yunqi.commerce.catalog import Cards, Catalog, Money, PricePoint, Product, Promotion
from yunqi.commerce.payments import BasketLine, Customer, Order, Payments
from yunqi.commerce.recommend import Recommend
from yunqi.commerce.search import Search
from yunqi.kernel import Kernel, setting


@dataclass(frozen=True, slots=True)
class StorefrontConfig:
    """The public shop window and its limits."""

    name: str = setting("Yunqi Market", "The shop's name, on pages and in mails.")
    demo: bool = setting(True, "Load the demo shop into an empty data folder, and say on every page that it is one.")
    requests_per_second: float = setting(20.0, "Requests a second that one address may make on the public routes.")
    burst: int = setting(120, "Requests that one address may make at once on the public routes.")
    body_limit_bytes: int = setting(2_000_000, "Largest request body on ordinary routes.")
    upload_limit_bytes: int = setting(2_000_000_000, "Largest upload of a feed.")
    questions_per_minute: float = setting(10.0, "Questions a minute that one address may ask the assistant.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A product as a list shows it; ``price`` and ``sale_price`` as they are at the moment of the answer."""

    id: str
    title: str
    title_derived: bool
    price: Money | None
    sale_price: Money | None
    available: bool
    image: str
    category: tuple[str, ...]
    brand: str
    size: str
    position: int
    slot: str


@dataclass(frozen=True, slots=True)
class Strip:
    """Some products in a row, and the decision that chose them."""

    id: str
    decision_id: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class CategoryNode:
    """A category with the number of its products that can be bought."""

    path: tuple[str, ...]
    count: int
    children: tuple["CategoryNode", ...] = ()


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product's page."""

    product: Product
    card: Card
    history: list[PricePoint]
    promotions: list[Promotion]
    similar: Strip
    together: Strip


@dataclass(frozen=True, slots=True)
class BasketView:
    """A basket with today's prices; ``gone`` are products that are no longer sold and were left out."""

    lines: tuple[tuple[Card, BasketLine], ...]
    total: Money
    recommended: Strip
    gone: tuple[str, ...] = ()


class Storefront:
    """One shop window over one workspace.

    Parameters
    ----------
    kernel, config
        The ground floor and the settings of this flow.
    catalog, activity, search, recommend, payments, assistant
        The services that it composes.
    """

    def __init__(
        self,
        kernel: Kernel,
        config: StorefrontConfig,
        *,
        catalog: Catalog,
        activity: Activity,
        search: Search,
        recommend: Recommend,
        payments: Payments,
        assistant: Assistant,
    ) -> None:
        self.kernel = kernel
        self.config = config
        self._catalog = catalog
        self._activity = activity
        self._search = search
        self._recommend = recommend
        self._payments = payments
        self._assistant = assistant
        self._tree: tuple[int, tuple[CategoryNode, ...]] = (-1, ())

    def card(self, cards: Cards, number: int, *, position: int = 1, slot: str = "ranked", at: datetime | None = None) -> Card:
        """Return a product of the catalog's columns as a card."""
        now = (at or self.kernel.clock()).timestamp() * 1e6
        on_sale = cards.sale_price_minor[number] >= 0 and cards.sale_from[number] <= now <= cards.sale_until[number]
        return Card(
            id=cards.ids[number],
            title=cards.titles[number],
            title_derived=bool(cards.derived[number]),
            price=cards.money(cards.price_minor[number]),
            sale_price=cards.money(cards.sale_price_minor[number]) if on_sale else None,
            available=bool(cards.available[number]),
            image=cards.images[number],
            category=cards.path(number),
            brand=cards.brands[number],
            size=cards.sizes[number],
            position=position,
            slot=slot,
        )

    def strip(self, name: str, decision_id: str, items: Iterable[tuple[str, int, str]]) -> Strip:
        """Return a strip of cards from ``(product id, position, slot)``; products gone meanwhile are left out."""
        cards, at = self._catalog.cards(), self.kernel.clock()
        shown = tuple(
            self.card(cards, cards.index[product], position=position, slot=slot, at=at)
            for product, position, slot in items
            if product in cards.index
        )
        return Strip(name, decision_id, shown)

    def categories(self) -> tuple[CategoryNode, ...]:
        """Return the category tree (two levels) with the number of products that can be bought, largest first."""
        cards = self._catalog.cards()
        if self._tree[0] != cards.generation:
            self._tree = (cards.generation, _tree(cards))
        return self._tree[1]

    def basket(self, visitor: str) -> BasketView:
        """Return a shopper's basket with today's prices and what goes with it."""
        cards, at = self._catalog.cards(), self.kernel.clock()
        lines, gone, total = [], [], 0
        for line in self._payments.basket(visitor):
            number = cards.index.get(line.product_id)
            if number is None or not cards.live[number]:
                gone.append(line.product_id)
                continue
            card = self.card(cards, number, position=len(lines) + 1, at=at)
            price = card.sale_price or card.price
            total += (price.amount_minor if price else 0) * line.quantity
            lines.append((card, line))
        recommended = self._basket_strip(visitor, [card.id for card, _ in lines])
        return BasketView(tuple(lines), Money(total, cards.currency), recommended, tuple(gone))

    def set_quantity(self, visitor: str, product_id: str, *, quantity: int) -> BasketView:
        """Change how many of a product are in the basket; 0 takes it out."""
        self._payments.set_quantity(visitor, product_id, quantity=quantity)
        return self.basket(visitor)

    def checkout(self, visitor: str, *, customer: Customer, token: str, key: str) -> Order:
        """Buy the basket; raises what `Payments.checkout` raises."""
        return self._payments.checkout(visitor, customer=customer, token=token, key=key)

    def order(self, visitor: str, order_id: int) -> Order:
        """Return one of this shopper's orders."""
        return self._payments.order(order_id, buyer=visitor)

    def orders(self, visitor: str) -> list[Order]:
        """Return this shopper's orders, newest first."""
        return self._payments.orders(visitor)

    def record(self, visitor: str, events: Sequence[SegmentEvent]) -> Recorded:
        """Append what a page reports; whatever the page claims, the shopper is the one of the cookie."""
        import msgspec

        own = [msgspec.structs.replace(event, anonymousId=visitor, userId=None) for event in events]
        return self._activity.record(own)
