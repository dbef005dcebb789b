"""Layers to instructions: addresses from the memory plan, tokens between engines, the split of one image."""

from collections.abc import Sequence

from yunqi.labs.npu.model import Engine, Graph, Instruction, Layer, Place, Program, Split, Widths

_LETTERS = {Engine.TENSOR: "t", Engine.POOLING: "p", Engine.MEMORY: "m"}
_FIELDS = {"kernel_shape": "kernel", "strides": "stride", "pads": "pad", "dilations": "dilation", "group": "groups",
           "perm": "perm", "axis": "axis"}  # fmt: skip


def lower(graph: Graph, program: Program, *, splits: Sequence[Split] = ()) -> list[Instruction]:
    """Return the chip's instructions in program order; layers on the host have none.

    Parameters
    ----------
    splits
        How one image is divided, for each layer on the chip.
    """
    places = {block.name: Place(block.offset, block.size) for block in program.memory.blocks}
    found: list[Instruction] = []
    makers: dict[str, tuple[Engine, str]] = {}
    weights = 0
    counts = dict.fromkeys(_LETTERS, 0)
    for place, layer in enumerate(program.chip_layers):
        held = Place(weights, layer.weight_bytes) if layer.weight_bytes else None
        weights += -(-layer.weight_bytes // 64) * 64
        token = f"{_LETTERS[layer.engine]}{counts[layer.engine]}"
        counts[layer.engine] += 1
        others = [makers[name] for name in layer.inputs if name in makers and makers[name][0] is not layer.engine]
        found.append(
            Instruction(
                opcode=f"{layer.engine.value}.{layer.main.op.lower()}",
                target=_place(graph, places, layer.output, program.widths),
                sources=tuple(_place(graph, places, name, program.widths) for name in layer.inputs),
                weights=held,
                fields=_fields(graph, layer),
                stages=tuple(stage.op for stage in layer.stages),
                waits=tuple(dict.fromkeys(token for _, token in others)),
                signals=token,
                split=splits[place].value if place < len(splits) else "none",
            )
        )
        for name in (layer.output, *layer.main.outputs):
            makers[name] = (layer.engine, token)
    return found


def _place(graph: Graph, places: dict[str, Place], name: str, widths: Widths) -> Place:
    size = graph.values[name].elements * widths.of_value(name) // 8
    return Place(places[name].address, size) if name in places else Place(0, size)


def _fields(graph: Graph, layer: Layer) -> tuple[tuple[str, tuple[int, ...]], ...]:
    found: list[tuple[str, tuple[int, ...]]] = []
    work = layer.work
    if work.macs:
        found.append(("gemm", (work.groups, work.positions, work.reduction, work.outputs)))
    for name, short in _FIELDS.items():
        value = layer.main.attributes.get(name)
        values = value if isinstance(value, list | tuple) else [value]
        numbers = tuple(one for one in values if isinstance(one, int))
        if numbers and len(numbers) == len(values):
            found.append((short, numbers))
    if layer.passes > 1:
        found.append(("bits", (layer.bits, layer.weight_bits) if layer.bits != layer.weight_bits else (layer.bits,)))
    found.append(("shape", graph.shape(layer.output) or (1,)))
    return tuple(found)
