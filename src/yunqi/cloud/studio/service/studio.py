"""The studio's verbs: resolve a name, open a call within the key's quota, meter it."""

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import Future

from yunqi.cloud.models import ChatRequest, Completion, Delta, EngineHealth, EngineState, Model, Models, ModelUnknown
from yunqi.cloud.studio.config import StudioConfig
from yunqi.cloud.studio.engine.asked import Asked
from yunqi.cloud.studio.model import Alias, ModelCalled, Quota
from yunqi.cloud.studio.service.call import Call
from yunqi.cloud.studio.service.quota import Quotas, parse_quotas
from yunqi.kernel import Invalid, Kernel, Principal

_METERS: dict[str, Callable[[ModelCalled], int]] = {
    "model.input_tokens": lambda called: called.input_tokens,
    "model.output_tokens": lambda called: called.output_tokens,
    "model.milliseconds": lambda called: round(called.milliseconds),
    "model.requests": lambda called: 1,
}


class Studio:
    """The gateway to all models.

    Parameters
    ----------
    models
        The models behind it.
    """

    def __init__(self, kernel: Kernel, config: StudioConfig, *, models: Models) -> None:
        self._kernel = kernel
        self.config = config
        self._models = models
        self._aliases = _parse_aliases(config)
        usual = Quota(config.requests_per_minute, config.tokens_per_minute)
        self._quotas = Quotas(usual, parse_quotas(config.quotas))

    def aliases(self) -> list[Alias]:
        """Return the further names of models, `default` first."""
        return [Alias(name, target) for name, target in self._aliases.items()]

    def models(self) -> list[Model]:
        """Return every model, installed or not."""
        return self._models.list()

    def served(self) -> dict[str, Model]:
        """Return the models that can be asked now, by every name they have."""
        ready = {model.id: model for model in self._models.list() if model.health.state is not EngineState.MISSING}
        named = {name: ready[target] for name, target in self._aliases.items() if target in ready}
        return named | ready

    def health(self) -> EngineHealth:
        """Return how the default model is doing."""
        return self._models.get(self._aliases["default"]).health

    def resolve(self, name: str) -> Model:
        """Return the model behind a name.

        Raises
        ------
        ModelUnknown
            When nothing has this name; the message lists what has.
        """
        target = self._aliases.get(name, name)
        for model in self._models.list():
            if model.id == target:
                return model
        known = ", ".join(sorted(self.served())) or "none is installed; run `yunqi hub install`"
        raise ModelUnknown(f"The model {name!r} does not exist. Served here: {known}.", param="model")

    def open(self, principal: Principal, asked: Asked) -> Call:
        """Open a call within the key's quota.

        Raises
        ------
        Denied, ModelUnknown, Invalid, QuotaReached
            Nothing was counted then.
        """
        principal.require("models")
        model = self.resolve(asked.model)
        if asked.request.tools is not None and not model.tools:
            raise Invalid(
                f"Model {model.id} cannot call tools: its chat template has no place for them.", param="tools"
            )
        wanted = asked.request.max_tokens or 256
        reserved = wanted + sum(len(message.content) for message in asked.request.messages) // 4
        self._quotas.reserve(principal, reserved)

        def meter(called: ModelCalled) -> None:
            self._quotas.settle(principal, reserved=reserved, used=called.input_tokens + called.output_tokens)
            self.meter(principal.workspace, called)

        return Call(
            self._models,
            principal,
            asked.request,
            asked=asked.model,
            model=model.id,
            streamed=asked.stream,
            meter=meter,
        )

    def reserve(self, principal: Principal) -> None:
        """Take one request without tokens from the key's quota.

        Raises
        ------
        QuotaReached
            When the key has used its requests of this minute.
        """
        self._quotas.reserve(principal, 0)

    def complete(
        self, principal: Principal, request: ChatRequest, *, model: str = "default"
    ) -> Iterator[Delta | Completion]:
        """Answer inside the process: yields the pieces and at last the `Completion`; metered like any other call.

        Closing the iterator early stops the work.
        """
        call = self.open(principal, Asked(model, request, stream=True, include_usage=True))
        pieces: queue.SimpleQueue[Delta | None] = queue.SimpleQueue()
        future = call.start(pieces.put)
        future.add_done_callback(lambda _: pieces.put(None))
        try:
            while (piece := pieces.get()) is not None:
                yield piece
            yield self._finished(call, future)
        finally:
            call.abandon()  # does nothing when the call has ended

    def meter(self, workspace: str, called: ModelCalled) -> bool:
        """Write the event and the usage of a call in one transaction; a second time it changes nothing.

        Returns
        -------
        bool
            Whether it was new.
        """
        kernel = self._kernel
        with kernel.store.begin() as tx:
            new = kernel.events.announce(tx, workspace, called, key=called.call_id, subject=called.key_name)
            if new:
                for meter, quantity in _METERS.items():
                    kernel.usage.record(
                        tx,
                        request_id=called.call_id,
                        workspace=workspace,
                        key_id=called.key_id,
                        meter=meter,
                        quantity=quantity(called),
                        model=called.model,
                        at=kernel.clock(),
                    )
        return new

    def warm(self) -> None:
        """Load the default model in the background if it is installed."""
        if self._aliases["default"] in self.served():
            self._models.warm(self._aliases["default"])

    def _finished(self, call: Call, future: "Future[Completion]") -> Completion:
        if future.cancelled() or future.exception() is not None:
            call.fail()
        else:
            call.finish(future.result())
        return future.result()


def _parse_aliases(config: StudioConfig) -> dict[str, str]:
    found = {"default": config.default_model}
    for entry in config.aliases:
        name, _, target = entry.strip().partition("=")
        if not name or not target:
            raise Invalid(f"studio.aliases: {entry!r} is not NAME=MODEL.", param="aliases")
        found[name] = target
    return found
