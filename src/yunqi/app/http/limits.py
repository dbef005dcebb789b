"""A limit for callers without a key: a token bucket for each address."""

import threading
import time
from typing import Any

from fastapi import Depends, Request

from yunqi.kernel import Exhausted

_MOST_ADDRESSES = 50_000


class AddressLimit:
    """Allows each client address ``per_second`` requests on average, and ``burst`` at once.

    Behind a reverse proxy every client has the proxy's address unless uvicorn is told to trust its headers
    (``FORWARDED_ALLOW_IPS``); the limit then holds for all of them together, so the proxy should limit too.
    """

    def __init__(self, per_second: float, burst: int) -> None:
        self._rate = per_second
        self._burst = float(burst)
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, address: str, cost: float = 1.0) -> None:
        """Take from the address's bucket.

        Raises
        ------
        Exhausted
            When it is empty; says when to come back.
        """
        now = time.monotonic()
        with self._lock:
            if len(self._buckets) > _MOST_ADDRESSES:
                self._buckets.clear()
            level, at = self._buckets.get(address, (self._burst, now))
            level = min(self._burst, level + (now - at) * self._rate)
            if level < cost:
                wait = (cost - level) / self._rate
                raise Exhausted(f"Too many requests from this address; try again in {wait:.0f} s.", retry_after=wait)
            self._buckets[address] = (level - cost, now)

    def dependency(self, cost: float = 1.0) -> Any:
        """Return a FastAPI dependency that takes ``cost`` for each request."""

        def limit(request: Request) -> None:
            self.take(request.client.host if request.client else "unknown", cost)

        return Depends(limit)
