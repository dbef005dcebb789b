"""Compile the packing search once; later processes load it in a fraction of a second."""

from pathlib import Path

from yunqi.commerce.logistics.engine.compiled import kept
from yunqi.commerce.logistics.model.packing import Bin, Item, PackingProblem

with kept(Path(__file__).parent):
    from yunqi.commerce.logistics.engine.packing.solve import solve


def warm() -> None:
    """Compile every function that a packing calls, by a small problem with an unloading order."""
    items = (Item("a", (2, 2, 2), 3, stop=1), Item("b", (3, 2, 1), 3, stop=2))
    solve(PackingProblem(items, (Bin("c", (6, 5, 4)),)), stop_at=lambda share: lambda _, fills: fills > 3, workers=1)
