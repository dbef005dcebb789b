"""The chip and its host as numbers, each with where it comes from."""

from dataclasses import dataclass
from enum import Enum

from yunqi.kernel.errors import Invalid


class Basis(Enum):
    """Where a parameter comes from."""

    PUBLISHED = "published"
    DERIVED = "derived"
    ASSUMED = "assumption"
    FITTED = "fitted"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number of the parameter file.

    Parameters
    ----------
    basis
        Published with a source, derived from published numbers, assumed, or fitted on MLPerf Offline.
    source
        The source, the derivation, or the reason of the assumption.
    """

    name: str
    value: float
    unit: str
    basis: Basis
    source: str


@dataclass(frozen=True, slots=True)
class Chip:
    """An NPU: its cores, memories, clock and host.

    Parameters
    ----------
    rows, columns, pixels
        Multiply-accumulates of one core in one cycle: taps of the reduction, output channels, output positions.
    vector_lanes, pooling_lanes
        Elements a cycle of the element-wise stages and of the pooling engine.
    memory_bytes_per_cycle
        Bytes a cycle that a core's memory engine moves.
    ring_bytes_per_cycle
        Bytes a cycle on one link of the ring, in each of both directions.
    startup_cycles, barrier_cycles
        Cost of starting an instruction, and of one synchronisation of all cores.
    host_overhead_s
        Host time of one inference call outside the device: framework, threads, driver, interrupt.
    stall_rate, stall_s
        How often a second the host is held up by its scheduler, and for how long.
    host_flops, host_bytes_per_s
        Speed of one host core, for segments that stay there.
    harness_item, harness_workers
        Most images of one call, and how many calls are under way at once.
    """

    name: str
    cores: int
    clock_hz: float
    rows: int
    columns: int
    pixels: int
    sram_bytes: int
    sram_banks: int
    vector_lanes: int
    pooling_lanes: int
    memory_bytes_per_cycle: int
    ring_bytes_per_cycle: int
    startup_cycles: int
    barrier_cycles: int
    launch_s: float
    link_bytes_per_s: float
    link_efficiency: float
    link_latency_s: float
    host_overhead_s: float
    stall_rate: float
    stall_s: float
    host_flops: float
    host_bytes_per_s: float
    harness_item: int
    harness_workers: int
    images_per_joule: float
    peak_power_w: float
    idle_power_share: float
    area_mm2: float
    array_area_share: float
    sram_area_share: float
    parameters: tuple[Parameter, ...] = ()

    def __post_init__(self) -> None:
        positive = ("cores", "clock_hz", "rows", "columns", "pixels", "sram_bytes", "vector_lanes", "pooling_lanes")
        for name in (*positive, "memory_bytes_per_cycle", "ring_bytes_per_cycle", "link_bytes_per_s"):
            if getattr(self, name) <= 0:
                raise Invalid(f"The chip's {name} must be above 0, not {getattr(self, name)}.", name)
        if not 0 < self.link_efficiency <= 1:
            raise Invalid(f"The link's efficiency must lie in (0, 1], not {self.link_efficiency}.", "link_efficiency")

    @property
    def macs_per_cycle(self) -> int:
        """Multiply-accumulates of one core in a cycle."""
        return self.rows * self.columns * self.pixels

    @property
    def peak_tops(self) -> float:
        """INT8 operations a second of the whole chip, in 10^12."""
        return 2 * self.macs_per_cycle * self.cores * self.clock_hz / 1e12

    @property
    def link_bandwidth(self) -> float:
        """Bytes a second that inputs reach the chip with."""
        return self.link_bytes_per_s * self.link_efficiency
