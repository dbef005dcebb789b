"""One call of a model on behalf of a key: started once, metered once."""

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future

from yunqi.cloud.models import ChatRequest, Completion, Delta, Models, Usage
from yunqi.cloud.studio.model import ModelCalled
from yunqi.kernel import Principal

Meter = Callable[[ModelCalled], None]


class Call:
    """Made by `Studio.open`; `start` it, then tell how it ended by exactly one of `finish`, `abandon` and `fail`.

    Whichever comes first meters the call; the others then do nothing.

    Attributes
    ----------
    id
        The answer's id and the key of its metering; made here, so that a caller cannot repeat one to be counted once.
    """

    def __init__(
        self,
        models: Models,
        principal: Principal,
        request: ChatRequest,
        *,
        asked: str,
        model: str,
        streamed: bool,
        meter: Meter,
    ) -> None:
        self.id = f"chatcmpl-{uuid.uuid4().hex}"
        self.created = int(time.time())
        self.asked = asked
        self.model = model
        self.streamed = streamed
        self._models = models
        self._principal = principal
        self._request = request
        self._meter = meter
        self._lock = threading.Lock()
        self._metered = False
        self._began = time.perf_counter()
        self._first = 0.0
        self._usage = Usage(exact=False)
        self._future: Future[Completion] | None = None

    def start(self, on_delta: Callable[[Delta], None]) -> "Future[Completion]":
        """Begin to answer; pieces go to ``on_delta`` in the engines' thread."""

        def note(delta: Delta) -> None:
            self._first = self._first or time.perf_counter()
            self._usage = delta.usage
            on_delta(delta)

        self._future = self._models.start(self.model, self._request, note)
        return self._future

    def finish(self, done: Completion) -> None:
        """Meter a whole answer; call it before the last byte is sent, so that what is acknowledged is metered."""
        self._usage = done.usage
        self._close(done.finish_reason)

    def abandon(self) -> None:
        """Stop the work because the client left, and meter what was made."""
        if self._future is not None:
            self._future.cancel()
        self._close("cancelled")

    def fail(self) -> None:
        """Meter what was made before the engine broke off."""
        self._close("failed")

    def _close(self, outcome: str) -> None:
        with self._lock:
            if self._metered:
                return
            self._metered = True
        ended = time.perf_counter()
        called = ModelCalled(
            call_id=self.id,
            asked=self.asked,
            model=self.model,
            key_id=self._principal.key_id,
            key_name=self._principal.name,
            input_tokens=self._usage.input_tokens,
            output_tokens=self._usage.output_tokens,
            cached_tokens=self._usage.cached_tokens,
            exact=self._usage.exact,
            milliseconds=round((ended - self._began) * 1000, 1),
            first_token_ms=round(((self._first or ended) - self._began) * 1000, 1),
            outcome=outcome,
            streamed=self.streamed,
        )
        self._meter(called)
