"""A product as one JSON text: what has its default is left out."""

from datetime import datetime
from functools import lru_cache

import msgspec

from yunqi.commerce.catalog.model import Availability, CardFacts, Money, Product


class _Document(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The field names are short because every product carries them."""

    t: str
    cur: str = ""
    d: str = ""
    l: str = ""  # noqa: E741
    i: str = ""
    a: Availability = Availability.IN_STOCK
    p: int | None = None
    sp: int | None = None
    ss: datetime | None = None
    se: datetime | None = None
    b: str = ""
    g: str = ""
    m: str = ""
    c: tuple[str, ...] = ()
    gc: str = ""
    ig: str = ""
    s: str = ""
    co: str = ""
    u: str = ""
    cg: int | None = None
    x: tuple[str, str, str, str, str] | None = None
    q: int | None = None
    td: bool = False


_NO_LABELS = ("", "", "", "", "")
_decoder = msgspec.json.Decoder(_Document)
_money = lru_cache(65536)(Money)
_encoder = msgspec.json.Encoder()


def encode(product: Product) -> bytes:
    """Return the product's facts, the same bytes for the same facts (its id, generation and time are kept beside)."""
    price, sale, cost = product.price, product.sale_price, product.cost_of_goods_sold
    known = price or sale or cost
    return _encoder.encode(
        _Document(
            t=product.title,
            cur=known.currency if known else "",
            d=product.description,
            l=product.link,
            i=product.image_link,
            a=product.availability,
            p=None if price is None else price.amount_minor,
            sp=None if sale is None else sale.amount_minor,
            ss=product.sale_starts,
            se=product.sale_ends,
            b=product.brand,
            g=product.gtin,
            m=product.mpn,
            c=product.category,
            gc=product.google_product_category,
            ig=product.item_group_id,
            s=product.size,
            co=product.color,
            u=product.unit_pricing_measure,
            cg=None if cost is None else cost.amount_minor,
            x=product.labels if any(product.labels) else None,
            q=product.quantity,
            td=product.title_derived,
        )
    )


def decode_facts(number: int, document: str) -> CardFacts:
    """Return what lists show of a document's product; a fraction of the work of `decode`."""
    d = _decoder.decode(document)
    offered = d.p is not None and d.a is not Availability.OUT_OF_STOCK
    return CardFacts(number, d.t, d.b, d.s, d.i, d.c, d.td, offered, d.p, d.sp, d.ss, d.se)


def decode(document: str | bytes, *, product_id: str, generation: int, updated_at: datetime | None) -> Product:
    """Return the product of a document."""
    d = _decoder.decode(document)

    currency = d.cur
    return Product(
        id=product_id,
        title=d.t,
        description=d.d,
        link=d.l,
        image_link=d.i,
        availability=d.a,
        price=None if d.p is None else _money(d.p, currency),
        sale_price=None if d.sp is None else _money(d.sp, currency),
        sale_starts=d.ss,
        sale_ends=d.se,
        brand=d.b,
        gtin=d.g,
        mpn=d.m,
        category=d.c,
        google_product_category=d.gc,
        item_group_id=d.ig,
        size=d.s,
        color=d.co,
        unit_pricing_measure=d.u,
        cost_of_goods_sold=None if d.cg is None else _money(d.cg, currency),
        labels=d.x or _NO_LABELS,
        quantity=d.q,
        title_derived=d.td,
        generation=generation,
        updated_at=updated_at,
    )
