"""Generated wave problems in the published form. Synthetic: no warehouse's data."""

import random

from yunqi.commerce.logistics.model.warehouse import WaveProblem


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
