"""The port: what serving needs of an engine."""

from typing import Protocol

from yunqi.cloud.models.model import ChatRequest, Completion, EngineHealth, OnDelta


class Engine(Protocol):
    """Something that answers chat requests; used from one event loop."""

    async def chat(self, request: ChatRequest, on_delta: OnDelta) -> Completion:
        """Answer; each piece goes to ``on_delta`` as it comes. Cancelling the task stops the work.

        Raises
        ------
        ContextTooLong, EngineBusy, EngineLost, Invalid
            The request was not, or not wholly, answered.
        """

    def health(self) -> EngineHealth:
        """Return how the engine is doing, without waiting for it."""

    async def close(self) -> None:
        """Stop the engine and give back what it holds."""
