"""A token bucket: refills evenly over a minute, and may be settled later when the true cost is known."""

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """What is left of ``per_minute`` at the time ``at`` (seconds on any clock)."""

    per_minute: float
    level: float
    at: float

    def take(self, amount: float, now: float) -> float:
        """Take ``amount`` and return 0, or take nothing and return the seconds until it is there.

        More than a minute's worth is allowed when the bucket is full, so that a large request is not refused for ever.
        """
        self._refill(now)
        needed = min(amount, self.per_minute)
        if self.level < needed:
            return (needed - self.level) * 60 / self.per_minute
        self.level -= amount
        return 0.0

    def settle(self, difference: float) -> None:
        """Give back (or, when negative, take) the difference between what was reserved and what was used."""
        self.level = min(self.per_minute, self.level + difference)

    def _refill(self, now: float) -> None:
        self.level = min(self.per_minute, self.level + (now - self.at) * self.per_minute / 60)
        self.at = now
