"""Who understands queries: the rules, unless something else has won against them and was let in by the gate."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from yunqi.commerce.catalog import Cards
from yunqi.commerce.search.config import SearchConfig
from yunqi.commerce.search.engine.understanding import judged, voted
from yunqi.commerce.search.model import Verdict
from yunqi.commerce.search.store import QueryStore
from yunqi.kernel import Error, Invalid, Kernel, Unavailable

log = logging.getLogger("yunqi.search")

RULES = "rules"
Hit = Callable[[str], tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]]
Progress = Callable[[int, int, str], None]


class Understander(Protocol):
    """Something that says which category a query means."""

    def understand(self, query: str) -> tuple[str, ...]:
        """Return a category path, broadest first; empty when it does not know."""
        ...


Find = Callable[[str], Understander]
"""Makes a candidate from its name, as a model from the name it is served under."""


class Understanding:
    """Understands queries by the rules or by what won against them.

    Parameters
    ----------
    hits
        Returns a query's best matches and their scores.
    cards
        Returns the products as they are now.
    find
        Makes candidates; None where there is nothing but the rules.
    """

    def __init__(
        self, kernel: Kernel, config: SearchConfig, *, hits: Hit, cards: Callable[[], Cards], find: Find | None,
        workspace: str,
    ) -> None:  # fmt: skip
        self._kernel = kernel
        self._config = config
        self._hits = hits
        self._cards = cards
        self._find = find
        self._workspace = workspace
        self._store = QueryStore(kernel.store)
        self._serving: tuple[float, str, Understander | None] = (float("-inf"), RULES, None)

    def serves(self) -> str:
        """Return who understands queries: ``rules`` or the name of what won against them."""
        found = self.verdicts(limit=1)
        return found[0].serves if found else RULES

    def verdicts(self, *, limit: int = 20) -> list[Verdict]:
        """Return what was decided, newest first."""
        with self._kernel.store.read() as tx:
            return self._store.verdicts(tx, self._workspace, limit)

    def understand(
        self, query: str, products: npt.NDArray[np.int32], scores: npt.NDArray[np.float32]
    ) -> tuple[str, ...]:
        """Return the category that a query means.

        Parameters
        ----------
        products, scores
            What matches it, best first: the rules let it vote.
        """
        serving = self._current()
        if serving is not None:
            try:
                return serving.understand(query)
            except Error as error:  # the shop answers all the same
                log.warning("The model that understands queries failed, the rules answered: %s", error.message)
        return self._voted(products, scores)

    def gate(
        self, name: str, examples: Path, *, who: str, progress: Progress = lambda done, total, text: None
    ) -> Verdict:
        """Compare a candidate with the rules, keep the verdict, and let it serve if it won; the rules serve otherwise.

        Parameters
        ----------
        examples
            Lines of ``{"query": ..., "category": [...]}`` (or ``prompt`` and ``answer``, as training writes them). The
            candidate must not have seen them.
        who
            Who asked for it.

        Raises
        ------
        Invalid
            For a broken line, or when there are no lines.
        Unavailable
            When the candidate cannot answer.
        """
        if self._find is None:
            raise Unavailable("This installation has nothing that could understand queries besides the rules.")
        labelled = _labelled(examples)
        candidate = self._find(name)
        right, rules, seconds = [], [], []
        for number, (query, wanted) in enumerate(labelled):
            started = time.perf_counter()
            found = candidate.understand(query)
            seconds.append(time.perf_counter() - started)
            right.append(found == wanted)
            rules.append(self._voted(*self._hits(query)) == wanted)
            progress(number + 1, len(labelled), f"{sum(right)} right, the rules {sum(rules)}")
        trial = judged(name, right, rules, seconds[1:] or seconds, limit_ms=self._config.understanding_limit_ms)
        digest = hashlib.sha256(examples.read_bytes()).hexdigest()[:16]
        return self._decide(Verdict(self._kernel.clock(), who, name if trial.won else RULES, trial, digest))

    def reset(self, *, who: str) -> Verdict:
        """Go back to the rules."""
        return self._decide(Verdict(self._kernel.clock(), who, RULES, None))

    def _decide(self, verdict: Verdict) -> Verdict:
        with self._kernel.store.begin() as tx:
            self._store.keep(tx, self._workspace, verdict)
        self._serving = (float("-inf"), RULES, None)
        return verdict

    def _current(self) -> Understander | None:
        asked, name, serving = self._serving
        if self._find is None or time.monotonic() - asked < self._config.understanding_seconds:
            return serving
        wanted = self.serves()
        if wanted != name:
            serving = None if wanted == RULES else self._find(wanted)
        self._serving = (time.monotonic(), wanted, serving)
        return serving

    def _voted(self, products: npt.NDArray[np.int32], scores: npt.NDArray[np.float32]) -> tuple[str, ...]:
        cards, limit = self._cards(), self._config.understanding_hits
        return voted(cards.category[products[:limit]], scores[:limit], cards.categories)


def _labelled(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Read labelled queries; a task's opening words before a colon, and a text with " > ", are taken as they come."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"The labelled queries {path} cannot be read: {error}.", "examples") from error
    found = [_example(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise Invalid(f"{path} holds no labelled query.", "examples")
    return found


def _example(path: Path, number: int, line: str) -> tuple[str, tuple[str, ...]]:
    try:
        row = json.loads(line)
        query = row["query"] if "query" in row else row["prompt"].split(": ", 1)[-1]
        category: Sequence[str] | str = row["category"] if "category" in row else row["answer"]
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise Invalid(
            f'{path}, line {number}: {{"query": "...", "category": ["...", "..."]}} is needed.', "examples"
        ) from error
    parts = category.split(">") if isinstance(category, str) else category
    return str(query), tuple(str(part).strip() for part in parts)
