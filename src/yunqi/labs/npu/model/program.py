"""A compiled network: layers on engines, their work, their memory, and the segments that stay on the host."""

from dataclasses import dataclass
from enum import Enum

from yunqi.labs.npu.model.graph import Node


class Engine(Enum):
    """What carries out a layer."""

    TENSOR = "tensor"
    POOLING = "pooling"
    MEMORY = "memory"
    HOST = "host"


class Split(Enum):
    """How one image is divided over the cores."""

    ROWS = "rows"
    CHANNELS = "channels"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Wide:
    """Products of which an operand takes 16 bits in a network of 8.

    Parameters
    ----------
    inputs, weights
        Names of products whose first operand, and whose second, is wide. Each doubles the passes over the array.
    """

    inputs: frozenset[str] = frozenset()
    weights: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """The products that are wide in any way."""
        return self.inputs | self.weights


@dataclass(frozen=True, slots=True)
class Widths:
    """How many bits the chip stores what in.

    Parameters
    ----------
    bits
        Of everything that is not named: 8 or 16.
    wide
        Products with operands of 16 bits.
    values
        Names of activations of 16 bits: what those products read, and what no product reads.
    """

    bits: int = 8
    wide: Wide = Wide()
    values: frozenset[str] = frozenset()

    def of_weights(self, name: str) -> int:
        """Return the width of a product's second operand."""
        return 16 if name in self.wide.weights else self.bits

    def of_value(self, name: str) -> int:
        """Return the width of an activation."""
        return 16 if name in self.values else self.bits


@dataclass(frozen=True, slots=True)
class Work:
    """What a layer costs, before any chip is known.

    Parameters
    ----------
    groups, reduction, outputs, positions
        A product of ``groups`` independent matrices: ``positions x reduction`` by ``reduction x outputs``.
    depthwise
        Whether each group is one channel.
    vector_elements, vector_steps
        Elements that pass the element-wise stages outside a product, and how often each passes.
    pooled_elements
        Window elements that the pooling engine reads.
    moved_bytes
        Bytes that the memory engine rearranges.
    """

    groups: int = 1
    reduction: int = 0
    outputs: int = 0
    positions: int = 0
    depthwise: bool = False
    vector_elements: int = 0
    vector_steps: int = 0
    pooled_elements: int = 0
    moved_bytes: int = 0

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.groups * self.reduction * self.outputs * self.positions


@dataclass(frozen=True, slots=True)
class Layer:
    """One fused instruction: a main operation and the element-wise stages after it.

    Parameters
    ----------
    stages
        Operations in the element-wise stages, in order.
    inputs, output
        Activations read and written; constants are in ``weight_bytes``.
    main_bytes, input_bytes
        Activation bytes that the main operation reads first, and that the layer reads in all.
    bits, weight_bits
        Width of a product's first and second operand; of other operations both are the network's.
    output_elements
        Elements written.
    rows
        Height of the output map, which a split by rows divides.
    halo_bytes
        Input bytes that a neighbour core holds when the layer is split by rows.
    """

    name: str
    engine: Engine
    main: Node
    stages: tuple[Node, ...]
    inputs: tuple[str, ...]
    output: str
    work: Work
    weight_bytes: int = 0
    main_bytes: int = 0
    input_bytes: int = 0
    output_bytes: int = 0
    bits: int = 8
    weight_bits: int = 8
    output_elements: int = 0
    rows: int = 1
    halo_bytes: int = 0

    @property
    def passes(self) -> int:
        """How often a product passes the array of 8-bit multipliers: once for each pair of bytes of its operands."""
        return (self.bits // 8) * (self.weight_bits // 8)

    @property
    def label(self) -> str:
        """Operation names, as ``Conv+Add+Relu``."""
        return "+".join([self.main.op, *[stage.op for stage in self.stages]])


@dataclass(frozen=True, slots=True)
class Refusal:
    """An operation that does not run on the chip.

    Parameters
    ----------
    reason, way_out
        Why, and what to do about it.
    """

    node: str
    op: str
    reason: str
    way_out: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of layers on the chip or on the host, between which data crosses the link.

    Parameters
    ----------
    input_bytes, output_bytes
        What crosses the link on the way in and out, for the planned batch.
    """

    place: str
    layers: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    input_bytes: int
    output_bytes: int
    macs: int


@dataclass(frozen=True, slots=True)
class Block:
    """A tensor's place in on-chip memory while it is needed.

    Parameters
    ----------
    first, last
        Steps of the program between which the bytes are in use.
    """

    name: str
    kind: str
    offset: int
    size: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Where everything lies in on-chip memory.

    Parameters
    ----------
    weight_bytes
        Constants, once for the whole chip.
    activation_peak
        Highest sum of live activations of the planned batch.
    peak
        Highest address in use.
    chips
        How many chips the network is spread over; 1 unless it does not fit one.
    """

    blocks: tuple[Block, ...]
    weight_bytes: int
    activation_peak: int
    peak: int
    capacity: int
    chips: int = 1


@dataclass(frozen=True, slots=True)
class Program:
    """A network compiled for a chip.

    Parameters
    ----------
    widths
        Of activations and weights.
    batch
        Images of one run of the program.
    """

    network: str
    widths: Widths
    batch: int
    layers: tuple[Layer, ...]
    segments: tuple[Segment, ...]
    refusals: tuple[Refusal, ...]
    memory: MemoryPlan
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    assumed: tuple[tuple[str, int], ...] = ()

    @property
    def bits(self) -> int:
        """Width of whatever is not named in ``widths``."""
        return self.widths.bits

    @property
    def macs(self) -> int:
        """Multiply-accumulates on the chip in one run."""
        return sum(layer.work.macs for layer in self.layers if layer.engine is not Engine.HOST)

    @property
    def chip_layers(self) -> tuple[Layer, ...]:
        """The layers that the chip carries out."""
        return tuple(layer for layer in self.layers if layer.engine is not Engine.HOST)
