import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from yunqi.commerce.catalog import NO_PRICE, Cards, Catalog, CatalogConfig, Money, OutOfStock, ProductNotFound
from yunqi.kernel import Invalid, Kernel

Write = Callable[..., Path]
HEAD = "id,title,price,sale_price,sale_price_effective_date,availability,product_type,brand,quantity\n"
NOVEMBER = "2026-11-01T00:00Z/2026-11-30T00:00Z"


@pytest.fixture
def shop(catalog: Catalog, write: Write) -> Catalog:
    catalog.import_products(
        write(
            HEAD + f"a,Milk,2.00 USD,1.50 USD,{NOVEMBER},in_stock,Grocery > Milk > Fresh > Cow,Farm,5\n"
            "b,Bread,3.00 USD,,,out_of_stock,Grocery > Bread,,\n"
            "c,Mystery,,,,in_stock,,Farm,\n"
        )
    )
    return catalog


def test_the_columns_say_what_the_rows_say(shop: Catalog) -> None:
    cards = shop.cards()
    assert (cards.ids, cards.titles, cards.generation) == (["a", "b", "c"], ["Milk", "Bread", "Mystery"], 1)
    assert cards.price_minor.tolist() == [200, 300, NO_PRICE]
    assert cards.available.tolist() == [True, False, False]
    assert cards.live.tolist() == [True, True, True]
    assert cards.path(0) == ("Grocery", "Milk", "Fresh")
    assert cards.path(1) == ("Grocery", "Bread")
    assert cards.path(2) == ()
    assert cards.category[0, 0] == cards.category[1, 0]
    assert [cards.brand_names[i] if i >= 0 else "" for i in cards.brand] == ["Farm", "", "Farm"]
    assert cards.price_now(datetime(2026, 11, 10, tzinfo=UTC)).tolist() == [150, 300, NO_PRICE]
    assert cards.price_now(datetime(2026, 12, 10, tzinfo=UTC)).tolist() == [200, 300, NO_PRICE]
    assert cards.money(200) == Money(200, "USD")
    assert cards.money(NO_PRICE) is None


def test_a_publication_gives_a_new_snapshot_and_leaves_the_old_one_alone(shop: Catalog, write: Write) -> None:
    old = shop.cards()
    assert shop.cards() is old
    shop.import_products(
        write(HEAD + "a,Milk,2.50 USD,,,in_stock,Grocery > Milk,Farm,5\nd,Eggs,1.00 USD,,,,Grocery,,\n")
    )
    new = shop.cards()
    assert (old.price_minor[0], new.price_minor[0], new.ids[3]) == (200, 250, "d")
    assert new.index == {"a": 0, "b": 1, "c": 2, "d": 3}
    assert len(old) == 3
    changed, retired = shop.changes(1)
    assert (changed, retired) == (["a", "d"], [])


def test_a_cache_built_late_equals_one_kept_up_to_date(kernel: Kernel, shop: Catalog, write: Write) -> None:
    shop.cards()
    for round_ in range(4):
        rows = "".join(f"{i},T{i},{i + round_}.00 USD,,,,A{i % 3} > B{round_},,\n" for i in range(round_, 12))
        shop.import_products(write(HEAD + rows))
        shop.cards()
    kept, fresh = shop.cards(), Catalog(kernel, CatalogConfig()).cards()
    assert kept.ids == fresh.ids
    assert np.array_equal(kept.live, fresh.live)
    for i in np.flatnonzero(kept.live):
        assert kept.titles[i] == fresh.titles[i]
        assert kept.price_minor[i] == fresh.price_minor[i]
        assert kept.path(int(i)) == fresh.path(int(i))
        assert shop.product(kept.ids[i]).title == kept.titles[i]


def test_stock_is_taken_once_a_key_and_never_below_zero(shop: Catalog) -> None:
    shop.reserve("order-1", {"a": 3, "c": 7})
    shop.reserve("order-1", {"a": 3, "c": 7})
    assert (shop.in_stock("a"), shop.in_stock("c")) == (2, None)
    with pytest.raises(OutOfStock, match="Only 2 of product 'a' are left"):
        shop.reserve("order-2", {"a": 3})
    assert shop.in_stock("a") == 2
    assert shop.release("order-1")
    assert not shop.release("order-1")
    assert shop.in_stock("a") == 5
    with pytest.raises(ProductNotFound):
        shop.reserve("order-3", {"a": 1, "zz": 1})
    assert shop.in_stock("a") == 5
    with pytest.raises(Invalid):
        shop.reserve("order-4", {"a": 0})


def test_many_buyers_at_once_never_sell_more_than_there_is(kernel: Kernel, shop: Catalog) -> None:
    outcomes: list[bool] = []

    def buy(buyer: int) -> None:
        for attempt in range(3):
            try:
                shop.reserve(f"{buyer}-{attempt}", {"a": 1})
                outcomes.append(True)
            except OutOfStock:
                outcomes.append(False)

    buyers = [threading.Thread(target=buy, args=(number,)) for number in range(8)]
    for thread in buyers:
        thread.start()
    for thread in buyers:
        thread.join()
    assert (len(outcomes), sum(outcomes), shop.in_stock("a")) == (24, 5, 0)


def test_the_same_stated_quantity_keeps_the_shop_s_own_count(shop: Catalog, write: Write) -> None:
    shop.reserve("order-1", {"a": 2})
    shop.import_products(write(HEAD + "a,Milk,9.00 USD,,,,,,5\n"), partial=True)
    assert shop.in_stock("a") == 3
    shop.import_products(write(HEAD + "a,Milk,9.00 USD,,,,,,50\n"), partial=True)
    assert shop.in_stock("a") == 50
    shop.import_products(write(HEAD + "a,Milk,9.00 USD,,,,,,\n"), partial=True)
    assert shop.in_stock("a") is None
    shop.release("order-1")
    assert shop.in_stock("a") is None


def test_pages_and_products_are_found(shop: Catalog) -> None:
    assert [p.id for p in shop.page("MILK farm").items] == ["a"]
    assert (shop.page("", page=2, size=2).total, shop.page("", page=2, size=2).items[0].id) == (3, "c")
    assert list(shop.products(["c", "x", "a", "c"])) == ["c", "a"]
    with pytest.raises(ProductNotFound):
        shop.product("x")
    with pytest.raises(Invalid):
        shop.page("", page=0)


def test_json_ld_is_a_schema_org_product_with_today_s_offer(shop: Catalog) -> None:
    data = shop.json_ld(shop.product("a"), url="https://shop/p/a")
    assert data["@type"] == "Product"
    assert data["offers"] == {
        "@type": "Offer",
        "price": "1.50",
        "priceCurrency": "USD",
        "availability": "https://schema.org/InStock",
        "url": "https://shop/p/a",
        "priceValidUntil": "2026-11-30",
    }
    assert "offers" not in shop.json_ld(shop.product("c"))


def test_what_is_used_up_is_out_of_stock_until_it_returns(kernel: Kernel, shop: Catalog, write: Write) -> None:
    before = shop.cards()
    shop.reserve("order-1", {"a": 5})
    assert before.available[0]
    assert not shop.cards().available[0]
    assert shop.product("a").availability == "out_of_stock"
    assert not Catalog(kernel, CatalogConfig()).cards().available[0]
    shop.import_products(write(HEAD + "d,Eggs,1.00 USD,,,,Grocery,,\n"), partial=True)
    assert shop.cards().available.tolist() == [False, False, False, True]
    shop.release("order-1")
    assert shop.cards().available.tolist() == [True, False, False, True]
    assert shop.product("a").availability == "in_stock"
    changes = [event.data() for event in kernel.events.read(names={"StockChanged"})]
    assert changes == [{"used_up": ["a"], "returned": []}, {"used_up": [], "returned": ["a"]}]
    shop.reserve("order-2", {"a": 5})
    shop.import_products(write(HEAD + "a,Milk,2.00 USD,,,,,,8\n"), partial=True)
    assert shop.cards().available[0]


def test_who_imports_reads_what_was_imported_while_another_thread_refreshes(shop: Catalog, write: Write) -> None:
    cache = shop._cards
    shop.cards()
    refresh = cache._refresh
    entered, results = threading.Event(), []

    def slowly(workspace: str) -> Cards:
        entered.set()
        time.sleep(0.1)
        return refresh(workspace)

    cache._refresh = slowly  # type: ignore[method-assign]

    def reader() -> None:
        while not done.wait(0.001):
            shop.cards()

    done = threading.Event()
    thread = threading.Thread(target=reader)
    thread.start()
    try:
        for price in range(1, 4):
            shop.import_products(write(HEAD + f"a,Milk,{price}.00 USD,,,,,,\n"), partial=True)
            results.append(int(shop.cards().price_minor[0]))
    finally:
        done.set()
        thread.join()
    assert entered.is_set()
    assert results == [100 * price for price in range(1, 4)]
