"""Energy and area.

Two published points: 280 W at 825 TOPS, and 500 ResNet-50 images a joule at 78,563 images/s (157 W). Above an assumed idle
share the first gives 0.54 pJ for each multiply-accumulate with everything around it; the second gives 0.32 pJ, which is
read as the share of operands that are not zero after rectifiers (0.58). A product that reads a rectified activation takes
the second number, any other the first.
"""

from dataclasses import dataclass

from yunqi.labs.npu.model import Chip, Graph, Node, Program, clip_limits

_RESNET_IPS = 78_563.0
_RESNET_MACS = 4_089_184_256
_RECTIFIERS = ("Relu", "Clip")


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of one image.

    Parameters
    ----------
    joules
        With the idle share at the given pace.
    watts
        At the pace of the run.
    """

    joules: float
    watts: float
    images_per_joule: float


@dataclass(frozen=True, slots=True)
class Area:
    """Square millimetres, of the published 709, scaled with the parts' sizes."""

    array: float
    sram: float
    rest: float

    @property
    def total(self) -> float:
        """The whole die."""
        return self.array + self.sram + self.rest


def parts(chip: Chip) -> tuple[float, float, float]:
    """Return idle watts, and joules a multiply-accumulate on dense and on rectified operands."""
    idle = chip.idle_power_share * chip.peak_power_w
    dense = (chip.peak_power_w - idle) / (chip.peak_tops * 1e12 / 2)
    rectified = (_RESNET_IPS / chip.images_per_joule - idle) / (_RESNET_IPS * _RESNET_MACS)
    return idle, dense, max(rectified, 0.0)


def energy_of(program: Program, chip: Chip, *, images_per_second: float, graph: Graph | None = None) -> Energy:
    """Return the energy of one image at a pace.

    Parameters
    ----------
    graph
        Where the bounds of rectifiers stand: one that was centred (`refine`) makes no zeros, and saves nothing.
    """
    idle, dense, rectified = parts(chip)
    zeros = {layer.output for layer in program.layers if _makes_zeros([layer.main, *layer.stages][-1], graph)}
    work = sum(
        layer.work.macs * layer.passes * (rectified if layer.main.inputs[0] in zeros else dense)
        for layer in program.chip_layers
        if layer.work.macs
    ) / max(1, program.batch)
    joules = work + (idle / images_per_second if images_per_second else 0.0)
    return Energy(joules, joules * images_per_second, 1 / joules if joules else 0.0)


def _makes_zeros(node: Node, graph: Graph | None) -> bool:
    if node.op == "Clip" and graph is not None:
        return clip_limits(node, graph.constant)[0] == 0
    return node.op in (*_RECTIFIERS, "MaxPool")


def area_of(chip: Chip, reference: Chip) -> Area:
    """Return a variant's area: array with its multipliers, memory with its bytes, the rest with the cores."""
    return Area(
        array=reference.area_mm2 * reference.array_area_share * chip.macs_per_cycle * chip.cores
        / (reference.macs_per_cycle * reference.cores),
        sram=reference.area_mm2 * reference.sram_area_share * chip.sram_bytes / reference.sram_bytes,
        rest=reference.area_mm2 * (1 - reference.array_area_share - reference.sram_area_share) * chip.cores / reference.cores,
    )  # fmt: skip
