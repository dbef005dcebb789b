"""Generated waves, orders to batch and products to place. Synthetic: no warehouse's data."""

import random

from yunqi.commerce.logistics.model.floor import BatchProblem, Location, PickOrder, Product, SlotProblem
from yunqi.commerce.logistics.model.warehouse import Block, WaveProblem
from yunqi.commerce.logistics.model.zones import ZoneProblem


def waves(orders: int, items: int, aisles: int, *, seed: int) -> WaveProblem:
    """Return a problem of that size; the same for the same seed. Popular items are wanted often and lie in several aisles."""
    chance = random.Random(seed)
    popular = [1 / (rank + 3) for rank in range(items)]
    wanted = []
    for _ in range(orders):
        lines = min(items, 1 + int(chance.expovariate(0.6)))
        wanted.append({str(item): chance.randint(1, 3) for item in chance.choices(range(items), popular, k=lines)})
    lying = []
    for _ in range(aisles):
        kinds = chance.choices(range(items), popular, k=max(3, items // 12))
        lying.append({str(item): chance.randint(2, 20) for item in kinds})
    total = sum(sum(row.values()) for row in wanted)
    return WaveProblem(tuple(wanted), tuple(lying), max(1, total // 20), max(2, total // 4))


def batches(orders: int, *, seed: int, aisles: int = 10, capacity: int = 30) -> BatchProblem:
    """Return orders of one to eight lines at uniform places; a line takes one unit of the cart."""
    chance, block = random.Random(seed), Block(aisles, 20.0, 5.0)
    found = []
    for number in range(orders):
        lines = chance.randint(1, 8)
        picks = tuple((chance.randrange(aisles), round(chance.uniform(0, block.length), 1)) for _ in range(lines))
        found.append(PickOrder(f"o{number}", picks, lines))
    return BatchProblem(block, tuple(found), capacity)


def zones(orders: int, *, seed: int, aisles: int = 20, pickers: int = 5) -> ZoneProblem:
    """Return orders of one to eight lines, most from a few popular aisles, as after slotting."""
    chance, block = random.Random(seed), Block(aisles, 20.0, 5.0)
    popular = [1 / (rank + 2) for rank in range(aisles)]
    found = []
    for number in range(orders):
        lines = chance.randint(1, 8)
        picks = tuple((at, round(chance.uniform(0, 20), 1)) for at in chance.choices(range(aisles), popular, k=lines))
        found.append(PickOrder(f"o{number}", picks, lines))
    return ZoneProblem(block, tuple(found), pickers)


def products(count: int, orders: int, *, seed: int, aisles: int = 8) -> SlotProblem:
    """Return products with a history of orders; some are wanted together, a third of the weights fit only every other place."""
    chance, depth = random.Random(seed), -(-count * 11 // (10 * aisles))
    locations = tuple(
        Location(f"{aisle}-{at}", aisle, at + 0.5, 8_000 if at % 2 == 0 else 10**9)
        for aisle in range(aisles)
        for at in range(depth)
    )
    kinds = tuple(Product(f"p{at}", chance.choice((500, 2_000, 10_000)), 100, 1.0) for at in range(count))
    together = [[chance.randrange(count) for _ in range(5)] for _ in range(count // 3)]
    popular = [1 / (rank + 5) for rank in range(len(together))]
    history = []
    for _ in range(orders):
        some = chance.choices(together, popular)[0]
        wanted = set(chance.sample(some, chance.randint(1, 4)))
        if chance.random() < 0.4:
            wanted.add(chance.randrange(count))
        history.append(tuple(f"p{at}" for at in sorted(wanted)))
    return SlotProblem(Block(aisles, depth + 1.0, 4.0), locations, kinds, tuple(history), {})
