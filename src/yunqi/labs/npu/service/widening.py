"""Mixed width by a wanted nearness: half of the inputs choose which operands get 16 bits, the other half has to agree.

The choosing half gives the path from 8 bits to 16; the verifying half only says how far along it to go.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from yunqi.kernel import Invalid
from yunqi.labs.npu.engine.compile import compile_network
from yunqi.labs.npu.engine.timing import pace_of
from yunqi.labs.npu.model import Aim, Chip, Graph, Program, QuantisedGraph, Recipe, Wide
from yunqi.labs.npu.service.quantising import Feeds, Progress, outputs, refused_by_onnxruntime
from yunqi.labs.npu.service.refining import Rewritten, rewrite

if TYPE_CHECKING:
    from yunqi.labs.npu.engine.quantise import Judged, Outputs, Step


@dataclass(frozen=True, slots=True)
class Widening:
    """Which operands take 16 bits, and what that buys.

    Parameters
    ----------
    steps
        What was widened, the most useful for its cycles first.
    products
        How many the network has.
    narrow, mixed
        What the verifying inputs show of 8 bits alone, and of the network as it is now. The latter is in the chip's
        integers; 8 bits alone are judged through onnxruntime when that shows that they do not do.
    met
        Whether the aim is reached; when it is not, this is the nearest there is, every operand wide.
    narrow_ips, mixed_ips, wide_ips
        Images a second with data on the chip: at 8 bits, as it is now, at 16 bits.
    """

    aim: Aim
    steps: "tuple[Step, ...]"
    products: int
    narrow: "Judged"
    mixed: "Judged"
    met: bool
    narrow_ips: float
    mixed_ips: float
    wide_ips: float

    @property
    def wide(self) -> Wide:
        """The products that are widened."""
        from yunqi.labs.npu.engine.quantise import wide_of

        return wide_of(self.steps)


def halves(feeds: Feeds) -> tuple[Feeds, Feeds]:
    """Divide inputs in two, in turn: neighbours are often views of one thing, or sorted by it."""
    return feeds[::2], feeds[1::2]


def widen_network(
    graph: Graph, program: Program, chip: Chip, feeds: Feeds, recipe: Recipe, aim: Aim, *,
    judges: Feeds | None, fitted: int, measured: int, progress: Progress,
) -> tuple[Graph, Program, QuantisedGraph, Widening]:  # fmt: skip
    """Quantise with the fewest cycles that reach an aim.

    Parameters
    ----------
    feeds
        What ranges and integers are chosen on; without ``judges`` half of them, and the other half verifies.
    judges
        Further inputs: half chooses widths, half verifies.
    fitted
        How many of ``feeds`` calibration looks at.
    measured
        On how many of the choosing inputs each operand is measured alone.
    """
    from yunqi.labs.npu.engine.quantise import classifies, inputs_needed

    choosing, verifying = halves(judges if judges is not None else feeds)
    if not choosing or len(verifying) < inputs_needed(aim):
        raise Invalid(
            f"Half of the inputs verify: {max(1, inputs_needed(aim))} are needed there, all of them agreeing, and there are "
            f"{len(verifying)}. Give more inputs, more --views of pictures, or ask for less confidence.",
            "inputs",
        )
    fits = (choosing if judges is None else feeds)[:fitted]
    verifier = _Verifier(graph, verifying, classifies(graph), progress)
    path = _Path(rewrite(graph, program, fits, recipe, progress=progress), chip, progress)
    narrow = now = verifier.judge(path.program, path.integers, aim)
    plain, integers = path.program, path.integers
    if not narrow.meets(aim):
        paths = [path]
        if recipe.level:  # what levelling cuts off, 16 bits cannot bring back: without it is dearer, but goes farther
            exact = rewrite(graph, program, fits, replace(recipe, level=False), progress=progress)
            paths.append(_Path(exact, chip, progress))
        for one in paths:
            one.follow(graph, choosing, verifier, aim, measured=measured)
        path = max(paths, key=lambda one: (one.met, one.images_per_second))
        plain, integers, now = path.verified(verifier, aim)
    final = compile_network(path.base.graph, chip, wide=plain.widths.wide, chips=program.memory.chips)
    found = Widening(
        aim, tuple(path.steps[: path.count]), len(path.mixed.products), narrow, now, now.meets(aim),
        pace_of(path.mixed.compiled(Wide()), chip).peak_ips, pace_of(final, chip).peak_ips,
        pace_of(path.mixed.compiled(path.mixed.all), chip).peak_ips,
    )  # fmt: skip
    return integers.graph, final, integers, found


class _Path:
    """Ever wider networks from one rewriting, and how far along them an aim is reached."""

    def __init__(self, base: Rewritten, chip: Chip, progress: Progress) -> None:
        from yunqi.labs.npu.engine.quantise import MOST_CHIPS, Mixed

        self.base, self.chip, self.progress = base, chip, progress
        self.program = compile_network(base.graph, chip, chips=MOST_CHIPS)
        self.integers = base.quantised(self.program, progress=progress)
        self.mixed = Mixed(base.graph, chip, base.ranges, base.recipe, self.integers)
        self.steps: list[Step] = []
        self.count = 0
        self.met = False

    @property
    def images_per_second(self) -> float:
        """With data on the chip, as far as the path is followed."""
        return pace_of(self.mixed.compiled(self._wide()), self.chip).peak_ips

    def follow(self, graph: Graph, choosing: Feeds, verifier: "_Verifier", aim: Aim, *, measured: int) -> None:
        """Find the path on the choosing inputs, and the shortest beginning that is near enough on both halves."""
        from yunqi.labs.npu.engine.quantise import float_outputs, shortest

        loose, scores, mixed, progress = Aim(aim.agreement, aim.error), verifier.scores, self.mixed, self.progress
        with refused_by_onnxruntime():
            real = float_outputs(graph, choosing)
            self.steps = mixed.steps(
                choosing[:measured], real[:measured], seen=lambda done, of: progress(done, of, "measuring operands")
            )
            tried, most = 0, 2 * len(self.steps).bit_length() + 2

            def near(wide: Wide, feeds: Feeds, real: "Outputs", wanted: Aim) -> bool:
                nonlocal tried
                tried += 1
                progress(tried, most, "choosing widths")
                return mixed.judge(wide, feeds, real, scores=scores).meets(wanted)

            count = shortest(self.steps, lambda wide: near(wide, choosing, real, loose))
            self.count = shortest(
                self.steps, lambda wide: near(wide, verifier.feeds, verifier.real, aim), least=max(1, count)
            )
            self.met = self.count < len(self.steps) or near(self._wide(), verifier.feeds, verifier.real, aim)

    def verified(self, verifier: "_Verifier", aim: Aim) -> "tuple[Program, QuantisedGraph, Judged]":
        """Choose integers anew for the widths; go on along the path until the verifying inputs agree."""
        from yunqi.labs.npu.engine.quantise import MOST_CHIPS

        more = 1
        while True:
            program = compile_network(self.base.graph, self.chip, wide=self._wide(), chips=MOST_CHIPS)
            integers = self.base.quantised(program, progress=self.progress)
            now = verifier.judge(program, integers, aim, last=self.count >= len(self.steps))
            if now.meets(aim) or self.count >= len(self.steps):
                return program, integers, now
            self.count, more = min(len(self.steps), self.count + more), 2 * more

    def _wide(self) -> Wide:
        from yunqi.labs.npu.engine.quantise import wide_of

        return wide_of(self.steps[: self.count])


class _Verifier:
    """Judges integers by the verifying inputs, as the chip computes them."""

    def __init__(self, graph: Graph, feeds: Feeds, scores: bool, progress: Progress) -> None:
        from yunqi.labs.npu.engine.quantise import float_outputs

        self.feeds, self.scores, self.progress, self.first = feeds, scores, progress, graph.outputs[0]
        with refused_by_onnxruntime():
            self.real = float_outputs(graph, feeds)

    def judge(self, program: Program, integers: QuantisedGraph, aim: Aim, *, last: bool = False) -> "Judged":
        """Judge through onnxruntime, and in the chip's own integers where that reaches the aim or nothing else is left."""
        from yunqi.labs.npu.engine.quantise import judged, quick_outputs

        with refused_by_onnxruntime():
            found = quick_outputs(program, integers, self.feeds)
        quick = judged(self.real, found, first=self.first, classifies=self.scores)
        return self._exact(program, integers) if last or quick.meets(aim) else quick

    def _exact(self, program: Program, integers: QuantisedGraph) -> "Judged":
        from yunqi.labs.npu.engine.quantise import judged

        found = []
        for got in outputs(program, integers, self.feeds):
            found.append(got)
            self.progress(len(found), len(self.feeds), "verifying")
        return judged(self.real, found, first=self.first, classifies=self.scores)
