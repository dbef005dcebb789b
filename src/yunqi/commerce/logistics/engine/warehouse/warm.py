"""Compile the searches of the warehouse once; later processes load them in a fraction of a second."""

from pathlib import Path

from yunqi.commerce.logistics.engine.compiled import kept
from yunqi.commerce.logistics.model.floor import BatchProblem, Location, PickOrder, Product, SlotProblem
from yunqi.commerce.logistics.model.warehouse import Block, WaveProblem
from yunqi.commerce.logistics.model.zones import ZoneProblem

with kept(Path(__file__).parent):
    from yunqi.commerce.logistics.engine.warehouse.batching import batch_orders
    from yunqi.commerce.logistics.engine.warehouse.few import few_aisles
    from yunqi.commerce.logistics.engine.warehouse.slotting import slot
    from yunqi.commerce.logistics.engine.warehouse.zoning import zone


def warm() -> None:
    """Compile every function that batching, slotting, zones and waves call, by small problems."""
    few_aisles(WaveProblem(({"a": 1},), ({"a": 1}, {"a": 2}), 1, 1), left=lambda: 1.0)
    block = Block(2, 10.0, 2.0)
    orders = tuple(PickOrder(f"o{at}", ((at % 2, float(at)),), 1) for at in range(4))
    zone(ZoneProblem(block, orders, 2))
    calls = iter(range(4))
    batch_orders(BatchProblem(block, orders, 2), used=lambda: next(calls, 4) / 4)
    places = tuple(Location(f"l{at}", at % 2, float(at)) for at in range(3))
    products = (Product("a"), Product("b"))
    calls = iter(range(4))
    slot(SlotProblem(block, places, products, (("a", "b"), ("a",)), {}), used=lambda: next(calls, 4) / 4)
