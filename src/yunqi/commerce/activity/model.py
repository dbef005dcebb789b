"""The nouns of activity: shoppers' events with GA4 e-commerce names in a Segment envelope."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec

from yunqi.kernel.errors import Invalid

NAMES = frozenset(
    {
        "add_to_cart",
        "begin_checkout",
        "purchase",
        "refund",
        "remove_from_cart",
        "search",
        "select_item",
        "select_promotion",
        "view_item",
        "view_item_list",
        "view_promotion",
    }
)
"""The GA4 e-commerce events that the shop understands."""

WITH_ITEMS = NAMES - {"search", "view_promotion", "select_promotion"}
"""Events that are about products, and refused without any. (A refund of a whole order may have none.)"""


Id = Annotated[str, msgspec.Meta(min_length=1, max_length=190)]
Text = Annotated[str, msgspec.Meta(max_length=1000)]
Amount = Annotated[float, msgspec.Meta(ge=0, le=1e12)]
Quantity = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class Item(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A product in an event. Prices are major units, as GA4 has them; fields that are not listed here are dropped."""

    item_id: Id
    quantity: Quantity = 1
    price: Amount | None = None
    discount: Amount | None = None
    coupon: Text | None = None
    index: int | None = None
    item_variant: Text | None = None
    item_list_id: Text | None = None
    location_id: Text | None = None


class Properties(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What happened: the payload of an event in the log (with ``context`` and ``anonymous_id`` added there).

    ``attribution_token`` is the id of the Decision that the shopper acted upon.
    """

    items: tuple[Item, ...] = ()
    currency: Text | None = None
    value: Amount | None = None
    transaction_id: Text | None = None
    coupon: Text | None = None
    search_term: Text | None = None
    item_list_id: Text | None = None
    promotion_id: Text | None = None
    promotion_name: Text | None = None
    attribution_token: Text | None = None
    experiment_ids: tuple[Text, ...] = ()
    context: dict[str, Any] = {}
    anonymous_id: Text | None = None


class SegmentEvent(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One event as it comes in: a Segment ``track`` call with a GA4 name, or an ``identify`` call.

    ``messageId`` makes it idempotent: the same id twice is one event.
    """

    type: str = "track"
    event: str = ""
    messageId: str
    timestamp: str | None = None
    userId: str | None = None
    anonymousId: str | None = None
    properties: Properties = Properties()
    context: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many events were new, and how many the log had already."""

    accepted: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class VisitorIdentified:
    """A visitor turned out to be a known user: their earlier events under ``visitor`` belong to ``user``."""

    visitor: str
    user: str
    at: datetime


class EventRefused(Invalid):
    """An event that breaks the contract; the message names the event and the field."""

    code = "event_refused"
