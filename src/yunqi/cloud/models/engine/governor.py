"""Two small rules: how many threads to use beside other work, and how long to wait before starting again."""

from dataclasses import dataclass

_SAMPLES = 3


def threads_beside(cores: int, foreign: float) -> int:
    """Return how many threads to run when other work keeps ``foreign`` cores busy.

    llama.cpp's threads wait for each other after every layer, so one that has to share its core slows all of them;
    a core that is half taken is therefore left alone.
    """
    return max(1, min(cores, int(cores - foreign + 0.5)))


@dataclass(slots=True)
class Governor:
    """Decides on a change of threads only after it was called for several times in a row."""

    cores: int
    wanted: int = 0
    _seen: int = 0

    def sample(self, current: int, foreign: float) -> int | None:
        """Take a measurement; return the new number of threads once it is clear, else None."""
        target = threads_beside(self.cores, foreign)
        if target == current:
            self._seen = 0
            return None
        self._seen = self._seen + 1 if target == self.wanted else 1
        self.wanted = target
        return target if self._seen >= _SAMPLES else None


@dataclass(slots=True)
class Backoff:
    """Waits longer after each failure: 0.25 s, doubled up to ``longest``; a long healthy life forgives all."""

    longest: float = 30.0
    forgive_after: float = 60.0
    failures: int = 0

    def fail(self, lived: float) -> float:
        """Count a failure after ``lived`` seconds of health; return how long to wait."""
        self.failures = 1 if lived >= self.forgive_after else self.failures + 1
        return min(self.longest, 0.25 * 2.0 ** (self.failures - 1))
