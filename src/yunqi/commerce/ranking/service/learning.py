"""Learning from the log: training a surface's policy, and checking that features replay to the last bit."""

from collections.abc import Sequence

import numpy as np

from yunqi.commerce.catalog import Cards, Catalog
from yunqi.commerce.experiments import Decision, Experiments, Policy, Stage, Training
from yunqi.commerce.ranking.config import RankingConfig
from yunqi.commerce.ranking.engine.decode import NAMES, Merge, decode
from yunqi.commerce.ranking.engine.features import VERSION, Ask, FeatureSet
from yunqi.commerce.ranking.engine.lines import Lines
from yunqi.commerce.ranking.engine.state import ShopState
from yunqi.commerce.ranking.engine.training import Lesson, Plan, Progress, TooLittle, Trained, train
from yunqi.commerce.ranking.model import NothingToLearn, Verification
from yunqi.commerce.ranking.service.live import describe, fold, minor_units
from yunqi.kernel import Event, Kernel
from yunqi.kernel.clock import from_micros

_BATCH = 5000


class Learning:
    """Replays the log of one workspace, in any process, without the live state."""

    def __init__(
        self,
        kernel: Kernel,
        config: RankingConfig,
        *,
        catalog: Catalog,
        experiments: Experiments,
        features: FeatureSet,
        workspace: str,
    ) -> None:
        self.kernel = kernel
        self.config = config
        self.catalog = catalog
        self.experiments = experiments
        self.features = features
        self.workspace = workspace

    def train(self, lesson: Lesson, progress: Progress) -> Policy:
        """Train a policy for a surface, register it, and promote it when it beats the baseline on validation."""
        lines, state = self.history()
        try:
            trained = train(lambda: like(state), lines, lesson, self.features, self.plan(), progress)
        except TooLittle as error:
            raise NothingToLearn(str(error)) from error
        policy = self.experiments.register(self._policy(lesson, trained))
        if self.config.promote and policy.stage is Stage.CANDIDATE and trained.metrics.get("valid_gain_low", 0.0) > 0:
            policy = self.experiments.promote(policy.id, workspace=self.workspace)
        return policy

    def plan(self) -> Plan:
        """Return how much to train on, from the settings."""
        config = self.config
        return Plan(
            days=config.training_days,
            windows=config.training_windows,
            questions=config.training_questions,
            candidates=config.candidates,
            trees=config.trees,
            leaves=config.leaves,
            learning_rate=config.learning_rate,
            seed=config.seed,
        )

    def history(self) -> tuple[Lines, ShopState]:
        """Return the whole log as lines in time order, and an unfolded state that knows its users and taxonomy."""
        cards, state = self.catalog.cards(workspace=self.workspace), ShopState()
        describe(state, None, cards)
        parts: list[Lines] = []
        events = self.kernel.events.replay(names=NAMES, workspace=self.workspace)
        for part in decode(state, events, cards.index, minor_units(cards)):
            if isinstance(part, Merge):
                state.merge(part.visitor, part.user)
            else:
                parts.append(part)
        return in_time_order(parts), state

    def verify(self, decisions: Sequence[Decision]) -> Verification:
        """Make the features of decisions again, by replaying the log up to each, and compare them bit by bit."""
        cards, state = self.catalog.cards(workspace=self.workspace), ShopState()
        describe(state, None, cards)
        different = []
        for decision in sorted(decisions, key=lambda found: found.seq):
            batch: list[Event] = []
            for event in self.kernel.events.replay(
                state.seq, decision.seq, names=NAMES, workspace=self.workspace, batch=_BATCH
            ):
                batch.append(event)
            fold(state, self.features, batch, cards)
            state.seq = decision.seq
            if self._again(state, decision, cards) != decision.features:
                different.append(decision.id)
        return Verification(len(decisions), tuple(different))

    def _again(self, state: ShopState, decision: Decision, cards: Cards) -> bytes:
        products = np.array([cards.index[item.product_id] for item in decision.items], np.int32)
        names = sorted({name for item in decision.items for name in item.sources})
        sources = {
            name: np.array([item.sources.get(name, np.nan) for item in decision.items], np.float32) for name in names
        }
        ask = Ask(state.user(decision.subject), int(decision.context["now"]), products, sources)
        return self.features.matrix(state, ask).tobytes()

    def _policy(self, lesson: Lesson, trained: Trained) -> Policy:
        return Policy(
            id="",
            surface=lesson.surface,
            version=0,
            stage=Stage.CANDIDATE,
            kind="boosted",
            features=self.features.names,
            features_version=VERSION,
            created_at=self.kernel.clock(),
            model=self.kernel.blobs.put(trained.text.encode("utf-8")),
            metrics=trained.metrics,
            training=Training(from_micros(trained.since), from_micros(trained.until), trained.rows, self.config.seed),
            note="Trained by replay of the event log; valid and test are later windows of time.",
            workspace=self.workspace,
        )


def in_time_order(parts: Sequence[Lines]) -> Lines:
    """Join lines and sort them by time; rows of one moment keep the log's order."""
    if not parts:
        return Lines.of([])
    columns = ("at", "user", "product", "kind", "price", "discount", "basket")
    joined = Lines(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))
    return joined.take(np.argsort(joined.at, kind="stable"))


def like(state: ShopState) -> ShopState:
    """Return an unfolded state with the same users and taxonomy."""
    fresh = ShopState()
    fresh.users, fresh.names = dict(state.users), dict(state.names)
    fresh.taxonomy, fresh.brand = state.taxonomy.copy(), state.brand.copy()
    return fresh
