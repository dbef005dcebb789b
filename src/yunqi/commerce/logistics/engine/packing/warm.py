"""Compile the packing search once; later processes load it in a fraction of a second."""

from yunqi.commerce.logistics.engine.packing.solve import solve
from yunqi.commerce.logistics.model.packing import Bin, Item, PackingProblem


def warm() -> None:
    """Compile every function that a packing calls, by a small problem with an unloading order."""
    items = (Item("a", (2, 2, 2), 3, stop=1), Item("b", (3, 2, 1), 3, stop=2))
    solve(PackingProblem(items, (Bin("c", (6, 5, 4)),)), stop_at=lambda share: lambda _, fills: fills > 3, workers=1)
