"""Static allocation: every activation gets its address for as long as it lives, best fit on a shelf of free gaps."""

from collections.abc import Sequence

from yunqi.labs.npu.model import Block, DoesNotFit, Engine, Graph, Layer, MemoryPlan, Widths

ALIGNMENT = 64


def plan_memory(graph: Graph, layers: Sequence[Layer], *, widths: Widths, capacity: int, chips: int = 1) -> MemoryPlan:
    """Place weights and activations in on-chip memory.

    Parameters
    ----------
    capacity
        Bytes of one chip.
    chips
        How many chips may be used; layers are cut into that many runs of about equal memory.

    Raises
    ------
    DoesNotFit
        With the nearest plan that would fit.
    """
    weights = sum(_aligned(layer.weight_bytes) for layer in layers)
    lives = _lives(graph, layers, widths)
    blocks, activations = _arranged(lives)
    peak = weights + activations
    blocks = [_moved(block, weights) for block in blocks]
    if weights:
        blocks.insert(0, Block("weights", "weights", 0, weights, 0, len(layers)))
    needed = -(-weights // max(capacity - activations, 1)) if activations < capacity else 0
    if peak > capacity * chips or activations >= capacity:
        raise DoesNotFit(_advice(graph, layers, lives, weights, activations, capacity, needed))
    return MemoryPlan(tuple(blocks), weights, activations, peak, capacity, max(1, needed))


def _lives(graph: Graph, layers: Sequence[Layer], widths: Widths) -> list[tuple[str, int, int, int]]:
    """Return name, bytes, first and last step of every activation on the chip."""
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for step, layer in enumerate(layers):
        for name in layer.inputs:
            first.setdefault(name, step)
            last[name] = step
        outputs = [layer.output] if layer.stages else [name for name in layer.main.outputs if name]
        for name in outputs:
            first[name] = step
            last[name] = max(last.get(name, step), step)
    for name in graph.outputs:
        if name in last:
            last[name] = len(layers)
    on_chip = {name for layer in layers if layer.engine is not Engine.HOST for name in (*layer.inputs, layer.output)}
    return [
        (name, _aligned(graph.values[name].elements * widths.of_value(name) // 8), first[name], last[name])
        for name in first
        if name in on_chip and graph.values[name].is_float and graph.constant(name) is None
    ]


def _arranged(lives: list[tuple[str, int, int, int]]) -> tuple[list[Block], int]:
    """Place the largest first, each in the smallest gap left by those alive at the same time."""
    placed: list[Block] = []
    for name, size, first, last in sorted(lives, key=lambda life: (-life[1], life[2], life[0])):
        others = sorted((b for b in placed if b.first <= last and first <= b.last), key=lambda b: b.offset)
        offset, best, edge = 0, None, 0
        for block in others:
            gap = block.offset - edge
            if gap >= size and (best is None or gap < best[0]):
                best = (gap, edge)
            edge = max(edge, block.offset + block.size)
        offset = best[1] if best else edge
        placed.append(Block(name, "activation", offset, size, first, last))
    placed.sort(key=lambda block: (block.first, block.offset))
    return placed, max((block.offset + block.size for block in placed), default=0)


def _advice(
    graph: Graph,
    layers: Sequence[Layer],
    lives: list[tuple[str, int, int, int]],
    weights: int,
    activations: int,
    capacity: int,
    needed: int,
) -> str:
    mega = 1 << 20
    text = (
        f"The network needs {(weights + activations) / mega:,.1f} MB on the chip (weights {weights / mega:,.1f}, "
        f"activations {activations / mega:,.1f}) and there are {capacity / mega:,.0f} MB and no DRAM."
    )
    biggest = max(lives, key=lambda life: life[1], default=("", 0, 0, 0))
    if activations >= capacity:
        batch = graph.batch
        fits = batch * max(capacity - weights, 0) // max(activations, 1)
        if fits >= 1 and batch > 1:
            return f"{text} The nearest plan that fits: --batch {fits}."
        where = f"The largest activation is {biggest[0]!r} with {biggest[1] / mega:,.1f} MB."
        return f"{text} {where} Give a smaller input or batch; no number of chips helps one tensor of that size."
    heavy = max(layers, key=lambda layer: layer.weight_bytes)
    if heavy.weight_bytes > capacity - activations:
        return (
            f"{text} The layer {heavy.name!r} alone has {heavy.weight_bytes / mega:,.1f} MB of weights: split it, or use "
            "compressed weights (--sparsity)."
        )
    return f"{text} The nearest plan that fits: --chips {needed}, a pipeline over {needed} chips."


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _moved(block: Block, by: int) -> Block:
    return Block(block.name, block.kind, block.offset + by, block.size, block.first, block.last)
