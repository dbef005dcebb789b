"""Quotas of keys: requests and tokens a minute, counted in this process."""

import threading
import time
from collections.abc import Callable

from yunqi.cloud.studio.engine.bucket import Bucket
from yunqi.cloud.studio.model import Quota, QuotaReached
from yunqi.kernel import Invalid, Principal

_MOST_KEYS = 20_000


class Quotas:
    """The buckets of every key.

    Parameters
    ----------
    usual
        For keys without an entry of their own in ``special`` (by key name).
    """

    def __init__(self, usual: Quota, special: dict[str, Quota], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._usual = usual
        self._special = special
        self._clock = clock
        self._buckets: dict[tuple[int, str, str], Bucket] = {}
        self._lock = threading.Lock()

    def reserve(self, principal: Principal, tokens: int) -> None:
        """Take one request and ``tokens`` tokens.

        Raises
        ------
        QuotaReached
            Nothing is taken then; ``retry_after`` says when there will be enough.
        """
        quota = self._special.get(principal.name, self._usual)
        with self._lock:
            requests = self._bucket(principal, "requests", quota.requests)
            if requests and (wait := requests.take(1, self._clock())):
                raise self._refusal(principal, f"{quota.requests} requests", wait)
            bucket = self._bucket(principal, "tokens", quota.tokens)
            if bucket and (wait := bucket.take(tokens, self._clock())):
                if requests:
                    requests.settle(1)
                raise self._refusal(principal, f"{quota.tokens} tokens", wait)

    def settle(self, principal: Principal, *, reserved: int, used: int) -> None:
        """Correct the reservation by what was really used."""
        quota = self._special.get(principal.name, self._usual)
        with self._lock:
            if bucket := self._bucket(principal, "tokens", quota.tokens):
                bucket.settle(reserved - used)

    def _bucket(self, principal: Principal, kind: str, per_minute: int) -> Bucket | None:
        if per_minute <= 0:
            return None
        if len(self._buckets) > _MOST_KEYS:
            self._buckets.clear()
        key = (principal.key_id, principal.name, kind)
        return self._buckets.setdefault(key, Bucket(per_minute, per_minute, self._clock()))

    def _refusal(self, principal: Principal, what: str, wait: float) -> QuotaReached:
        return QuotaReached(
            f"Key {principal.name!r} has used its {what} a minute. Try again in {max(1, round(wait))} s.",
            retry_after=wait,
        )


def parse_quotas(entries: tuple[str, ...]) -> dict[str, Quota]:
    """Read ``NAME=REQUESTS/TOKENS`` entries of the setting ``studio.quotas``."""
    found = {}
    for entry in entries:
        name, _, figures = entry.strip().partition("=")
        requests, _, tokens = figures.partition("/")
        if not (name and requests.isdigit() and tokens.isdigit()):
            raise Invalid(
                f"studio.quotas: {entry!r} is not NAME=REQUESTS/TOKENS, as batch=1000/500000.", param="quotas"
            )
        found[name] = Quota(int(requests), int(tokens))
    return found
