"""Quantise, compile, run, profile and load-test a network on the chip's model."""

import dataclasses
import importlib.util
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from yunqi.cloud.hub import Hub
from yunqi.kernel import Invalid, Kernel, NotFound
from yunqi.labs.npu.config import NpuConfig
from yunqi.labs.npu.engine.chips import CHIPS, chip_from_toml, load_chip, vary
from yunqi.labs.npu.engine.compile import compile_network, lower
from yunqi.labs.npu.engine.loadgen import Device, device_of, fit_link, run_scenario
from yunqi.labs.npu.engine.loadgen.sensitivity import Sensitivity, sensitivities
from yunqi.labs.npu.engine.sweep import Variant, sweep
from yunqi.labs.npu.engine.timing import Pace, pace_of
from yunqi.labs.npu.model import (
    Aim,
    Array,
    Chip,
    ExtraMissing,
    Graph,
    Instruction,
    LoadReport,
    NetworkRefused,
    Program,
    QuantisedGraph,
    Recipe,
    Scenario,
    Wide,
)
from yunqi.labs.npu.service.agreeing import Agreement, agreement
from yunqi.labs.npu.service.processor import Processor, measure, processor_of
from yunqi.labs.npu.service.quantising import (
    Feeds,
    Progress,
    outputs,
    quantise_network,
    random_feeds,
    typed,
)
from yunqi.labs.npu.service.refining import BEST, refine_network
from yunqi.labs.npu.service.widening import Widening, widen_network

Source = Path | bytes
_MOST_VARIANTS = 2_000
_DAMAGE = (IndexError, KeyError, ValueError, TypeError, ZeroDivisionError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A network compiled for a chip, with the graph it came from."""

    graph: Graph
    program: Program
    chip: Chip

    @property
    def pace(self) -> Pace:
        """How fast it runs on the chip, host left out."""
        return pace_of(self.program, self.chip)

    @property
    def device(self) -> Device:
        """Its service times, host and link included."""
        return device_of(self.graph, self.program, self.chip)


class Npu:
    """The lab: what an ONNX network does on this chip, or on a variant of it.

    Parameters
    ----------
    kernel
        For jobs and uploads.
    hub
        Where compiled networks are published.
    """

    def __init__(self, kernel: Kernel, config: NpuConfig, *, hub: Hub | None = None) -> None:
        self.kernel = kernel
        self.config = config
        self.hub = hub

    def chip(self, name: str = "", changes: Mapping[str, float] | None = None) -> Chip:
        """Return a chip by name or parameter file, with some of its values changed."""
        name = name or self.config.chip
        if name not in CHIPS and Path(name).suffix == ".toml":
            try:
                chip = chip_from_toml(Path(name).read_text())
            except (OSError, UnicodeDecodeError) as error:
                raise NotFound(f"The parameter file {name} cannot be read.", "chip") from error
        else:
            chip = load_chip(name)
        return vary(chip, **dict(changes)) if changes else chip

    def read(
        self, source: Source, *, batch: int = 1, shapes: Mapping[str, tuple[int, ...]] | None = None, name: str = ""
    ) -> Graph:
        """Read an ONNX network and fuse it.

        Parameters
        ----------
        source
            A file, or its bytes (which may not point to other files).

        Raises
        ------
        NetworkRefused, ShapeUnknown, NotSupported
            Naming what is wrong and the way out.
        """
        require("onnx")
        from yunqi.labs.npu.engine.quantise import soften
        from yunqi.labs.npu.engine.read import Limits, fuse, read_network

        data, folder, label = _bytes(source)
        limits = Limits(tensor_bytes=self.config.tensor_limit_bytes)
        graph = read_network(data, name=name or label, folder=folder, batch=batch, shapes=shapes or {}, limits=limits)
        with refused_when_damaged(graph.name):
            fused = fuse(graph)
            soften(fused)
            return fused

    def compile(
        self,
        source: Source | Graph,
        *,
        batch: int = 1,
        shapes: Mapping[str, tuple[int, ...]] | None = None,
        bits: int = 8,
        wide: Wide | Collection[str] = (),
        chips: int = 1,
        chip: Chip | None = None,
    ) -> Compiled:
        """Compile a network.

        Parameters
        ----------
        bits
            8 or 16.
        wide
            Products with operands of 16 bits all the same (`widen` finds them); plain names widen both operands.
        chips
            How many chips it may be spread over.

        Raises
        ------
        DoesNotFit
            When on-chip memory is too small; the message names the nearest plan that fits.
        """
        if bits not in (8, 16):
            raise Invalid(f"The chip quantises to 8 or 16 bits, not {bits}.", "bits")
        if not 1 <= chips <= 64:
            raise Invalid(f"A network is spread over 1 to 64 chips, not {chips}.", "chips")
        graph = source if isinstance(source, Graph) else self.read(source, batch=batch, shapes=shapes)
        target = chip or self.chip()
        with refused_when_damaged(graph.name):
            return Compiled(graph, compile_network(graph, target, bits=bits, wide=wide, chips=chips), target)

    def loadgen(self, compiled: Compiled, scenario: Scenario, *, seed: int = 1) -> LoadReport:
        """Run an MLPerf scenario over the timing model."""
        return run_scenario(scenario, compiled.device, seed=seed)

    def quantise(
        self,
        compiled: Compiled,
        feeds: Feeds | None = None,
        *,
        recipe: Recipe | None = None,
        progress: Progress | None = None,
    ) -> QuantisedGraph:
        """Quantise a compiled network.

        Parameters
        ----------
        feeds
            Inputs to calibrate on; without any, random ones, which serve for speed and never for accuracy.
        """
        require("onnxruntime")
        recipe = recipe or Recipe(bits=compiled.program.bits)
        if recipe.level or recipe.compensate:
            raise Invalid("A recipe that levels or compensates rewrites the network: use `refine`.", "recipe")
        if recipe.equalise:
            compiled = _equalised(compiled)
        used = feeds if feeds is not None else random_feeds(compiled.graph, 2)
        if not used:
            raise Invalid("Calibration needs at least one input.", "inputs")
        limited = typed(compiled.graph, used[: self.config.calibration_images])
        with refused_when_damaged(compiled.graph.name):
            return quantise_network(compiled.graph, compiled.program, limited, recipe, progress=progress)

    def widen(
        self,
        compiled: Compiled,
        feeds: Feeds,
        *,
        aim: Aim,
        recipe: Recipe | None = None,
        judges: Feeds | None = None,
        progress: Progress | None = None,
    ) -> tuple[Compiled, QuantisedGraph, Widening]:
        """Quantise to 8 bits, and give 16 bits to the cheapest operands that keep the outputs near floating point.

        Parameters
        ----------
        feeds
            Inputs to calibrate on and to choose by; every other one is kept apart and verifies.
        aim
            How near. When not even 16 bits everywhere reach it, that is what is returned, with ``met`` false.
        recipe
            How the 8 bits are chosen; one that levels or compensates starts nearer.
        judges
            Inputs to choose and verify by instead, half each; all of ``feeds`` calibrate then.

        Returns
        -------
        tuple
            The network as it was rewritten and compiled, its integers, and what was widened and why.
        """
        require("onnxruntime")
        if not aim:
            raise Invalid("Say how near: an agreement or a tolerance.", "agreement")
        if not feeds or (judges is not None and not judges):
            raise Invalid("Choosing widths needs inputs: they are judged by what they do to real ones.", "inputs")
        if compiled.program.bits != 8 or compiled.program.widths.wide.names:
            raise Invalid("Widths are chosen for a network of 8 bits.", "bits")
        limit = self.config.judging_images
        used, judging = typed(compiled.graph, feeds[:limit]), typed(compiled.graph, judges[:limit]) if judges else None
        with refused_when_damaged(compiled.graph.name):
            graph, program, quantised, found = widen_network(
                compiled.graph, compiled.program, compiled.chip, used, recipe or Recipe(), aim, judges=judging,
                fitted=self.config.calibration_images, measured=self.config.widening_images,
                progress=progress or (lambda done, of, what: None),
            )  # fmt: skip
        return Compiled(graph, program, compiled.chip), quantised, found

    def refine(
        self, compiled: Compiled, feeds: Feeds, *, recipe: Recipe = BEST, progress: Progress | None = None
    ) -> tuple[Compiled, QuantisedGraph]:
        """Quantise with the recipe that keeps most: levelled and centred channels, rounding that makes up for itself.

        Parameters
        ----------
        feeds
            Inputs to calibrate on; the more unlike each other the better, 32 to 64 do.

        Returns
        -------
        tuple
            The network as it was rewritten and compiled again, and its integers.
        """
        require("onnxruntime")
        if not feeds:
            raise Invalid("This recipe needs inputs: integers are chosen by what they do to real ones.", "inputs")
        if recipe.sparsity or recipe.equalise:
            raise Invalid("Levelling and rounding go with neither --equalise nor --sparsity.", "recipe")
        limited = typed(compiled.graph, feeds[: self.config.calibration_images])
        recipe = dataclasses.replace(recipe, bits=compiled.program.bits)
        with refused_when_damaged(compiled.graph.name):
            graph, program, quantised = refine_network(
                compiled.graph, compiled.program, compiled.chip, limited, recipe, progress=progress
            )
        return Compiled(graph, program, compiled.chip), quantised

    def agreement(
        self, compiled: Compiled, quantised: QuantisedGraph, feeds: Feeds, *, original: Graph | None = None
    ) -> Agreement:
        """Compare the chip's integers with floating point on some inputs.

        Parameters
        ----------
        original
            The network as it was before `refine` rewrote it.
        """
        return agreement(compiled.program, quantised, typed(compiled.graph, feeds), original or quantised.graph)

    def execute(self, compiled: Compiled, quantised: QuantisedGraph, feeds: Feeds) -> Iterator[dict[str, Array]]:
        """Yield the outputs of the chip's integer arithmetic for each input."""
        return outputs(compiled.program, quantised, feeds)

    def instructions(self, compiled: Compiled) -> list[Instruction]:
        """Return the chip's program, with the split of one image over the cores."""
        return lower(compiled.graph, compiled.program, splits=[cost.split for cost in compiled.pace.split_costs])

    def measure(self, compiled: Compiled, scenario: Scenario, *, seconds: float = 5.0, threads: int = 1) -> LoadReport:
        """Run a scenario on this CPU's INT8 path, by the clock, with the same report as the timing model's."""
        feeds = self.random_inputs(compiled, 2)
        processor = self.processor(compiled, feeds, threads=threads)
        batch = compiled.program.batch
        return measure(processor, compiled.program.network, feeds[0], scenario, batch=batch, seconds=seconds)

    def random_inputs(self, compiled: Compiled, count: int = 1, *, seed: int = 0) -> Feeds:
        """Return random inputs: for speed and bits, never for accuracy."""
        return random_feeds(compiled.graph, count, seed=seed)

    def processor(self, compiled: Compiled, feeds: Feeds, *, threads: int = 1) -> Processor:
        """Return the network, calibrated on the feeds, ready to run in INT8 on this machine's processor."""
        return processor_of(compiled.program, self.quantise(compiled, feeds), threads=threads)

    def sweep(
        self, graph: Graph, axes: Mapping[str, Sequence[float]], *, chip: Chip | None = None, bits: int = 8
    ) -> list[Variant]:
        """Try every combination of the chip's parameters on a network.

        Raises
        ------
        Invalid
            When there are more than 2,000 combinations.
        """
        combinations = math.prod(len(values) for values in axes.values())
        if not 1 <= combinations <= _MOST_VARIANTS:
            raise Invalid(f"A sweep takes 1 to {_MOST_VARIANTS:,} combinations, not {combinations:,}.", "axes")
        return sweep(graph, chip or self.chip(), axes, bits=bits)

    def fit(self, compiled: Compiled, *, offline_ips: float) -> float:
        """Return the link efficiency at which MLPerf Offline gives so many images a second: the one fitted number."""
        if offline_ips <= 0:
            raise Invalid("A fit needs images a second above 0.", "offline")
        return fit_link(compiled.graph, compiled.program, compiled.chip, offline_ips=offline_ips)

    def sensitivities(
        self, compiled: Compiled, names: Sequence[str] = (), *, progress: Progress = lambda *_: None
    ) -> list[Sensitivity]:
        """Return what every figure becomes when each assumption is halved and doubled."""
        known = {parameter.name for parameter in compiled.chip.parameters}
        if unknown := sorted(set(names) - known):
            raise Invalid(f"A chip has no parameter {unknown[0]!r}; it has {', '.join(sorted(known))}.", "parameter")
        return sensitivities(compiled.graph, compiled.chip, names, seen=progress)

    def reference(self, name: str) -> bytes:
        """Return a reference network with random weights, as ONNX.

        Raises
        ------
        NotFound
            When there is none of that name.
        """
        require("onnx")
        from yunqi.labs.npu.engine.networks import NETWORKS

        if name not in NETWORKS:
            raise NotFound(f"There is no reference network {name!r}; there are {', '.join(NETWORKS)}.")
        return NETWORKS[name]()


def _equalised(compiled: Compiled) -> Compiled:
    from yunqi.labs.npu.engine.quantise import equalise

    graph, _ = equalise(compiled.graph)
    return Compiled(graph, compiled.program, compiled.chip)


@contextmanager
def refused_when_damaged(network: str) -> Iterator[None]:
    """Turn what a malformed network trips over into a refusal."""
    try:
        yield
    except _DAMAGE as error:
        what = " ".join(str(error).split())[:160] or type(error).__name__
        raise NetworkRefused(f"The network {network!r} is malformed ({what}). Check it with onnx.checker.") from error


def require(package: str) -> None:
    """Refuse when an optional package is missing, naming the way to get it."""
    if importlib.util.find_spec(package) is None:
        raise ExtraMissing(package)


def _bytes(source: Source) -> tuple[bytes, Path | None, str]:
    if isinstance(source, bytes):
        return source, None, "network"
    try:
        return source.read_bytes(), source.parent, source.stem
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {source}.", "file") from error
    except (OSError, MemoryError) as error:
        raise NetworkRefused(f"The file {source} cannot be read: {error}.", "file") from error
