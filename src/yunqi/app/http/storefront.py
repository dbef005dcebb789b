"""The storefront's routes. Public by design: a shop window has no login; a signed cookie tells shoppers apart."""

from collections.abc import Iterator
from typing import Any

import msgspec
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from yunqi.app.application import App
from yunqi.app.http.limits import AddressLimit
from yunqi.app.http.operator import iso
from yunqi.app.http.principals import Principals
from yunqi.commerce.activity import SegmentEvent
from yunqi.commerce.catalog import Money, Product
from yunqi.commerce.payments import Customer, Order
from yunqi.commerce.ranking import Answer, Card
from yunqi.commerce.search import Category, FacetValue, Filters, Sort
from yunqi.flows.storefront import BasketView, ProductView
from yunqi.kernel import Invalid


class QuantityRequest(BaseModel):
    """How many of a product the basket shall hold."""

    quantity: int


class CheckoutRequest(BaseModel):
    """What a purchase needs."""

    email: str = Field(max_length=254)
    name: str = Field(max_length=200)
    address: str = Field(max_length=1000)
    payment_token: str = Field(max_length=100)


class AskRequest(BaseModel):
    """A question about the products on a page."""

    question: str = Field(max_length=500)
    product_ids: list[str] = Field(max_length=8)
    language: str = Field("en", pattern="^(en|zh)$")


_EVENTS = msgspec.json.Decoder(dict[str, list[SegmentEvent]])


def storefront_router(app: App, principals: Principals) -> APIRouter:
    """Return the public routes of the shop."""
    config = app.storefront.config
    limit = AddressLimit(config.requests_per_second, config.burst)
    router = APIRouter(prefix="/v1/storefront", tags=["storefront"], dependencies=[limit.dependency()])
    _browse(router, app, principals)
    _buy(router, app, principals)
    questions = AddressLimit(config.questions_per_minute / 60, max(1, int(config.questions_per_minute)))
    _ask(router, app, questions)
    return router


def _browse(router: APIRouter, app: App, principals: Principals) -> None:
    shop = app.storefront

    @router.get("/config")
    def shop_config() -> dict[str, Any]:
        """Say what shop this is."""
        return {
            "name": shop.config.name,
            "currency": app.catalog.config.currency,
            "demo": shop.config.demo,
            "demo_note": shop.demo_note(),
            "assistant": app.assistant_ready(),
            "version": app.version,
        }

    @router.get("/home")
    def home(visitor: str = principals.visitor()) -> dict[str, Any]:
        """Return the home page's strips and categories."""
        sections = [{"id": found.id, "title": found.id, **strip_json(found.answer)} for found in shop.home(visitor)]
        return {"sections": sections, "categories": [_category(node, deep=False) for node in shop.categories()]}

    @router.get("/categories")
    def categories() -> dict[str, Any]:
        """Return the category tree."""
        return {"categories": [_category(node, deep=True) for node in shop.categories()]}

    @router.get("/search")
    def search(
        q: str = "",
        category: str = "",
        brand: str = "",
        min_price: int | None = None,
        max_price: int | None = None,
        in_stock: bool = False,
        sort: Sort = Sort.RELEVANCE,
        page: int = 1,
        size: int = 24,
        visitor: str = principals.visitor(),
    ) -> dict[str, Any]:
        """Search products, or list a category; prices in minor units."""
        path = tuple(part.strip() for part in category.split(" > ")) if category else ()
        filters = Filters(category=path, brand=brand, min_price=min_price, max_price=max_price, in_stock=in_stock)
        found = shop.search(visitor, q, filters=filters, sort=sort, page=page, size=size)
        return {
            "query": q,
            "total": found.total,
            "page": page,
            "size": size,
            **strip_json(found.answer),
            "facets": {"category": _facet(found.categories), "brand": _facet(found.brands)},
            "took_ms": found.took_ms,
            "suggestion": found.suggestion,
            "understood": list(found.understood),
        }

    @router.get("/suggest")
    def suggest(q: str = "") -> dict[str, Any]:
        """Complete what is being typed."""
        return {"suggestions": [{"text": s.text, "kind": s.kind.value, "id": s.id} for s in shop.suggest(q)]}

    @router.get("/products/{product_id:path}")
    def product(product_id: str, visitor: str = principals.visitor()) -> dict[str, Any]:
        """Return a product's page."""
        view = shop.product(visitor, product_id)
        return {
            "product": product_json(app, view),
            "similar": strip_json(view.similar),
            "together": strip_json(view.together),
        }

    @router.post("/events")
    async def events(request: Request, visitor: str = principals.visitor()) -> dict[str, Any]:
        """Take what a page reports: GA4 events in Segment envelopes."""
        from starlette.concurrency import run_in_threadpool

        try:
            found = _EVENTS.decode(await request.body()).get("events", [])
        except msgspec.MsgspecError as error:
            raise Invalid(f"The events are not in the expected form: {error}.", "events") from error
        recorded = await run_in_threadpool(shop.record, visitor, found)
        return {"accepted": recorded.accepted, "duplicates": recorded.duplicates}


def _buy(router: APIRouter, app: App, principals: Principals) -> None:
    shop = app.storefront

    @router.get("/basket")
    def basket(visitor: str = principals.visitor()) -> dict[str, Any]:
        """Return the basket."""
        return basket_json(shop.basket(visitor))

    @router.put("/basket/items/{product_id:path}")
    def set_quantity(product_id: str, body: QuantityRequest, visitor: str = principals.visitor()) -> dict[str, Any]:
        """Set how many of a product are in the basket; 0 takes it out."""
        return basket_json(shop.set_quantity(visitor, product_id, quantity=body.quantity))

    @router.post("/checkout", status_code=201)
    def checkout(
        body: CheckoutRequest, idempotency_key: str = Header(""), visitor: str = principals.visitor()
    ) -> dict[str, Any]:
        """Buy the basket with a test card; the same Idempotency-Key gives the same order."""
        customer = Customer(email=body.email, name=body.name, address=body.address)
        return order_json(shop.checkout(visitor, customer=customer, token=body.payment_token, key=idempotency_key))

    @router.get("/orders")
    def orders(visitor: str = principals.visitor()) -> dict[str, Any]:
        """List this shopper's orders."""
        return {"orders": [order_json(order) for order in shop.orders(visitor)]}

    @router.get("/orders/{order_id}")
    def order(order_id: int, visitor: str = principals.visitor()) -> dict[str, Any]:
        """Return one of this shopper's orders."""
        return order_json(shop.order(visitor, order_id))


def _ask(router: APIRouter, app: App, questions: AddressLimit) -> None:
    shop = app.storefront

    @router.post("/ask", dependencies=[questions.dependency()])
    def ask(body: AskRequest) -> StreamingResponse:
        """Answer a question about products from the catalog's facts, as server-sent events."""
        events = shop.ask(body.question, product_ids=body.product_ids, language=body.language)

        def frames() -> Iterator[bytes]:
            for event in events:
                yield b"data: " + msgspec.json.encode(event) + b"\n\n"

        return StreamingResponse(frames(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def money_json(money: Money | None) -> dict[str, Any] | None:
    """Return money as the API shows it."""
    return None if money is None else {"amount_minor": money.amount_minor, "currency": money.currency}


def card_json(card: Card) -> dict[str, Any]:
    """Return a card as the API shows it."""
    return {
        "id": card.id,
        "title": card.title,
        "title_derived": card.title_derived,
        "price": money_json(card.price),
        "sale_price": money_json(card.sale_price),
        "availability": "in_stock" if card.in_stock else "out_of_stock",
        "image": card.image or None,
        "category": list(card.category),
        "brand": card.brand,
        "size": card.size,
        "position": card.position,
        "slot": card.slot.value,
    }


def strip_json(answer: Answer | None) -> dict[str, Any]:
    """Return some products in a row, and the decision that chose them."""
    if answer is None:
        return {"decision_id": None, "items": []}
    return {"decision_id": answer.decision_id, "items": [card_json(card) for card in answer.items]}


def product_json(app: App, view: ProductView) -> dict[str, Any]:
    """Return a product with everything its page shows."""
    product: Product = view.product
    attributes = {"color": product.color, "mpn": product.mpn, "unit": product.unit_pricing_measure}
    return {
        **card_json(view.card),
        "description": product.description,
        "gtin": product.gtin,
        "product_type": product.product_type,
        "attributes": {name: value for name, value in attributes.items() if value},
        "price_history": [
            {"at": iso(point.at), "price": money_json(point.price), "sale_price": money_json(point.sale_price)}
            for point in view.history
        ],
        "promotions": [{"id": p.id, "title": p.title, "ends": iso(p.ends)} for p in view.promotions],
        "json_ld": app.catalog.json_ld(product),
    }


def basket_json(view: BasketView) -> dict[str, Any]:
    """Return a basket as the API shows it."""
    lines = []
    for card, line in view.lines:
        price = card.sale_price or card.price
        total = price * line.quantity if price else None
        lines.append({"product": card_json(card), "quantity": line.quantity, "total": money_json(total)})
    return {
        "items": lines,
        "subtotal": money_json(view.total),
        "total": money_json(view.total),
        "count": sum(line.quantity for _, line in view.lines),
        "gone": list(view.gone),
        "recommended": strip_json(view.recommended),
    }


def order_json(order: Order) -> dict[str, Any]:
    """Return an order as the API shows it."""

    def money(minor: int) -> dict[str, Any] | None:
        return money_json(Money(minor, order.currency))

    charge = order.charge
    return {
        "id": str(order.id),
        "number": order.number,
        "status": order.status.value,
        "placed_at": iso(order.placed_at),
        "items": [
            {
                "product_id": line.product_id,
                "title": line.title,
                "quantity": line.quantity,
                "unit_price": money(line.unit_price_minor),
                "total": money(line.total_minor),
            }
            for line in order.lines
        ],
        "total": money(order.total_minor),
        "email": order.customer.email,
        "payment": {
            "provider": charge.provider if charge else None,
            "reference": charge.reference if charge else None,
            "status": charge.status.value if charge else "pending",
        },
    }


def _category(found: Category, *, deep: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": found.id, "name": found.name, "count": found.count}
    if deep:
        shown["children"] = [_category(child, deep=False) for child in found.children]
    return shown


def _facet(values: tuple[FacetValue, ...]) -> list[dict[str, Any]]:
    return [{"value": found.value, "count": found.count} for found in values]
