"""From the event log to lines: the one reading of events, live and at replay."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec

from yunqi.commerce.ranking.engine.lines import NOBODY, Kind, Lines
from yunqi.commerce.ranking.engine.state import ShopState
from yunqi.kernel.clock import to_micros

KINDS = {
    "view_item": Kind.VIEW,
    "select_item": Kind.VIEW,
    "add_to_cart": Kind.CART,
    "purchase": Kind.PURCHASE,
}
NAMES = frozenset({*KINDS, "PriceChanged", "VisitorIdentified"})
"""The events that change the state."""


class Logged(Protocol):
    """An event of the log."""

    @property
    def seq(self) -> int: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def at(self) -> datetime: ...  # noqa: D102
    @property
    def subject(self) -> str | None: ...  # noqa: D102
    @property
    def payload(self) -> bytes: ...  # noqa: D102


class _Item(msgspec.Struct):
    item_id: str
    price: float | None = None
    discount: float | None = None


class _Payload(msgspec.Struct):
    items: tuple[_Item, ...] = ()


class _Change(msgspec.Struct):
    product_id: str
    price_after: int | None = None
    sale_after: int | None = None


class _Prices(msgspec.Struct):
    changes: tuple[_Change, ...] = ()


class _Identified(msgspec.Struct):
    visitor: str
    user: str


@dataclass(frozen=True, slots=True)
class Merge:
    """A visitor turned out to be a user."""

    visitor: str
    user: str


_ITEMS = msgspec.json.Decoder(_Payload)
_PRICES = msgspec.json.Decoder(_Prices)
_IDENTIFIED = msgspec.json.Decoder(_Identified)
Row = tuple[int, int, int, int, float, float, int]


def decode(
    state: ShopState, events: Iterable[Logged], numbers: Mapping[str, int], scale: float
) -> Iterator[Lines | Merge]:
    """Yield lines, cut where a visitor is merged into a user (what follows must see the merge).

    Parameters
    ----------
    numbers
        Product id to dense number; lines of products that the catalog never had are left out.
    scale
        Minor units in one major unit of the shop's currency.
    """
    rows: list[Row] = []
    for event in events:
        if event.name == "VisitorIdentified":
            if rows:
                yield Lines.of(rows)
                rows = []
            found = _IDENTIFIED.decode(event.payload)
            yield Merge(found.visitor, found.user)
        elif event.name == "PriceChanged":
            rows += _price_rows(event, numbers)
        elif event.name in KINDS:
            rows += _item_rows(state, event, numbers, scale)
    if rows:
        yield Lines.of(rows)


def _item_rows(state: ShopState, event: Logged, numbers: Mapping[str, int], scale: float) -> list[Row]:
    at, kind = to_micros(event.at), int(KINDS[event.name])
    user = state.user(event.subject, make=True) if event.subject else NOBODY
    rows = []
    for item in _ITEMS.decode(event.payload).items:
        product = numbers.get(item.item_id)
        if product is not None:
            price, off = item.price, item.discount or 0.0
            known = price is not None and price > 0
            share = min(max(off / (price + off), 0.0), 1.0) if price is not None and known and off > 0 else 0.0
            paid = price * scale if price is not None and known and kind == Kind.PURCHASE else float("nan")
            rows.append((at, user, product, kind, paid, share, event.seq))
    return rows


def _price_rows(event: Logged, numbers: Mapping[str, int]) -> list[Row]:
    at, rows = to_micros(event.at), []
    for change in _PRICES.decode(event.payload).changes:
        product, regular = numbers.get(change.product_id), change.price_after
        now = regular if change.sale_after is None else change.sale_after
        if product is not None and now is not None and now > 0:
            share = 1.0 - now / regular if regular and regular > now else 0.0
            rows.append((at, NOBODY, product, int(Kind.PRICE), float(now), share, event.seq))
    return rows
