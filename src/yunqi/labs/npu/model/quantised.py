"""A quantised network: integer weights, and the scale and width of every activation."""

from dataclasses import dataclass, field
from enum import Enum

from yunqi.kernel.errors import Invalid
from yunqi.labs.npu.model.graph import Array, Graph


class Calibration(Enum):
    """How an activation's range is chosen from what calibration saw."""

    MIN_MAX = "min-max"
    """The vendor's published recipe: the largest magnitude, divided by 127."""
    PERCENTILE = "percentile"
    """The magnitude that 99.99 percent of elements stay below."""
    MSE = "mse"
    """The range of least squared error of the quantised elements."""


class Rounding(Enum):
    """How a real number becomes an integer; all clip to the symmetric range."""

    HALF_AWAY = "half-away"
    """Nearest, ties to the larger magnitude: how the vendor's "rounding toward infinity" is read here."""
    HALF_EVEN = "half-even"
    """Nearest, ties to even, as ONNX does."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to quantise.

    Parameters
    ----------
    bits
        Width of weights and activations: 8 or 16.
    equalise
        Balance channel ranges of consecutive convolutions first.
    residual_bits
        Width of activations that no product reads, as the residual stream of a transformer; 16 keeps their precision.
    sparsity
        Share of weights of each product that are set to zero, smallest first; 0 keeps all.
    level
        Scale and centre channels between products, so that activations fill the symmetric integers.
    compensate
        Choose the integers of weights, and biases, by what they do to the inputs of calibration.
    """

    bits: int = 8
    calibration: Calibration = Calibration.MIN_MAX
    rounding: Rounding = Rounding.HALF_AWAY
    equalise: bool = False
    residual_bits: int = 8
    sparsity: float = 0.0
    level: bool = False
    compensate: bool = False


@dataclass(frozen=True, slots=True)
class Aim:
    """How near to floating point a network must stay; operands get 16 bits until it does.

    Parameters
    ----------
    agreement
        Share of inputs whose largest output must be floating point's. A network that does not classify keeps its
        relative error at most ``1 - agreement`` instead. 0 asks for none.
    error
        Root mean square error of the outputs over that of the outputs themselves, at most. 0 asks for none.
    confidence
        With which the agreement must be shown by the inputs that judge it, so that luck is ruled out; 0 to 1.
    """

    agreement: float = 0.0
    error: float = 0.0
    confidence: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.agreement < 1:
            raise Invalid(f"A wanted agreement lies between 0 and 1, as 0.995, not {self.agreement}.", "agreement")
        if not 0 <= self.error < 1:
            raise Invalid(f"A tolerance lies between 0 and 1, not {self.error}.", "tolerance")
        if not 0 <= self.confidence < 1 or (self.confidence and not self.agreement):
            raise Invalid("A confidence lies between 0 and 1 and goes with a wanted agreement.", "confidence")

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.agreement or self.error)


@dataclass(frozen=True, slots=True)
class Quantity:
    """How a tensor is stored: ``real = scale * integer``.

    Parameters
    ----------
    scale
        One number, or one for each channel of ``axis``.
    """

    scale: Array
    bits: int
    axis: int | None = None

    @property
    def limit(self) -> int:
        """Largest magnitude, 127 or 32767; the range is symmetric."""
        return int((1 << (self.bits - 1)) - 1)


@dataclass(slots=True)
class QuantisedGraph:
    """A fused graph with the integers that the chip computes with.

    Parameters
    ----------
    activations
        Storage of every real activation.
    weights
        Integer elements and storage of each product's weights.
    """

    graph: Graph
    recipe: Recipe
    activations: dict[str, Quantity]
    weights: dict[str, tuple[Array, Quantity]] = field(default_factory=dict)
    images: int = 0
