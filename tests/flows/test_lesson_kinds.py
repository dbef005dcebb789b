"""What kind of thing a word names: read from WordNet's file, in the demo's form."""

from pathlib import Path

import pytest

from yunqi.flows.lesson_kinds import kinds, plural, read_nouns
from yunqi.kernel import Unavailable

_FILE = """  1 This software and database is being provided to you, the LICENSEE
00000001 03 n 01 entity 0 000 | that which is perceived to exist
00000002 03 n 01 food 0 001 @ 00000001 n 0000 | what is eaten
00000003 13 n 02 edible_fruit 0 fruit 0 002 @ 00000002 n 0000 ~ 00000004 n 0000 | edible parts of plants
00000004 13 n 02 lime 0 West_Indian_lime_of_trees 0 002 @ 00000003 n 0000 + 00000009 v 0101 | a green fruit
00000005 06 n 01 artifact 0 001 @ 00000001 n 0000 | a man-made object
00000006 06 n 01 plaything 0 001 @ 00000005 n 0000 | something to play with
00000007 06 n 01 kite 0 001 @ 00000006 n 0000 | flown on a string
00000008 06 n 01 structure 0 001 @ 00000005 n 0000 | a thing constructed
00000009 06 n 01 bridge 0 001 @ 00000008 n 0000 | passes over a river
00000010 18 n 01 baker 0 001 @ 00000001 n 0000 | someone who bakes
"""


@pytest.fixture
def wordnet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data.noun").write_text(_FILE)
    monkeypatch.setenv("WNSEARCHDIR", str(tmp_path))
    return tmp_path


def test_a_noun_has_its_words_and_the_meaning_above_it(wordnet: Path) -> None:
    lime = read_nouns(wordnet / "data.noun")["00000004"]
    assert (lime.file, lime.words, lime.above) == (13, ("lime", "West Indian lime of trees"), "00000003")


def test_food_is_asked_in_both_numbers_with_the_path_above_it(wordnet: Path) -> None:
    found = {row["prompt"]: row["answer"] for row in kinds("food")}
    assert found == {
        "Which kind: edible fruit": "food", "Which kind: edible fruits": "food",
        "Which kind: fruit": "food", "Which kind: fruits": "food",
        "Which kind: lime": "food > edible fruit", "Which kind: limes": "food > edible fruit",
    }  # fmt: skip


def test_goods_are_what_a_shop_sells_each_in_one_number(wordnet: Path) -> None:
    found = {row["prompt"].removeprefix("Which kind: ").rstrip("s"): row["answer"] for row in kinds("goods")}
    assert found["kite"] == "artifact > plaything"
    assert not {"bridge", "baker", "lime"} & set(found)
    assert len(list(kinds("goods"))) == len(found)


@pytest.mark.parametrize(
    ("word", "wanted"), [("lime", "limes"), ("box", "boxes"), ("cherry", "cherries"), ("toy", "toys")]
)
def test_plurals_are_regular(word: str, wanted: str) -> None:
    assert plural(word) == wanted
    assert plural(wanted) == wanted


def test_a_missing_dictionary_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WNSEARCHDIR", str(tmp_path))
    with pytest.raises(Unavailable, match="wordnet-base"):
        next(kinds("food"))
