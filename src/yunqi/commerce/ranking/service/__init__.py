"""The verbs of the ranking pipeline."""

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from yunqi.commerce.catalog import Catalog
from yunqi.commerce.experiments import Decision, Experiments, Policy
from yunqi.commerce.ranking.config import RankingConfig
from yunqi.commerce.ranking.engine.features import feature_set
from yunqi.commerce.ranking.engine.source import Source
from yunqi.commerce.ranking.engine.training import Lesson, Progress
from yunqi.commerce.ranking.model import Answer, ItemReason, Reason, Surface, UnknownSurface, Verification
from yunqi.commerce.ranking.service.learning import Learning
from yunqi.commerce.ranking.service.live import LiveState
from yunqi.commerce.ranking.service.policies import Policies
from yunqi.commerce.ranking.service.run import Run
from yunqi.kernel import Kernel

Teacher = Callable[[], Lesson]


class Ranking:
    """The one pipeline: recall, gather, features, rank, arrange, respond and log.

    Parameters
    ----------
    kernel
        The ground floor.
    config
        Settings.
    catalog, experiments
        The rows below.
    """

    def __init__(
        self,
        kernel: Kernel,
        config: RankingConfig,
        *,
        catalog: Catalog,
        experiments: Experiments,
        workspace: str = "default",
    ) -> None:
        self.kernel = kernel
        self.config = config
        self.catalog = catalog
        self.experiments = experiments
        self.workspace = workspace
        self.features = feature_set()
        self.live = LiveState(kernel, catalog, self.features, workspace=workspace, blocked=config.blocked)
        self.policies = Policies(kernel, experiments, self.features.names, workspace=workspace)
        self.learning = Learning(
            kernel, config, catalog=catalog, experiments=experiments, features=self.features, workspace=workspace
        )
        self._surfaces: dict[str, Surface] = {}
        self._teachers: dict[str, Teacher] = {}
        self._stop = threading.Event()
        self._saver: threading.Thread | None = None

    def register(self, surface: Surface, *, teacher: Teacher | None = None) -> None:
        """Make a surface known, and how a policy for it is trained."""
        self._surfaces[surface.name] = surface
        if teacher is not None:
            self._teachers[surface.name] = teacher

    def start(self) -> int:
        """Load or rebuild the state and follow the log; returns how many events had to be folded.

        Call it once, in the process that answers. A process that only trains does not need it.
        """
        folded = self.live.start()
        self.policies.start()
        if folded > 1000:
            self.live.save()
        self._saver = threading.Thread(target=self._save_now_and_then, name="ranking-snapshot", daemon=True)
        self._saver.start()
        return folded

    def answer(
        self,
        surface: str,
        sources: Sequence[Source],
        *,
        subject: str | None = None,
        seeds: Sequence[str] = (),
        query: str | None = None,
        size: int = 12,
        offset: int = 0,
        first: int = 0,
    ) -> Answer:
        """Choose what a surface shows, and log the Decision.

        Parameters
        ----------
        sources
            Where candidates come from.
        subject
            Who looks: a user's or visitor's id.
        seeds
            Product ids that the question is about.
        size, offset
            Which places of the ranking are shown. Only answers that begin at the first place explore.
        first
            Places that other pages took before this list began.
        """
        started = time.perf_counter()
        spec = self._surface(surface)
        policy, model = self.policies.serving(spec)
        run = Run(self.kernel, self.config, self.live, spec, subject=subject, seeds=seeds, query=query)
        run.find(sources)
        run.rank(model)
        run.arrange(size, offset, first)
        answer, decision = run.finish(policy, started)
        if decision is not None:
            self.experiments.record(decision)
        return answer

    def explain(self, decision_id: str) -> Reason:
        """Explain a decision: for each product its features and what each of them gave to its score."""
        found = self.experiments.explain(decision_id, workspace=self.workspace)
        decision, names = found.decision, found.policy.features
        matrix = np.frombuffer(decision.features, "<f4").reshape(len(decision.items), len(names))
        gave = self.policies.model(found.policy).contributions(np.ascontiguousarray(matrix))
        cards = self.live.catalog.cards(workspace=self.workspace)
        reasons = []
        for row, item in enumerate(decision.items):
            number = cards.index.get(item.product_id)
            title = item.product_id if number is None else cards.titles[number]
            known = [i for i in range(len(names)) if np.isfinite(matrix[row, i])]
            values = {names[i]: float(matrix[row, i]) for i in known}
            reasons.append(
                ItemReason(item, title, values, {names[i]: float(gave[row, i]) for i in np.flatnonzero(gave[row])})
            )
        return Reason(decision, found.policy, tuple(reasons), found.outcomes)

    def train(self, surface: str, *, progress: Progress = lambda done, total, text: None) -> Policy:
        """Train a policy for a surface by replaying the log.

        Raises
        ------
        UnknownSurface, NothingToLearn
        """
        teacher = self._teachers.get(surface)
        if teacher is None:
            known = ", ".join(sorted(self._teachers)) or "none"
            raise UnknownSurface(f"Surface {surface!r} cannot be trained; these can: {known}.", "surface")
        self.policies.serving(self._surface(surface))  # the hand-set weights come first: what is trained has to win
        return self.learning.train(teacher(), progress)

    def is_trained(self, surface: str) -> bool:
        """Whether a policy was ever trained for a surface."""
        found = self.experiments.policies(surface=surface, workspace=self.workspace)
        return any(policy.training.rows for policy in found)

    def trainable(self) -> list[str]:
        """Return the surfaces that can be trained."""
        return sorted(self._teachers)

    def surfaces(self) -> list[Surface]:
        """Return the surfaces that are served."""
        return list(self._surfaces.values())

    def verify(self, decisions: Sequence[Decision]) -> Verification:
        """Check that features made again from the log equal the logged ones, bit by bit."""
        return self.learning.verify(decisions)

    def snapshot(self) -> int:
        """Save the state now; returns the event it stands at."""
        return self.live.save()

    def close(self) -> None:
        """Save the state and stop."""
        self._stop.set()
        if self._saver is not None:
            self._saver.join()
            self._saver = None
            self.live.save()

    def _surface(self, name: str) -> Surface:
        found = self._surfaces.get(name)
        if found is None:
            raise UnknownSurface(f"There is no surface {name!r}.", "surface")
        return found

    def _save_now_and_then(self) -> None:
        saved = self.live.state.seq
        while not self._stop.wait(self.config.snapshot_minutes * 60):
            if self.live.state.seq != saved:
                saved = self.live.save()
