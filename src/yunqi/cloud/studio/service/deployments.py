"""Deployments: published networks that take tensors or pictures, on real or simulated hardware."""

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Sequence

from yunqi.cloud.hub import Hub
from yunqi.cloud.studio.engine.tensors import checked
from yunqi.cloud.studio.model import Deployment, DeploymentExists, DeploymentUnknown, Inference, ModelCalled, Tensor
from yunqi.cloud.studio.service.studio import Studio
from yunqi.cloud.studio.service.target import Runner, Target
from yunqi.cloud.studio.store import DeploymentStore
from yunqi.kernel import Exhausted, Invalid, Kernel, Principal

_LOADED = 4  # networks kept in memory
_WAITING = 8  # calls of one network at a time


class _Loaded:
    """A runner, whom it is busy with, and how many wait."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.lock = threading.Lock()
        self.places = threading.BoundedSemaphore(_WAITING)


class Deployments:
    """Networks behind names.

    Parameters
    ----------
    hub
        Where published networks lie.
    studio
        Whose quotas and metering hold here too.
    targets
        The hardware there is.
    """

    def __init__(self, kernel: Kernel, *, hub: Hub, studio: Studio, targets: Sequence[Target]) -> None:
        self._kernel = kernel
        self._hub = hub
        self._studio = studio
        self._targets = {target.name: target for target in targets}
        self._store = DeploymentStore(kernel.store)
        self._loaded: OrderedDict[tuple[str, str], _Loaded] = OrderedDict()
        self._lock = threading.Lock()

    def targets(self) -> list[Target]:
        """Return the hardware that can be deployed on."""
        return list(self._targets.values())

    def deploy(self, workspace: str, asset: str, *, target: str = "", name: str = "") -> Deployment:
        """Let a published network answer.

        Parameters
        ----------
        target
            Where it runs; by default the first that takes its form.
        name
            By default the asset's.

        Raises
        ------
        AssetMissing, Invalid
            When the network is not here, or no hardware takes it.
        DeploymentExists
            When the name is taken.
        """
        installed = self._hub.file(asset)
        chosen = self._target(target, installed.asset.form)
        found = Deployment(name or asset, asset, chosen.name, self._kernel.clock())
        self._runner(found)
        with self._kernel.store.begin() as tx:
            if self._store.taken(tx, workspace, found.name):
                raise DeploymentExists(f"A deployment is called {found.name} already. Choose another name.", "name")
            self._store.add(tx, workspace, found)
        return found

    def remove(self, workspace: str, name: str) -> None:
        """Stop answering under a name; the published network stays."""
        with self._kernel.store.begin() as tx:
            if not self._store.remove(tx, workspace, name):
                raise DeploymentUnknown(self._unknown(workspace, name))

    def list(self, workspace: str) -> list[Deployment]:
        """Return a workspace's deployments."""
        return self._store.list(workspace)

    def show(self, workspace: str, name: str) -> tuple[Deployment, Runner]:
        """Return a deployment and its loaded network, for its inputs and outputs."""
        found = self._store.get(workspace, name)
        if found is None:
            raise DeploymentUnknown(self._unknown(workspace, name))
        return found, self._runner(found).runner

    def simulated(self, found: Deployment) -> bool:
        """Whether a deployment runs on simulated hardware."""
        return self._target(found.target, "").simulated

    def infer(
        self, principal: Principal, name: str, inputs: dict[str, Tensor] | None = None, *, image: bytes = b""
    ) -> tuple[str, Inference]:
        """Run a network once on behalf of a key, within its quota, and meter it.

        Parameters
        ----------
        inputs
            Arrays by input name, or None when ``image`` holds a picture.

        Returns
        -------
        tuple
            The call's id, and what the network answered.

        Raises
        ------
        Denied, DeploymentUnknown, Invalid, QuotaReached, Exhausted
            Nothing was metered then.
        """
        principal.require("models")
        found, _ = self.show(principal.workspace, name)
        loaded = self._runner(found)
        given = loaded.runner.prepare(image) if inputs is None else checked(loaded.runner.inputs, inputs)
        if not loaded.places.acquire(blocking=False):
            raise Exhausted(f"{_WAITING} calls of {name} wait already. Try again in a moment.", retry_after=1.0)
        try:
            self._studio.reserve(principal)
            return self._metered(principal, found, loaded, given)
        finally:
            loaded.places.release()

    def _metered(
        self, principal: Principal, found: Deployment, loaded: _Loaded, given: dict[str, Tensor]
    ) -> tuple[str, Inference]:
        call, began, outcome = f"infer-{uuid.uuid4().hex}", time.perf_counter(), "failed"
        try:
            with loaded.lock:
                answer = loaded.runner.run(given)
            outcome = "stop"
        finally:
            took = round((time.perf_counter() - began) * 1e3, 1)
            called = ModelCalled(
                call_id=call, asked=found.name, model=found.asset, key_id=principal.key_id, key_name=principal.name,
                input_tokens=0, output_tokens=0, cached_tokens=0, exact=True, milliseconds=took, first_token_ms=took,
                outcome=outcome, streamed=False,
            )  # fmt: skip
            self._studio.meter(principal.workspace, called)
        return call, answer

    def _runner(self, found: Deployment) -> _Loaded:
        installed = self._hub.file(found.asset)
        target = self._target(found.target, installed.asset.form)
        key = (target.name, installed.asset.sha256)
        with self._lock:
            if key in self._loaded:
                self._loaded.move_to_end(key)
                return self._loaded[key]
            loaded = self._loaded[key] = _Loaded(target.open(installed))
            while len(self._loaded) > _LOADED:
                self._loaded.popitem(last=False)
            return loaded

    def _target(self, name: str, form: str) -> Target:
        if name and name not in self._targets:
            known = ", ".join(self._targets) or "nothing"
            raise Invalid(f"There is no hardware {name!r} to deploy on; there is {known}.", param="target")
        for target in [self._targets[name]] if name else self._targets.values():
            if not form or target.form == form:
                return target
        raise Invalid(
            f"Nothing here runs files of the form {form!r}. Language models answer without being deployed; a network "
            "is compiled first by `yunqi npu publish`.",
            param="asset",
        )

    def _unknown(self, workspace: str, name: str) -> str:
        known = (
            ", ".join(found.name for found in self._store.list(workspace)) or "none; `yunqi models deploy` makes one"
        )
        return f"There is no deployment {name!r}. There are: {known}."
