"""The packing bench: what it believes of a peer's answer."""

import pytest

from yunqi.app.bench.packing import judged
from yunqi.commerce.logistics import Bin, Item, PackingProblem

PROBLEM = PackingProblem((Item("a", (2, 4, 6), copies=2),), (Bin("b", (8, 6, 4)),))


def test_a_peers_packing_counts_when_it_holds_though_turned_and_in_the_air() -> None:
    found = judged(PROBLEM, [["a", 0.0, 0, 0, 6, 4, 2], ["a", 2, 2, 2, 6, 4.0, 2]])
    assert found == {"use": pytest.approx(0.5)}


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ([["a", 0, 0, 0, 6, 4, 2], ["a", 1, 0, 1, 6, 4, 2]], "share room"),
        ([["a", 3, 0, 0, 6, 4, 2]], "reaches out"),
        ([["a", 0, 0, 0, 6, 3, 2]], "is turned"),
        ([["a", x, 0, 0, 2, 6, 4] for x in (0, 2, 4)], "packed"),
        ([["a", 0.5, 0, 0, 6, 4, 2]], "between whole units"),
    ],
)
def test_a_peers_packing_that_breaks_geometry_is_not_counted(pieces: list[list[object]], why: str) -> None:
    assert why in judged(PROBLEM, pieces)["absent"]
