"""Who may run: a few places, a bounded queue before them, and a word on when to come back."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from yunqi.cloud.models.model import EngineBusy


class Gate:
    """Places of one engine.

    Parameters
    ----------
    places
        Requests at the same time.
    queue
        Requests that may wait.
    """

    def __init__(self, name: str, *, places: int, queue: int) -> None:
        self._name = name
        self._places = places
        self._queue = queue
        self._free = asyncio.Semaphore(places)
        self._usual = 5.0
        self.running = 0
        self.waiting = 0
        self.last_used = time.monotonic()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place, waiting for one in the queue.

        Raises
        ------
        EngineBusy
            When the queue is full; ``retry_after`` is how long the queue usually takes.
        """
        if self._free.locked() and self.waiting >= self._queue:
            wait = self._usual * (self.waiting + 1) / self._places
            raise EngineBusy(
                f"Model {self._name} is busy: {self.running} requests run, {self.waiting} wait. Retry in {wait:.0f} s.",
                retry_after=max(1.0, wait),
            )
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        self.running += 1
        began = time.monotonic()
        try:
            yield
        finally:
            self.last_used = time.monotonic()
            self._usual += 0.2 * (self.last_used - began - self._usual)
            self.running -= 1
            self._free.release()

    @property
    def is_idle(self) -> bool:
        """Whether nobody runs or waits."""
        return self.running == 0 and self.waiting == 0

    @property
    def unused_for(self) -> float:
        """Return the seconds since the last request ended, 0 while one runs or waits."""
        return time.monotonic() - self.last_used if self.is_idle else 0.0
