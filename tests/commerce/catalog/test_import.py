from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from yunqi.commerce.catalog import MIGRATIONS, Catalog, CatalogConfig, FeedRefused, ImportState, Money, ProductNotFound
from yunqi.commerce.catalog.store import tables
from yunqi.kernel import Conflict, Kernel, KernelConfig

Feed = Callable[..., Path]


def many(count: int, price: str = "1.00 USD") -> dict[str, str | None]:
    return {f"p{i}": price for i in range(count)}


def count(kernel: Kernel, table: sa.Table) -> int:
    with kernel.store.read() as tx:
        return int(tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_a_feed_is_published_as_one_generation_with_all_its_columns(catalog: Catalog, write: Feed) -> None:
    row = {
        "id": "a1",
        "title": '"Milk ""fresh"", 1 l"',
        "description": '"two\nlines"',
        "link": "https://shop/a1",
        "image link": "https://shop/a1.png",
        "availability": "in stock",
        "price": "1.49 USD",
        "sale price": "1.19 USD",
        "sale price effective date": "2026-11-01T00:00Z/2026-11-30T23:59+0100",
        "brand": "Cow",
        "gtin": "4006381333931",
        "mpn": "M-1",
        "product type": "Grocery > Milk > Fresh",
        "item group id": "g1",
        "size": "1 l",
        "color": "white",
        "unit pricing measure": "1 l",
        "cost of goods sold": "0.70 USD",
        "custom label 0": "summer",
        "quantity": "12",
        "title_derived": "true",
    }
    path = write("\t".join(row) + "\n" + "\t".join(row.values()) + "\n", "feed.tsv")
    report = catalog.import_products(path)
    assert (report.state, report.rows, report.added, report.generation) == (ImportState.PUBLISHED, 1, 1, 1)
    product = catalog.product("a1")
    assert product.title == 'Milk "fresh", 1 l'
    assert product.description == "two\nlines"
    assert (product.price, product.sale_price) == (Money(149, "USD"), Money(119, "USD"))
    assert product.sale_ends == datetime(2026, 11, 30, 22, 59, tzinfo=UTC)
    assert product.price_at(datetime(2026, 12, 1, tzinfo=UTC)) == Money(149, "USD")
    assert product.price_at(datetime(2026, 11, 2, tzinfo=UTC)) == Money(119, "USD")
    assert product.category == ("Grocery", "Milk", "Fresh")
    assert product.cost_of_goods_sold == Money(70, "USD")
    assert (product.quantity, product.gtin, product.labels[0], product.title_derived) == (
        12,
        "4006381333931",
        "summer",
        True,
    )
    assert (product.link, product.image_link, product.size, product.color) == (
        "https://shop/a1", "https://shop/a1.png", "1 l", "white",
    )  # fmt: skip


def test_a_second_run_changes_nothing(kernel: Kernel, catalog: Catalog, feed: Feed) -> None:
    path = feed(many(10))
    catalog.import_products(path)
    before = (count(kernel, tables.products), count(kernel, tables.prices), kernel.events.head(), catalog.product("p3"))
    report = catalog.import_products(path)
    assert (report.unchanged, report.added, report.updated, report.retired, report.generation) == (10, 0, 0, 0, 1)
    assert report.message == "Nothing changed."
    after = (count(kernel, tables.products), count(kernel, tables.prices), kernel.events.head(), catalog.product("p3"))
    assert before == after


def test_prices_have_a_history_and_are_announced(kernel: Kernel, catalog: Catalog, feed: Feed) -> None:
    catalog.import_products(feed(many(4)))
    report = catalog.import_products(feed({**many(4), "p1": "2.00 USD", "p2": None}))
    assert (report.updated, report.unchanged) == (2, 2)
    assert [p.price for p in catalog.history("p1")] == [Money(100, "USD"), Money(200, "USD")]
    assert [p.price for p in catalog.history("p2")] == [Money(100, "USD"), None]
    assert len(catalog.history("p3")) == 1
    changed = [e.data() for e in kernel.events.read(names={"PriceChanged"})]
    assert [len(event["changes"]) for event in changed] == [2]
    assert changed[0]["changes"][0] == {
        "product_id": "p1", "price_before": 100, "price_after": 200, "sale_before": None, "sale_after": None,
    }  # fmt: skip
    published = [e.data() for e in kernel.events.read(names={"CatalogPublished"})]
    assert published == [
        {"generation": 1, "added": 4, "updated": 0, "retired": 0},
        {"generation": 2, "added": 0, "updated": 2, "retired": 0},
    ]


def test_missing_products_are_retired_only_if_the_feed_is_complete_enough(catalog: Catalog, feed: Feed) -> None:
    catalog.import_products(feed(many(10)))
    report = catalog.import_products(feed({**many(9), "p3": "3.00 USD"}))
    assert (report.retired, report.updated) == (1, 1)
    with pytest.raises(ProductNotFound):
        catalog.product("p9")
    short = catalog.import_products(feed({"p0": "9.00 USD", "new": "1.00 USD"}))
    assert (short.added, short.updated, short.retired) == (1, 1, 0)
    assert "it looks short, so the 8 missing ones were kept" in short.message
    assert catalog.page("", size=50).total == 10
    assert catalog.product("p0").price == Money(900, "USD")


def test_a_retired_product_comes_back_under_its_old_number(catalog: Catalog, feed: Feed) -> None:
    catalog.import_products(feed(many(10)))
    number = catalog.cards().index["p9"]
    catalog.import_products(feed(many(9)))
    assert not catalog.cards().live[number]
    report = catalog.import_products(feed(many(10)))
    assert report.added == 1
    assert catalog.cards().index["p9"] == number
    assert catalog.cards().live[number]


def test_a_partial_feed_retires_nothing(catalog: Catalog, feed: Feed) -> None:
    catalog.import_products(feed(many(10)))
    report = catalog.import_products(feed(many(9)), partial=True)
    assert (report.retired, catalog.page("").total) == (0, 10)


def test_a_dry_run_counts_and_writes_only_its_report(kernel: Kernel, catalog: Catalog, feed: Feed) -> None:
    catalog.import_products(feed(many(10)))
    head, rows = kernel.events.head(), count(kernel, tables.products)
    report = catalog.import_products(feed({**many(9), "p0": "5.00 USD", "bad": "x"}), dry_run=True)
    assert report.state is ImportState.REHEARSED
    assert (report.updated, report.unchanged, report.retired, report.rejected) == (1, 8, 1, 1)
    assert (kernel.events.head(), count(kernel, tables.products)) == (head, rows)
    assert catalog.product("p0").price == Money(100, "USD")
    assert catalog.imports.report(report.id).errors[0].line == 11


def test_too_many_bad_rows_publish_nothing(kernel: Kernel, catalog: Catalog, feed: Feed) -> None:
    catalog.import_products(feed(many(10)))
    bad = {**many(8, "2.00 USD"), "p8": "-1.00 USD", "p9": "1.00 EUR"}
    with pytest.raises(FeedRefused, match=r"2 of 10 rows were rejected, more than 10%") as refused:
        catalog.import_products(feed(bad))
    assert catalog.product("p0").price == Money(100, "USD")
    assert count(kernel, tables.products) == 10
    assert count(kernel, tables.prices) == 10
    assert refused.value.import_id is not None
    report = catalog.imports.report(refused.value.import_id)
    assert report.state is ImportState.FAILED
    assert [(e.line, e.column, e.message, e.value) for e in report.errors] == [
        (10, "price", "The amount is negative.", "-1.00 USD"),
        (11, "price", "The amount is in EUR; the shop sells in USD.", "1.00 EUR"),
    ]


def test_an_unknown_column_is_named_with_the_nearest_known_one(catalog: Catalog, write: Feed) -> None:
    path = write("id,title,pirce\n1,Milk,1.00 USD\n")
    report = catalog.import_products(path)
    assert report.message == "The column 'pirce' is not known and was left out. Did you mean 'price'?"
    assert report.rejected == 0
    with pytest.raises(FeedRefused, match="With --strict nothing is published"):
        catalog.import_products(path, strict=True)


def test_a_running_import_keeps_others_out_and_an_interrupted_one_does_not(
    kernel: Kernel, catalog: Catalog, feed: Feed
) -> None:
    def stop(done: int, total: int, message: str) -> None:
        with pytest.raises(Conflict, match="is running"):
            catalog.import_products(feed(many(5), "other.csv"))
        raise KeyboardInterrupt

    path = feed(many(10))
    with pytest.raises(KeyboardInterrupt):
        catalog.import_products(path, progress=stop)
    assert catalog.page("").total == 0
    assert count(kernel, tables.products) == 3  # the first chunk, staged and unseen
    report = catalog.import_products(path)
    assert (report.rows, report.added, report.state) == (10, 10, ImportState.PUBLISHED)
    assert count(kernel, tables.products) == 10
    assert len(catalog.imports.list()) == 1


def test_another_file_after_an_interrupted_one_starts_clean(kernel: Kernel, catalog: Catalog, feed: Feed) -> None:
    catalog.import_products(feed(many(10)))

    def stop(done: int, total: int, message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalog.import_products(feed({**many(10, "7.00 USD"), "x": "1.00 USD"}), progress=stop)
    report = catalog.import_products(feed({**many(10), "p5": "2.00 USD"}))
    assert (report.updated, report.unchanged, report.generation) == (1, 9, 2)
    assert catalog.product("p0").price == Money(100, "USD")
    assert len(catalog.history("p0")) == 1
    with pytest.raises(ProductNotFound):
        catalog.product("x")
    states = [(r.state, r.message[:11]) for r in catalog.imports.list()]
    assert states[1] == (ImportState.FAILED, "Interrupted")


def test_old_versions_are_forgotten_and_history_is_not(kernel: Kernel, feed: Feed) -> None:
    catalog = Catalog(kernel, CatalogConfig(keep_generations=2))
    for price in range(1, 7):
        catalog.import_products(feed({"p": f"{price}.00 USD"}))
    assert count(kernel, tables.products) == 3  # the live version and those of two old generations
    assert len(catalog.history("p")) == 6


def test_workspaces_do_not_see_each_other(catalog: Catalog, feed: Feed) -> None:
    catalog.import_products(feed(many(3)), workspace="one")
    catalog.import_products(feed({"p0": "5.00 USD"}), workspace="two")
    assert catalog.page("", workspace="one").total == 3
    assert catalog.product("p0", workspace="two").price == Money(500, "USD")
    assert catalog.page("").total == 0
    assert catalog.cards(workspace="two").ids == ["p0"]


def test_promotions_are_replaced_as_a_whole(catalog: Catalog, write: Feed) -> None:
    head = "promotion_id,long_title,item_id,promotion_effective_dates,generic_redemption_code\n"
    dates = "2026-11-01T00:00Z/2026-12-01T00:00Z"
    first = write(f'{head}a,Ten off,"p1, p2",{dates},TEN\nb,Past,p1,2025-01-01T00:00Z/2025-02-01T00:00Z,\n')
    assert catalog.import_promotions(first).added == 2
    assert [(p.id, p.coupon_code) for p in catalog.promotions_for("p1")] == [("a", "TEN")]
    again = catalog.import_promotions(first)
    assert (again.unchanged, again.added, again.updated, again.retired) == (2, 0, 0, 0)
    second = catalog.import_promotions(write(f"{head}a,Ten off,p2,{dates},TEN\n"))
    assert (second.updated, second.retired) == (1, 1)
    assert catalog.promotions_for("p1") == []
    with pytest.raises(FeedRefused):
        catalog.import_promotions(write(f"{head}c,Odd,p1,tomorrow,\n"))
    assert [p.id for p in catalog.promotions()] == ["a"]


def test_an_import_that_was_not_heard_of_is_taken_over_and_stops_when_it_wakes(tmp_path: Path, feed: Feed) -> None:
    now = [datetime(2026, 11, 23, tzinfo=UTC)]
    with Kernel.open(KernelConfig(data_dir=tmp_path / "slow"), clock=lambda: now[0]) as kernel:
        kernel.migrate(MIGRATIONS)
        catalog = Catalog(kernel, CatalogConfig(chunk_rows=3))
        path = feed(many(10))
        reports = []

        def sleep(done: int, total: int, message: str) -> None:
            now[0] += timedelta(minutes=1)
            reports.append(catalog.import_products(path))

        with pytest.raises(Conflict, match="was taken over by another process"):
            catalog.import_products(path, progress=sleep)
        assert (reports[0].rows, reports[0].added, reports[0].generation) == (10, 10, 1)
        assert (catalog.page("").total, count(kernel, tables.products)) == (10, 10)
        assert kernel.events.count(name="CatalogPublished") == 1
