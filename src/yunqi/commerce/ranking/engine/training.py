"""Training by replay: the past is folded up to an anchor, questions are asked there, the future after it answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from yunqi.commerce.ranking.engine.decay import DAY
from yunqi.commerce.ranking.engine.features import Ask, FeatureSet
from yunqi.commerce.ranking.engine.gather import gather
from yunqi.commerce.ranking.engine.lines import Dense, Flags, Floats, Ints, Lines, Scores
from yunqi.commerce.ranking.engine.quality import bootstrap, ndcg
from yunqi.commerce.ranking.engine.rank import Boosted
from yunqi.commerce.ranking.engine.source import Source
from yunqi.commerce.ranking.engine.state import ShopState
from yunqi.commerce.ranking.model import Request, Rules


@dataclass(frozen=True, slots=True)
class Question:
    """A request of the past, and the products that turned out to be right."""

    request: Request
    relevant: Dense


@dataclass(frozen=True, slots=True)
class Moment:
    """An anchor: what was known then, and what came after."""

    state: ShopState
    past: Lines
    future: Lines
    available: Flags
    now: int
    rng: np.random.Generator


class Lesson(Protocol):
    """What a surface is trained for."""

    @property
    def surface(self) -> str:
        """The surface whose policy it makes."""
        ...

    @property
    def rules(self) -> Rules:
        """The filters under which candidates are gathered."""
        ...

    def prepare(self, moment: Moment) -> tuple[Sequence[Source], list[Question]]:
        """Return the surface's recall sources as of the moment, and questions with their answers."""
        ...

    def baseline(self, names: Sequence[str], matrix: Scores) -> Scores:
        """Score by the simplest rule that anybody would try first."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to train on; times are cut into windows of ``days`` from the newest back: test, valid, train..."""

    days: int = 28
    windows: int = 4
    questions: int = 1500
    candidates: int = 300
    trees: int = 120
    leaves: int = 31
    learning_rate: float = 0.08
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Examples:
    """Feature rows of questions, one after another."""

    matrix: Scores
    right: Flags
    sizes: Ints
    totals: Ints


@dataclass(frozen=True, slots=True)
class Trained:
    """A model with what it was trained on and how good it is on windows it never saw."""

    text: str
    since: int
    until: int
    rows: int
    metrics: dict[str, float]


Progress = Callable[[int, int, str], None]


class TooLittle(ValueError):
    """The log does not reach back far enough, or holds no answers."""


def train(
    fresh: Callable[[], ShopState], lines: Lines, lesson: Lesson, features: FeatureSet, plan: Plan, progress: Progress
) -> Trained:
    """Train and measure.

    Parameters
    ----------
    fresh
        Makes an empty state that knows users and taxonomy.
    lines
        The whole log in time order.

    Raises
    ------
    TooLittle
    """
    anchors = anchors_of(lines, plan)
    examples = replay(fresh(), lines, anchors, lesson, features, plan, progress)
    *training, valid, test = examples
    joined = _joined(training)
    if not joined.right.any():
        raise TooLittle("No shopper came back in the training windows; there is nothing to learn yet.")
    progress(len(anchors), len(anchors) + 1, "growing trees")
    text = grow(joined, features.names, plan)
    model = Boosted(text)
    metrics = {
        **measure(valid, model, lesson, features.names, plan.seed, "valid"),
        **measure(test, model, lesson, features.names, plan.seed, "test"),
    }
    return Trained(text, int(lines.at[0]), anchors[-2], len(joined.right), metrics)


def anchors_of(lines: Lines, plan: Plan) -> list[int]:
    """Return the moments at which questions are asked, oldest first; the last two are for valid and test."""
    if not len(lines):
        raise TooLittle("The event log holds no purchases or views yet; import events first.")
    last, step = int(lines.at[-1]) + 1, plan.days * DAY
    anchors = [last - step * back for back in range(plan.windows + 2, 0, -1)]
    anchors = [anchor for anchor in anchors if anchor > int(lines.at[0]) + step]
    if len(anchors) < 3:
        raise TooLittle(
            f"Training needs at least {4 * plan.days} days of events; there are fewer. Import more history."
        )
    return anchors


def replay(
    state: ShopState,
    lines: Lines,
    anchors: Sequence[int],
    lesson: Lesson,
    features: FeatureSet,
    plan: Plan,
    progress: Progress,
) -> list[Examples]:
    """Fold the log and stop at each anchor to build examples as a shopper would have met them then."""
    rng = np.random.default_rng(plan.seed)
    seen = np.zeros(int(lines.product.max()) + 1, np.bool_)
    out, start = [], 0
    for number, anchor in enumerate(anchors):
        progress(number, len(anchors) + 1, f"replaying the log, window {number + 1} of {len(anchors)}")
        stop, end = np.searchsorted(lines.at, (anchor, anchor + plan.days * DAY))
        features.fold(state, lines.take(slice(start, int(stop))))
        seen[lines.product[start:stop]] = True
        start = int(stop)
        past, future = lines.take(slice(0, start)), lines.take(slice(start, int(end)))
        out.append(_examples(Moment(state, past, future, seen, anchor, rng), lesson, features, plan))
    return out


def grow(examples: Examples, names: Sequence[str], plan: Plan) -> str:
    """Grow trees on one thread and return the model as text."""
    import lightgbm

    data = lightgbm.Dataset(examples.matrix, examples.right.astype(np.int8), feature_name=list(names))
    parameters: dict[str, Any] = {
        "objective": "binary",
        "num_leaves": plan.leaves,
        "learning_rate": plan.learning_rate,
        "min_data_in_leaf": max(20, min(200, len(examples.right) // 2000)),
        "feature_fraction": 0.7,
        "num_threads": 1,
        "deterministic": True,
        "verbose": -1,
        "seed": plan.seed,
    }
    return str(lightgbm.train(parameters, data, plan.trees).model_to_string())


def measure(
    examples: Examples, model: Boosted, lesson: Lesson, names: Sequence[str], seed: int, part: str
) -> dict[str, float]:
    """Return NDCG@10 of the model and of the baseline, and the interval of the gain by bootstrap over questions."""
    if not len(examples.sizes):
        return {}
    ours = per_question(examples, model.score(examples.matrix))
    base = per_question(examples, lesson.baseline(names, examples.matrix))
    low, high = bootstrap(ours - base, seed=seed)
    found = np.add.reduceat(examples.right, np.cumsum(examples.sizes) - examples.sizes) / np.maximum(examples.totals, 1)
    return {
        f"{part}_ndcg_10": float(ours.mean()),
        f"{part}_baseline_ndcg_10": float(base.mean()),
        f"{part}_gain_low": low,
        f"{part}_gain_high": high,
        f"{part}_recall": float(found.mean()),
        f"{part}_questions": float(len(ours)),
    }


def per_question(examples: Examples, scores: Scores) -> Floats:
    """Return each question's NDCG@10."""
    ends = np.cumsum(examples.sizes)
    parts = zip((ends - examples.sizes).tolist(), ends.tolist(), examples.totals.tolist(), strict=True)
    return np.array([ndcg(scores[low:high], examples.right[low:high], total) for low, high, total in parts])


def _examples(moment: Moment, lesson: Lesson, features: FeatureSet, plan: Plan) -> Examples:
    sources, questions = lesson.prepare(moment)
    if len(questions) > plan.questions:
        picked = np.sort(moment.rng.choice(len(questions), plan.questions, replace=False))
        questions = [questions[i] for i in picked]
    blocks, right, totals = [], [], []
    for question in questions:
        found = {source.name: source.recall(moment.state, question.request) for source in sources}
        candidates = gather(
            moment.state, question.request, found, lesson.rules, moment.available, limit=plan.candidates
        )
        if len(candidates):
            ask = Ask(question.request.user, question.request.now, candidates.products, candidates.sources)
            blocks.append(features.matrix(moment.state, ask))
            right.append(np.isin(candidates.products, question.relevant))
            totals.append(len(question.relevant))
    sizes = np.array([len(block) for block in blocks], np.int64)
    matrix = np.concatenate(blocks) if blocks else np.zeros((0, len(features.names)), np.float32)
    flags = np.concatenate(right) if right else np.zeros(0, np.bool_)
    return Examples(matrix, flags, sizes, np.array(totals, np.int64))


def _joined(parts: Sequence[Examples]) -> Examples:
    return Examples(
        np.concatenate([part.matrix for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.sizes for part in parts]),
        np.concatenate([part.totals for part in parts]),
    )
