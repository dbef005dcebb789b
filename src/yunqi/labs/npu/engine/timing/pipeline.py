"""A network over several chips: contiguous stages whose weights fit, as even in time as such cuts can be."""

from collections.abc import Sequence

from yunqi.labs.npu.engine.timing.cost import Cost
from yunqi.labs.npu.model import Layer, Program


def stages(program: Program, costs: Sequence[Cost]) -> list[list[int]]:
    """Return the places of the chip's layers in each stage.

    The longest stage is made as short as it can be: the bound is found by bisection, stages are filled in order.
    """
    layers = program.chip_layers
    count = program.memory.chips
    if count <= 1:
        return [list(range(len(layers)))]
    room = program.memory.capacity - program.memory.activation_peak
    low, high = max((cost.total for cost in costs), default=0), sum(cost.total for cost in costs)
    while low < high:
        middle = (low + high) // 2
        if len(_filled(layers, costs, middle, room)) <= count:
            high = middle
        else:
            low = middle + 1
    return _filled(layers, costs, high, room)


def _filled(layers: Sequence[Layer], costs: Sequence[Cost], bound: int, room: int) -> list[list[int]]:
    found: list[list[int]] = [[]]
    time = weights = 0
    for place, (layer, cost) in enumerate(zip(layers, costs, strict=True)):
        if found[-1] and (time + cost.total > bound or weights + layer.weight_bytes > room):
            found.append([])
            time = weights = 0
        found[-1].append(place)
        time += cost.total
        weights += layer.weight_bytes
    return found
