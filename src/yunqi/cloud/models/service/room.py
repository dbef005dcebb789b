"""A thread with an event loop, in which all engines live; callers may be threads or other loops."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Room:
    """Starts its thread on first use."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def run(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run a coroutine in the room; cancelling the future cancels it there."""
        return asyncio.run_coroutine_threadsafe(work, self._open())

    @property
    def is_open(self) -> bool:
        """Whether the thread runs."""
        return self._loop is not None

    def close(self) -> None:
        """End the thread; engines must be closed before."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _open(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="yunqi-models", daemon=True)
                self._thread.start()
            return self._loop
