"""HS classification on a small nomenclature of our own words: reasons, people in the loop, and everything refused."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.kernels import new_kernel

from yunqi.commerce import logistics as door
from yunqi.commerce.logistics import Logistics, LogisticsConfig
from yunqi.commerce.logistics.engine.customs import classify
from yunqi.commerce.logistics.engine.customs.nomenclature import read_nomenclature
from yunqi.commerce.logistics.engine.customs.words import covering, same, words
from yunqi.commerce.logistics.model.nomenclature import BadCode
from yunqi.commerce.logistics.service.classification import Classifier
from yunqi.kernel import Conflict, Invalid, NotFound

TABLE = """code,text
09,"Coffee, tea and spices"
0901,Coffee
0901.21,"Coffee, roasted, not decaffeinated"
0901.22,"Coffee, roasted, decaffeinated"
0902,Tea
0902.10,"Green tea, in small packings"
0902.30,"Black tea, in small packings"
61,Knitted garments
6109,"T-shirts and vests, knitted"
610910,"T-shirts and vests, knitted, of cotton"
610990,"T-shirts and vests, knitted, of other textiles (excl. of cotton)"
85,Electrical machines
8517,Telephones
851713,Smartphones
851714,"Telephones for wireless networks, other than smartphones"
8516,Electric heaters and kitchen appliances
851671,"Coffee or tea makers, electric"
8516.10,"Water heaters, electric"
"""
ANN = {"workspace": "ann", "who": "ann"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Classifier]:
    with new_kernel(tmp_path / "data", door.MIGRATIONS) as kernel:
        desk = Logistics(kernel, LogisticsConfig()).classification
        desk.load(TABLE, version="small", source="made for this test", **ANN)
        yield desk


def test_codes_are_suggested_with_words_and_the_path_to_them(desk: Classifier) -> None:
    found = desk.classify("Men's cotton t-shirts, white", top=3, workspace="ann")
    assert found.candidates[0].code == "610910"
    assert [step.code for step in found.candidates[0].path] == ["61", "6109", "610910"]
    assert dict(found.candidates[0].words)["cotton"] == "610910"
    assert found.answer is None
    assert "too few decisions" in found.why
    assert sum(one.confidence for one in found.candidates) <= 1
    machine = desk.classify("electric coffee maker", top=1, workspace="ann")
    assert machine.candidates[0].code == "851671"


def test_what_a_line_leaves_out_does_not_speak_for_it(desk: Classifier) -> None:
    assert covering("Textiles (excl. of cotton), knitted") == "Textiles  , knitted"
    assert desk.classify("smartphones", top=1, workspace="ann").candidates[0].code == "851713"


def test_a_decision_is_kept_with_who_and_why_and_used_from_then_on(desk: Classifier) -> None:
    text = "Yunnan pu-erh cake 357 g"
    assert desk.classify_all([("sku-1", text)], workspace="ann")[0].answer is None
    waiting = desk.queue(workspace="ann")
    assert [(row["product"], row["text"]) for row in waiting] == [("sku-1", text)]
    made = desk.decide("sku-1", "0902.30", why="fermented black tea", **ANN)
    assert (made["code"], made["decided_by"]) == ("090230", "ann")
    assert desk.queue(workspace="ann") == []

    found = desk.classify("YUNNAN Pu-erh cake, 357 g", workspace="ann")
    assert (found.answer, found.is_decided) == ("090230", True)
    assert found.why.startswith("ann decided this text on ")
    like = desk.classify("Yunnan pu-erh cake 200 g", top=1, workspace="ann").candidates[0]
    assert like.code == "090230"
    assert like.precedents[0][0].why == "fermented black tea"
    assert like.precedents[0][1] > 0.8


def test_decisions_are_never_lost_and_disagreement_is_reported(desk: Classifier) -> None:
    desk.decide("a", "610910", why="cotton", text="plain tee", **ANN)
    desk.decide("a", "610990", why="it is polyester", text="plain tee", workspace="ann", who="bob")
    log = desk.decisions(workspace="ann")
    assert [(row["code"], row["decided_by"], row["is_replaced"]) for row in log] == [
        ("610910", "ann", True),
        ("610990", "bob", False),
    ]
    assert desk.classify("plain tee", workspace="ann").answer == "610990"
    desk.decide("b", "610910", why="cotton", text="Plain tee", **ANN)
    report = desk.disagreements(workspace="ann")
    assert [row["now"] for row in report["changed"]] == ["610990"]
    assert [row["code"] for row in report["disputed"][0]["decisions"]] == ["610990", "610910"]
    found = desk.classify("plain tee", workspace="ann")
    assert found.answer is None
    assert found.why == "people decided this text differently before: 610910, 610990"
    desk.classify_all([("c", "smartphone")], workspace="ann")
    desk.decide("c", "851714", why="a satellite phone", **ANN)
    assert desk.disagreements(workspace="ann")["overruled_share"] == 1.0


def test_workspaces_do_not_see_one_another(desk: Classifier) -> None:
    desk.decide("a", "610910", why="cotton", text="plain tee", **ANN)
    with pytest.raises(NotFound, match="No nomenclature is loaded"):
        desk.classify("plain tee", workspace="bob")
    desk.load(TABLE, version="small", source="elsewhere", workspace="bob", who="bob")
    assert desk.classify("plain tee", workspace="bob").is_decided is False
    assert desk.decisions(workspace="bob") == []
    with pytest.raises(NotFound, match="product 'a' has no question"):
        desk.decide("a", "610910", why="x", who="bob", workspace="bob")


def test_decisions_made_elsewhere_come_in_all_or_none(desk: Classifier) -> None:
    rows = [("a", "plain tee", "6109.10"), ("b", "sencha", "0902.10")]
    with pytest.raises(BadCode, match="row 3: HS code 0902 is not fine enough"):
        desk.decide_all([*rows, ("c", "tea", "0902")], why="from the ERP", **ANN)
    with pytest.raises(Invalid, match="row 3: id 'a' is empty, too long or there twice"):
        desk.decide_all([*rows, ("a", "tea", "090210")], why="from the ERP", **ANN)
    assert desk.decisions(workspace="ann") == []
    assert desk.decide_all(rows, why="from the ERP", **ANN) == 2
    assert desk.classify("Sencha", workspace="ann").answer == "090210"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("6109", "not fine enough to declare; below it are 610910, 610990"),
        ("610920", "has no code 610920; heading 6109 has 610910, 610990"),
        ("999999", "it has no heading 9999 either"),
        ("61091o", "other signs than digits"),
        ("", "other signs than digits"),
    ],
)
def test_a_bad_code_is_refused_with_what_is_near(desk: Classifier, code: str, says: str) -> None:
    with pytest.raises(BadCode, match=says):
        desk.decide("a", code, why="x", text="tee", **ANN)
    assert desk.decisions(workspace="ann") == []


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("code\n0101", "columns code and text"),
        ("code,text\n0101,Horses\n", "no code of six digits"),
        ("code,text\n010121,Horses\n01.01.21,Horses\n", "line 3: code 010121 stands there twice"),
        ("code,text\n010121,\n", "line 2: code 010121 has no text"),
        ("code,text\n01012,Horses\n", "line 2: '01012' must be 2, 4, 6, 8 or 10 digits"),
        ("code,text\n-10121,Horses\n", "line 2"),
    ],
)
def test_a_bad_nomenclature_is_refused_by_line(table: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read_nomenclature(table, version="v", source="s")


def test_a_version_cannot_change_under_its_name(desk: Classifier) -> None:
    with pytest.raises(Conflict, match="loaded already with other lines"):
        desk.load(TABLE + "9999,More\n", version="small", source="x", **ANN)
    assert desk.versions(workspace="ann")[0]["source"] == "made for this test"
    desk.load(TABLE + "851679,Other kitchen appliances\n", version="next", source="x", **ANN)
    assert [row["version"] for row in desk.versions(workspace="ann")] == ["next", "small"]
    assert desk.classify("smartphones", version="small", workspace="ann").version == "small"


@pytest.mark.parametrize(
    ("text", "top", "says"), [("  ", 5, "1 to 2000 signs"), ("x" * 3000, 5, "signs"), ("tee", 0, "top")]
)
def test_bad_questions_are_refused(desk: Classifier, text: str, top: int, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        desk.classify(text, top=top, workspace="ann")


def test_words_of_any_script() -> None:
    assert words("Boxes of Cherries & T-shirts") == ["box", "cherry", "t", "shirt"]
    assert words("红茶叶") == ["红茶", "茶叶"]
    assert same("Ｃafé  CRÈME") == "cafe creme"


def test_confidences_are_held_against_decisions(desk: Classifier) -> None:
    """Products made of the lines' own words, one in five decided otherwise (synthetic)."""
    draw = np.random.default_rng(3)
    nomenclature = read_nomenclature(TABLE, version="small", source="test")
    codes = nomenclature.declarable()
    for k in range(80):
        code = codes[k % len(codes)]
        text = " ".join([*words(nomenclature.path(code)[-1].text), f"brand{draw.integers(1000)}", f"lot{k}"])
        desk.decide(f"p{k}", codes[(k + 1) % len(codes)] if k % 5 == 0 else code, why="made up", text=text, **ANN)
    sure = desk.classify("green tea small packings sencha", workspace="ann")
    assert sure.is_calibrated
    assert sure.answer == "090210"
    unsure = desk.classify("quantum flux capacitor", workspace="ann")
    assert (unsure.answer, unsure.candidates[0].confidence < 0.5) == (None, True)


def test_the_calibration_is_the_best_of_a_line_through_the_odds() -> None:
    chance = np.array([0.9] * 100 + [0.6] * 100)
    right = np.array([1.0] * 70 + [0.0] * 30 + [1.0] * 50 + [0.0] * 50)
    fitted = classify._platt(chance, right, 200)
    np.testing.assert_allclose(fitted.of(np.array([0.9, 0.6])), [0.70, 0.50], atol=0.02)
