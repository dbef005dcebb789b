"""The policies that serve, with their models loaded."""

import threading
from collections.abc import Sequence

from yunqi.commerce.experiments import Experiments, Policy, Stage
from yunqi.commerce.ranking.engine.features import VERSION
from yunqi.commerce.ranking.engine.rank import Boosted, Linear
from yunqi.commerce.ranking.model import FeaturesChanged, Surface
from yunqi.kernel import Event, Kernel

Model = Linear | Boosted


class Policies:
    """Each surface's production policy; follows promotions made by any process."""

    def __init__(self, kernel: Kernel, experiments: Experiments, names: Sequence[str], *, workspace: str) -> None:
        self.kernel = kernel
        self.experiments = experiments
        self.names = tuple(names)
        self.workspace = workspace
        self._serving: dict[str, tuple[Policy, Model]] = {}
        self._surfaces: dict[str, Surface] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Follow promotions from here on."""
        events = self.kernel.events
        events.subscribe("ranking.policies", self._renew, names={"PolicyPromoted"}, durable=False, start=events.head())

    def serving(self, surface: Surface) -> tuple[Policy, Model]:
        """Return what serves a surface; one that never had a policy gets its hand-set weights as the first."""
        held = self._serving.get(surface.name)
        if held is None:
            with self._lock:
                self._surfaces[surface.name] = surface
                held = self._serving.get(surface.name) or self._find(surface)
                self._serving[surface.name] = held
        return held

    def model(self, policy: Policy) -> Model:
        """Load a policy's model.

        Raises
        ------
        FeaturesChanged
            When the policy reads features that this release does not make.
        """
        if policy.features_version != VERSION or policy.features != self.names:
            raise FeaturesChanged(f"Policy {policy.id} was made for other features. Run `yunqi policies train`.", "id")
        if policy.model is None:
            return Linear(self.names, policy.parameters)
        return Boosted(self.kernel.blobs.read(policy.model).decode("utf-8"))

    def by_hand(self, surface: Surface) -> Policy:
        """Register a surface's hand-set weights as a policy."""
        policy = Policy(
            id="",
            surface=surface.name,
            version=0,
            stage=Stage.CANDIDATE,
            kind="linear",
            features=self.names,
            features_version=VERSION,
            created_at=self.kernel.clock(),
            parameters=surface.weights,
            note=surface.note or "Weights set by hand; nothing was trained.",
            workspace=self.workspace,
        )
        return self.experiments.register(policy)

    def _find(self, surface: Surface) -> tuple[Policy, Model]:
        found = self.experiments.policies(surface=surface.name, stage=Stage.PRODUCTION, workspace=self.workspace)
        if found:
            try:
                return found[0], self.model(found[0])
            except FeaturesChanged:
                pass
        policy = self.by_hand(surface)
        if policy.stage is not Stage.PRODUCTION:
            policy = self.experiments.promote(policy.id, workspace=self.workspace)
        return policy, self.model(policy)

    def _renew(self, events: Sequence[Event]) -> None:
        """Load what was promoted now, so that no request waits for it."""
        for event in events:
            name = event.data()["surface"]
            if event.workspace == self.workspace and name in self._surfaces:
                self._serving[name] = self._find(self._surfaces[name])
