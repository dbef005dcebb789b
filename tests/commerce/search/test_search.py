from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from yunqi.commerce.search import Filters, Search, SearchConfig, Sort, words
from yunqi.commerce.search.engine.spelling import Spelling, distance
from yunqi.kernel import Invalid

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def stocked(shop: Any) -> Any:
    shop.feed({"p3": {"title": "Crème brûlée 纯牛奶 dessert"}, "p4": {"stock": "out_of_stock"}})
    shop.live()
    return shop


def ids(results: Any) -> list[str]:
    return [card.id for card in results.answer.items]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Whole Milk, 2%", ["whole", "milk", "2"]),
        ("纯牛奶 1L", ["纯牛", "牛奶", "1l"]),
        ("奶", ["奶"]),
        ("ＡＢＣ milk牛奶", ["abc", "milk", "牛奶"]),
        ("", []),
        ("<script>' OR 1=1 --", ["script", "or", "1", "1"]),
    ],
)
def test_words(text: str, cut: list[str]) -> None:
    assert words(text) == cut


def test_all_words_must_be_found(stocked: Any) -> None:
    found = stocked.search.find("milk number 7")
    assert ids(found) == ["p7"]
    assert (found.total, found.suggestion) == (1, None)


def test_inflections_accents_and_chinese_are_found(stocked: Any) -> None:
    assert ids(stocked.search.find("desserts")) == ["p3"]
    assert ids(stocked.search.find("creme brulee")) == ["p3"]
    assert ids(stocked.search.find("牛奶")) == ["p3"]


def test_totals_facets_and_pages_agree(stocked: Any) -> None:
    first = stocked.search.find("milk", size=8)
    assert first.total == 19
    assert [(value.value, value.count) for value in first.categories] == [("Food", 19)]
    assert sum(value.count for value in first.brands) == 19
    stocked.ranking.config = stocked.ranking.config.__class__(explore=False)
    pages = [ids(stocked.search.find("milk", size=8, page=page)) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [8, 8, 3, 0]
    assert len({product for page in pages for product in page}) == 19
    assert stocked.search.find("milk", size=8, page=2).answer.items[0].position == 9


def test_filters_narrow_and_out_of_stock_is_shown_only_on_request(stocked: Any) -> None:
    find = stocked.search.find
    assert "p4" not in ids(find("milk", size=24))
    assert "p4" in ids(find("milk", size=24, filters=Filters(in_stock=False)))
    cheap = find("", filters=Filters(category=("Food", "Milks"), max_price=150), size=24)
    assert sorted(ids(cheap), key=lambda name: int(name[1:])) == ["p0", "p1", "p2", "p3", "p5"]
    branded = find("", filters=Filters(category=("Food", "Milks"), brand="Brand1"), size=24)
    assert {int(name[1:]) % 3 for name in ids(branded)} == {1}
    assert find("", filters=Filters(category=("Nowhere",))).total == 0


def test_sorting(stocked: Any) -> None:
    find = stocked.search.find
    assert ids(find("milk", sort=Sort.PRICE_ASC, size=3)) == ["p0", "p1", "p2"]
    assert ids(find("milk", sort=Sort.PRICE_DESC, size=3)) == ["p19", "p18", "p17"]
    stocked.happen("purchase", "ann", ["p9"], NOW - timedelta(hours=1))
    assert ids(find("milk", sort=Sort.POPULAR, size=1)) == ["p9"]


def test_a_misspelt_query_finds_with_a_suggestion(stocked: Any) -> None:
    found = stocked.search.find("chese nubmer 5")
    assert found.suggestion == "cheese number 5"
    assert ids(found) == ["p45"]


def test_an_unfinished_word_finds(stocked: Any) -> None:
    assert stocked.search.find("batter").total == 20


def test_nothing_is_an_answer_too(stocked: Any) -> None:
    found = stocked.search.find("zzzzqqqq")
    assert (found.total, ids(found), found.suggestion) == (0, [], None)
    assert stocked.search.find("!!! ???").total == 0


@pytest.mark.parametrize("bad", [{"page": 0}, {"size": 0}, {"size": 101}, {"page": 9999}])
def test_pages_out_of_bounds_are_refused(stocked: Any, bad: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        stocked.search.find("milk", **bad)


def test_habits_rank_results(stocked: Any) -> None:
    for day in range(1, 6):
        stocked.happen("purchase", "ann", ["p13"], NOW - timedelta(days=day))
    assert ids(stocked.search.find("milk", subject="ann"))[0] == "p13"


def test_a_publication_is_searchable_without_a_rebuild(stocked: Any) -> None:
    folder = stocked.search.indexing.index.folder
    stocked.feed({"p3": {"title": "Oat drink"}, "p4": {"title": "Milk number 4"}})
    stocked.search.indexing.refresh()
    assert ids(stocked.search.find("oat drink")) == ["p3"]
    assert stocked.search.find("牛奶").total == 0
    assert stocked.search.indexing.index.folder == folder
    assert stocked.search.find("milk number 4").total == 1


def test_a_rebuild_is_taken_over_and_outlives_a_restart(stocked: Any) -> None:
    before = stocked.search.indexing.index.folder
    built = stocked.search.rebuild()
    assert built.products == 120
    assert stocked.search.indexing.index.folder == built.folder != before
    other = Search(stocked.kernel, SearchConfig(), ranking=stocked.ranking)
    assert other.is_built()
    assert ids(other.find("milk number 7")) == ["p7"]


def test_a_lost_index_is_built_again(stocked: Any) -> None:
    pointer = stocked.kernel.config.data_dir / "search" / "default" / "current"
    pointer.write_bytes(b"garbage")
    other = Search(stocked.kernel, SearchConfig(), ranking=stocked.ranking)
    assert not other.is_built()
    other.start()
    assert ids(other.find("milk number 7")) == ["p7"]
    other.close()


def test_suggestions_complete_categories_products_and_frequent_queries(stocked: Any) -> None:
    suggest = stocked.search.suggest
    assert suggest("chee")[0].id == "Food > Cheeses"
    assert suggest("CHEE ")[0].id == "Food > Cheeses"
    assert {one.kind.value for one in suggest("bread")} >= {"category"}
    assert suggest("") == suggest("zzzz") == []
    for number in range(4):
        stocked.happen("search", f"u{number}", [], NOW, search_term="Cheap  cheese")
    stocked.kernel.events.pump()
    assert stocked.search.top_queries() == [("cheap cheese", 4)]
    stocked.search.renew()
    assert suggest("chea")[0].text == "cheap cheese"
    assert "Cheeses" in [one.text for one in suggest("chesse")]


def test_the_category_tree_counts_what_can_be_bought(stocked: Any) -> None:
    (food,) = stocked.search.categories()
    assert (food.id, food.count) == ("Food", 119)
    assert {child.id: child.count for child in food.children}["Food > Milks"] == 19


def test_spelling() -> None:
    spelling = Spelling({"chocolate": 9, "cheese": 5, "cheeses": 1, "tea": 3})
    assert spelling.correct("choclate") == "chocolate"
    assert spelling.correct("hcocolate") == "chocolate"
    assert spelling.correct("cheese") is None
    assert spelling.correct("tae") is None
    assert spelling.correct("xylophone") is None
    assert (distance("abcd", "abdc"), distance("kitten", "sitting"), distance("", "ab")) == (1, 3, 2)
