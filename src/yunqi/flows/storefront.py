"""The storefront: what a shopper sees and does, composed from search, recommendation, catalog and payments."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from yunqi.commerce.activity import Activity, Recorded, SegmentEvent
from yunqi.commerce.assistant import AnswerEvent, Assistant
from yunqi.commerce.catalog import Cards, Catalog, Money, PricePoint, Product, Promotion
from yunqi.commerce.experiments import Slot
from yunqi.commerce.payments import BasketLine, Customer, Order, Payments
from yunqi.commerce.ranking import Answer, Card, card
from yunqi.commerce.recommend import Recommend, Section
from yunqi.commerce.search import Category, Filters, Results, Search, Sort, Suggestion
from yunqi.kernel import Denied, Kernel, setting
from yunqi.kernel.clock import to_micros

_SALES = frozenset({"purchase", "refund"})

DEMO_NOTE = (
    "Demo shop: products, prices, baskets and coupons come from the public data set The Complete Journey (simulated data "
    "based on real shopping patterns), its year moved so that it ends yesterday. Titles, prices and stock are derived from "
    "it. Payments are tests; nothing is sold."
)


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


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product's page."""

    product: Product
    card: Card
    history: list[PricePoint]
    promotions: list[Promotion]
    similar: Answer
    together: Answer


@dataclass(frozen=True, slots=True)
class BasketView:
    """A basket with today's prices; ``gone`` are products that are no longer sold and were left out."""

    lines: tuple[tuple[Card, BasketLine], ...]
    total: Money
    recommended: Answer | None
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

    def home(self, visitor: str) -> list[Section]:
        """Return the strips of the home page."""
        return self._recommend.home(visitor)

    def product(self, visitor: str, product_id: str) -> ProductView:
        """Return a product with what goes with it; raises `ProductNotFound`."""
        product = self._catalog.product(product_id)
        cards = self._catalog.cards()
        return ProductView(
            product=product,
            card=self._card(cards, cards.index[product_id]),
            history=self._catalog.history(product_id),
            promotions=self._catalog.promotions_for(product_id),
            similar=self._recommend.similar(visitor, product_id),
            together=self._recommend.together(visitor, product_id),
        )

    def categories(self) -> tuple[Category, ...]:
        """Return the category tree of what can be bought."""
        return self._search.categories()

    def basket(self, visitor: str) -> BasketView:
        """Return a shopper's basket with today's prices and what goes with it."""
        cards = self._catalog.cards()
        lines: list[tuple[Card, BasketLine]] = []
        gone, total = [], 0
        for line in self._payments.basket(visitor):
            number = cards.index.get(line.product_id)
            if number is None or not cards.live[number]:
                gone.append(line.product_id)
                continue
            card = self._card(cards, number, position=len(lines) + 1)
            price = card.sale_price or card.price
            total += (price.amount_minor if price else 0) * line.quantity
            lines.append((card, line))
        latest_first = [card.id for card, _ in reversed(lines)]
        recommended = self._recommend.basket(visitor, latest_first) if lines else None
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
        claimed = {event.event for event in events} & _SALES
        if claimed:
            raise Denied(f"A page cannot report {sorted(claimed)}: sales are written by checkout.", "event")
        own = [msgspec.structs.replace(event, anonymousId=visitor, userId=None) for event in events]
        return self._activity.record(own)

    def ask(self, question: str, *, product_ids: Sequence[str], language: str = "en") -> Iterator[AnswerEvent]:
        """Answer a question about products from the catalog's facts; raises what `Assistant.ask` raises."""
        return self._assistant.ask(question, product_ids, language=language)

    def search(
        self,
        visitor: str,
        query: str,
        *,
        filters: Filters = Filters(),
        sort: Sort = Sort.RELEVANCE,
        page: int = 1,
        size: int = 24,
    ) -> Results:
        """Search products, or list a category; raises `Invalid` for a page that is not there."""
        return self._search.find(query, subject=visitor, filters=filters, sort=sort, page=page, size=size)

    def suggest(self, typed: str) -> list[Suggestion]:
        """Complete what is being typed."""
        return self._search.suggest(typed)

    def demo_note(self) -> str | None:
        """Say that this is a demo shop, and what of it is simulated or derived; None for a real one."""
        return DEMO_NOTE if self.config.demo else None

    def _card(self, cards: Cards, number: int, *, position: int = 1) -> Card:
        return card(cards, number, to_micros(self.kernel.clock()), position=position, slot=Slot.RANKED)
