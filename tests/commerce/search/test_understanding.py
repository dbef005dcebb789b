"""Who understands queries: the rules, and what the gate lets in."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from yunqi.commerce.search import Search, Understander
from yunqi.commerce.search.engine.understanding import judged, voted
from yunqi.kernel import Invalid, Unavailable

PATHS = [("Food",), ("Food", "Milk"), ("Food", "Bread"), ("Food", "Milk", "Whole")]


def test_the_best_matches_vote_for_a_category_of_two_levels() -> None:
    categories = np.asarray([[0, 1, 3], [0, 2, -1], [0, 2, -1], [-1, -1, -1]], dtype=np.int32)
    assert voted(categories, np.asarray([3, 1, 1, 9], dtype=np.float32), PATHS) == ("Food", "Milk")
    assert voted(categories, np.asarray([1, 1, 1, 9], dtype=np.float32), PATHS) == ("Food", "Bread")
    assert voted(categories[3:], np.ones(1, dtype=np.float32), PATHS) == ()


@pytest.mark.parametrize(
    ("right", "rules", "seconds", "won"),
    [
        ([True] * 40, [True] * 20 + [False] * 20, 0.01, True),
        ([True] * 40, [True] * 20 + [False] * 20, 0.2, False),  # too slow
        ([True] * 21 + [False] * 19, [False] * 19 + [True] * 20 + [False], 0.01, False),  # one more: chance
        ([False] * 40, [True] * 40, 0.01, False),
    ],
)
def test_a_win_is_beyond_chance_and_fast(right: list[bool], rules: list[bool], seconds: float, won: bool) -> None:
    trial = judged("m", right, rules, [seconds] * 40, limit_ms=50.0)
    assert trial.won is won
    assert trial.low <= trial.difference <= trial.high
    assert trial.p95_ms == pytest.approx(seconds * 1000)
    assert ("above 50 ms" in trial.reason) is (seconds > 0.05)


class Fixed:
    """Knows some queries."""

    def __init__(self, known: dict[str, tuple[str, ...]]) -> None:
        self.known = known

    def understand(self, query: str) -> tuple[str, ...]:
        if query == "break":
            raise Unavailable("The model is gone.")
        return self.known.get(query, ())


@pytest.fixture
def searched(shop: Any) -> Callable[[Understander], Search]:
    shop.feed()
    shop.live()

    def make(candidate: Understander) -> Search:
        found = Search(
            shop.search.kernel, shop.search.config, ranking=shop.ranking, understander=lambda name: candidate
        )
        found.indexing = shop.search.indexing
        return found

    return make


def labelled(folder: Path, rows: list[tuple[str, list[str]]]) -> Path:
    path = folder / "queries.jsonl"
    path.write_text("".join(json.dumps({"query": q, "category": c}) + "\n" for q, c in rows))
    return path


def test_the_rules_understand_until_something_wins(searched: Any, tmp_path: Path) -> None:
    search = searched(Fixed({f"word {n}": ("Food", "Milk") for n in range(40)}))
    rules = search.find("milk").understood
    assert rules == ("Food", "Milks")
    path = labelled(tmp_path, [(f"word {n}", ["Food", "Milk"]) for n in range(40)])
    verdict = search.understanding.gate("small", path, who="ann")
    assert (verdict.serves, verdict.who, verdict.trial.accuracy, verdict.trial.won) == ("small", "ann", 1.0, True)
    assert search.understanding.serves() == "small"
    assert search.find("word 3").understood == ("Food", "Milk")
    assert search.find("milk").understood == ()  # the model's own answer
    search.find("break")  # it fails, and the rules answer
    back = search.understanding.reset(who="bob")
    assert (back.serves, back.trial) == ("rules", None)
    assert search.find("milk").understood == rules
    assert [found.who for found in search.understanding.verdicts()] == ["bob", "ann"]


def test_a_candidate_that_loses_changes_nothing_and_is_on_record(searched: Any, tmp_path: Path) -> None:
    search = searched(Fixed({}))
    wanted = list(search.find("milk").understood)
    verdict = search.understanding.gate("small", labelled(tmp_path, [("milk", wanted)] * 20), who="ann")
    assert (verdict.serves, verdict.trial.won, verdict.trial.rules_accuracy) == ("rules", False, 1.0)
    assert verdict.trial.reason == "it is not better than the rules beyond chance"
    assert search.understanding.verdicts()[0] == verdict


def test_broken_labels_are_named(searched: Any, tmp_path: Path) -> None:
    search = searched(Fixed({}))
    path = tmp_path / "queries.jsonl"
    path.write_text('{"prompt": "Which department and shelf: milk", "answer": "Food > Milk"}\n{"query": "x"}\n')
    with pytest.raises(Invalid, match=r"queries\.jsonl, line 2"):
        search.understanding.gate("small", path, who="ann")
    path.write_text("")
    with pytest.raises(Invalid, match="no labelled query"):
        search.understanding.gate("small", path, who="ann")
    assert search.understanding.verdicts() == []
