"""The engines' timeline, event by event: cores, engines, ring, link and command processor, with synchronisation tokens.

Each layer is cut into tiles of rows. An engine takes its tiles in program order; a tile starts when its engine is free and
the tiles that it reads have been written. What reads a whole tensor (a reduction, a transposition) waits for all tiles.
"""

from dataclasses import dataclass
from heapq import heappop, heappush

from yunqi.labs.npu.engine.timing.cost import Batching, Cost
from yunqi.labs.npu.engine.timing.modes import pace_of
from yunqi.labs.npu.model import Chip, Engine, Layer, Program

TILES = 4
_WHOLE = frozenset({"Softmax", "LayerNormalization", "GlobalAveragePool", "GlobalMaxPool", "Transpose", "Flatten", "Reshape",
                    "MatMul", "Gemm", "ReduceMean", "ReduceSum", "InstanceNormalization", "GroupNormalization"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """One tile on one engine.

    Parameters
    ----------
    start, end
        Cycles from the first event of the run.
    """

    core: int
    engine: str
    layer: str
    tile: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that happened in one run of the program.

    Parameters
    ----------
    tokens
        Synchronisations between different engines.
    """

    spans: tuple[Span, ...]
    cycles: int
    tokens: int
    batching: Batching

    def busy(self, core: int, engine: str) -> int:
        """Return the cycles that an engine of a core worked."""
        return sum(span.end - span.start for span in self.spans if span.core == core and span.engine == engine)


def simulate(program: Program, chip: Chip, *, batching: Batching = Batching.BATCH, images: int = 1) -> Timeline:
    """Run a program's events.

    Parameters
    ----------
    images
        Images that each core handles one after another (with `Batching.SPLIT`, that all cores share in turn).
    """
    pace = pace_of(program, chip)
    costs = pace.batch_costs if batching is Batching.BATCH else pace.split_costs
    run = _Run(program, chip, costs, batching)
    run.link_in()
    for image in range(images):
        run.image(image)
    return run.finish()


class _Run:
    def __init__(self, program: Program, chip: Chip, costs: tuple[Cost, ...], batching: Batching) -> None:
        self.program, self.chip, self.costs, self.batching = program, chip, costs, batching
        self.spans: list[Span] = []
        self.free: dict[str, int] = {}
        self.tokens = 0
        self.begin = 0

    def link_in(self) -> None:
        """Bring the input over the link and start the cores; one core's view, the others mirror it."""
        first = [segment for segment in self.program.segments if segment.place == "chip"][:1]
        size = sum(segment.input_bytes for segment in first)
        arrived = round((self.chip.link_latency_s + size / self.chip.link_bandwidth) * self.chip.clock_hz)
        started = arrived + round(self.chip.launch_s * self.chip.clock_hz)
        self.spans.append(Span(-1, "link", "input", 0, 0, arrived))
        self.spans.append(Span(-1, "command processor", "launch", 0, arrived, started))
        self.begin = started

    def image(self, image: int) -> None:
        """Let one image pass; the tiles of a later image queue behind those of the one before."""
        written: dict[str, list[int]] = {}
        makers: dict[str, str] = {}
        for layer, cost in zip(self.program.chip_layers, self.costs, strict=True):
            if not cost.total:
                self._pass_through(layer, written, makers)
                continue
            ends = self._tiles(layer, cost, image, written, makers)
            for name in (layer.output, *layer.main.outputs):
                written[name] = ends
                makers[name] = layer.engine.value

    def _pass_through(self, layer: Layer, written: dict[str, list[int]], makers: dict[str, str]) -> None:
        for name in layer.main.outputs:
            written[name] = written.get(layer.inputs[0], [self.begin]) if layer.inputs else [self.begin]
            makers[name] = makers.get(layer.inputs[0], "link") if layer.inputs else "link"

    def _tiles(
        self, layer: Layer, cost: Cost, image: int, written: dict[str, list[int]], makers: dict[str, str]
    ) -> list[int]:
        engine = layer.engine.value
        count = max(1, min(TILES, layer.rows))
        body = cost.total - self.chip.startup_cycles
        ends = []
        for tile in range(count):
            ready = self.begin
            for name in layer.inputs:
                ready = max(ready, _needed(written.get(name), tile, count, whole=layer.main.op in _WHOLE))
                self.tokens += name in makers and makers[name] != engine
            start = max(ready, self.free.get(engine, 0))
            size = body * (tile + 1) // count - body * tile // count + (self.chip.startup_cycles if tile == 0 else 0)
            self.free[engine] = start + size
            ends.append(start + size)
            self.spans.append(
                Span(0, engine, f"{layer.name}#{image}" if image else layer.name, tile, start, start + size)
            )
        if cost.ring:
            start = ends[0] - min(cost.ring, ends[0])
            self.spans.append(Span(0, "ring", layer.name, 0, start, start + cost.ring))
        return ends

    def finish(self) -> Timeline:
        """Mirror the first core's spans on the others, which do the same work at the same time."""
        own = [span for span in self.spans if span.core == 0]
        cycles = max((span.end for span in self.spans), default=0)
        for core in range(1, self.chip.cores):
            self.spans += [Span(core, s.engine, s.layer, s.tile, s.start, s.end) for s in own]
        order: list[tuple[int, int, int]] = []
        for place, span in enumerate(self.spans):
            heappush(order, (span.start, span.core, place))
        spans = tuple(self.spans[heappop(order)[2]] for _ in range(len(order)))
        return Timeline(spans, cycles, self.tokens * self.chip.cores, self.batching)


def _needed(ends: list[int] | None, tile: int, count: int, *, whole: bool) -> int:
    """When the part of a tensor that a tile reads has been written, with the tile below for the window's edge."""
    if not ends:
        return 0
    if whole:
        return ends[-1]
    last = -(-(tile + 1) * len(ends) // count)
    return ends[min(len(ends) - 1, last)]


def utilisation(timeline: Timeline, chip: Chip) -> dict[str, float]:
    """Return the share of time that each engine of a core worked."""
    start = min((span.start for span in timeline.spans if span.core == 0), default=0)
    length = max(1, timeline.cycles - start)
    return {engine.value: timeline.busy(0, engine.value) / length for engine in Engine if engine is not Engine.HOST}
