from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from yunqi.commerce.ranking import DAY, Kind, Lines
from yunqi.commerce.recommend import RecommendConfig, Visits, following, together

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
START = 1_500_000_000_000_000


def visits(*baskets: tuple[int, int, list[int]]) -> Visits:
    rows = [
        (START + day * DAY, user, product, int(Kind.PURCHASE), 1.0, 0.0, number)
        for number, (day, user, products) in enumerate(baskets)
        for product in products
    ]
    return Visits.of(Lines.of(sorted(rows)))


def test_products_of_the_same_baskets_are_neighbours() -> None:
    found = together(visits((0, 0, [1, 2]), (1, 1, [1, 2, 3]), (2, 0, [4])), 6, shrink=0.0)
    assert found.products[1][:2].tolist() == [2, 3]
    assert found.products[4][0] == -1
    assert abs(found.scores[1][0] - 1.0) < 1e-6
    assert (found.scores[1] >= 0).all()


def test_what_comes_in_the_next_visit_is_directed_and_stays_with_its_user() -> None:
    found = following(visits((0, 0, [1]), (1, 0, [2]), (2, 1, [3]), (3, 2, [4])), 6)
    assert found.products[1][0] == 2
    assert found.products[2][0] == -1
    assert found.products[3][0] == -1


def test_views_are_cut_into_visits_by_half_an_hour_of_silence() -> None:
    minutes = [0, 10, 20, 90, 95]
    rows = [(START + m * 60_000_000, 0, i, int(Kind.VIEW), np.nan, 0.0, i) for i, m in enumerate(minutes)]
    assert Visits.of(Lines.of(rows)).visit.tolist() == [0, 0, 0, 1, 1]


def test_order_inside_a_basket_does_not_matter() -> None:
    one, two = visits((0, 0, [1, 2, 3])), visits((0, 0, [3, 1, 2]))
    assert together(one, 5).products.tolist() == together(two, 5).products.tolist()


def test_a_purchase_shows_in_the_next_recommendation(shop: Any) -> None:
    shop.feed()
    shop.live()
    assert shop.recommend.strip("again", "ann").items == ()
    shop.happen("purchase", "ann", ["p5"], NOW)
    assert [card.id for card in shop.recommend.strip("again", "ann").items] == ["p5"]


def test_a_view_changes_the_next_recommendation(shop: Any) -> None:
    shop.feed()
    for day in range(1, 20):
        shop.happen("purchase", f"u{day}", ["p1"], NOW - timedelta(days=day + 1))
        shop.happen("purchase", f"u{day}", ["p77"], NOW - timedelta(days=day))
        shop.happen("purchase", f"w{day}", [f"p{day}"], NOW - timedelta(days=day))
    shop.recommend.rebuild()
    shop.live()
    before = [card.id for card in shop.recommend.strip("for_you", "ann").items]
    shop.happen("view_item", "ann", ["p1"], NOW)
    after = shop.recommend.strip("for_you", "ann")
    assert before != [card.id for card in after.items]
    decision = shop.experiments.decision(after.decision_id)
    assert [item.product_id for item in decision.items if "covisit" in item.sources] == ["p77"]


def test_neighbours_counted_elsewhere_are_taken_over_at_once(shop: Any) -> None:
    shop.feed()
    shop.live()
    assert not shop.recommend.is_built()
    for day in range(1, 9):
        shop.happen("purchase", f"u{day}", ["p1", "p2"], NOW - timedelta(days=day))
    built = shop.recommend.rebuild()
    assert (built.visits, built.products) == (8, 2)
    assert shop.recommend.is_ready()
    assert shop.recommend.together("ann", "p1").items[0].id == "p2"


def test_new_products_never_include_what_the_shopper_bought(shop: Any) -> None:
    shop.feed()
    for day in range(1, 9):
        shop.happen("purchase", "ann", [f"p{day}", f"p{day + 20}"], NOW - timedelta(days=day))
        shop.happen("purchase", "bob", [f"p{day + 40}"], NOW - timedelta(days=day))
    shop.live()
    bought = {f"p{day}" for day in range(1, 9)} | {f"p{day + 20}" for day in range(1, 9)}
    for _ in range(40):
        shown = [card.id for card in shop.recommend.strip("new", "ann", size=24).items]
        assert shown
        assert not bought & set(shown)


def test_the_setting_hides_what_was_bought_on_other_surfaces_too(shop: Any) -> None:
    from yunqi.commerce.recommend import Recommend

    shop.recommend = Recommend(
        shop.kernel, RecommendConfig(hide_bought=("similar",), shelf_seconds=1e9), ranking=shop.ranking
    )
    shop.feed()
    shop.happen("purchase", "ann", ["p1", "p2", "p3"], NOW - timedelta(days=1))
    shop.live()
    for _ in range(20):
        assert not {"p0", "p1", "p2", "p3"} & {card.id for card in shop.recommend.similar("ann", "p0").items}


def test_similar_products_are_of_the_same_type_and_can_be_bought(shop: Any) -> None:
    shop.feed({"p1": {"stock": "out_of_stock"}})
    shop.live()
    found = shop.recommend.similar("ann", "p0").items
    assert {card.category[-1] for card in found} == {"Milk plain"}
    assert not {"p0", "p1"} & {card.id for card in found}


def test_a_shop_without_events_still_answers(shop: Any) -> None:
    shop.feed()
    shop.live()
    sections = shop.recommend.home(None)
    assert [section.id for section in sections] == ["new"]
    assert shop.recommend.similar(None, "no such product").items == ()
    assert shop.recommend.basket(None, []).items == ()
