"""The state in memory: loaded from a snapshot, brought up to date from the log, then fed by each commit."""

import logging
import threading
from collections.abc import Sequence

import numpy as np

from yunqi.commerce.catalog import Cards, Catalog, Money
from yunqi.commerce.ranking.engine.decode import NAMES, Merge, decode
from yunqi.commerce.ranking.engine.features import VERSION, FeatureSet
from yunqi.commerce.ranking.engine.lines import Flags
from yunqi.commerce.ranking.engine.state import ShopState
from yunqi.commerce.ranking.store import SnapshotFile
from yunqi.kernel import Event, Kernel

log = logging.getLogger("yunqi.ranking")

_BATCH = 5000


class LiveState:
    """One workspace's `ShopState`; whoever reads it holds ``lock`` (a millisecond at most)."""

    def __init__(
        self,
        kernel: Kernel,
        catalog: Catalog,
        features: FeatureSet,
        *,
        workspace: str,
        blocked: Sequence[str] = (),
    ) -> None:
        self.kernel = kernel
        self.catalog = catalog
        self.features = features
        self.workspace = workspace
        self.blocked = blocked
        self.allowed: Flags = np.zeros(0, np.bool_)
        self.lock = threading.RLock()
        self.state = ShopState()
        self._cards: Cards | None = None
        self._file = SnapshotFile(kernel.config.data_dir / "ranking" / f"state-{workspace}.npz")

    def start(self) -> int:
        """Load the snapshot, fold what came after it, follow the log from there; returns the number of events folded."""
        with self.lock:
            self._load()
            self.cards()
            folded = self._catch_up()
        self.kernel.events.subscribe("ranking.state", self.take, names=NAMES, durable=False, start=self.state.seq)
        return folded

    def cards(self) -> Cards:
        """Return the catalog's columns, after the state has learned their taxonomy."""
        cards = self.catalog.cards(workspace=self.workspace)
        if cards is not self._cards:
            with self.lock:
                describe(self.state, self._cards, cards)
                self._cards = cards
                self.allowed = unblocked(cards, self.blocked)
        return cards

    def take(self, events: Sequence[Event]) -> None:
        """Fold committed events, in order."""
        cards = self.cards()
        with self.lock:
            fold(self.state, self.features, [event for event in events if event.workspace == self.workspace], cards)
            self.state.seq = max(self.state.seq, events[-1].seq)

    def save(self) -> int:
        """Write a snapshot and return the event it stands at."""
        with self.lock:
            seq = self.state.seq
            arrays = {name: np.array(column) for name, column in self.state.arrays().items()}
        self._file.write(arrays, self._mark(seq))
        return seq

    def _load(self) -> None:
        found = self._file.read()
        if found is None:
            return
        arrays, mark = found
        if mark != self._mark(int(arrays["seq"][0])):
            log.info("the ranking snapshot is of another log or release; folding the whole log instead")
            return
        self.state = ShopState.from_arrays(arrays)

    def _mark(self, seq: int) -> str:
        """Name what a snapshot was made from: the features' version and the log's event at its place."""
        event = self.kernel.events.read(seq - 1, 1) if seq else []
        return f"{VERSION}:{event[0].message_id if event else ''}"

    def _catch_up(self) -> int:
        folded, batch = 0, []
        for event in self.kernel.events.replay(self.state.seq, names=NAMES, workspace=self.workspace):
            batch.append(event)
            if len(batch) == _BATCH:
                self.take(batch)
                folded, batch = folded + len(batch), []
        if batch:
            self.take(batch)
        return folded + len(batch)


def fold(state: ShopState, features: FeatureSet, events: Sequence[Event], cards: Cards) -> None:
    """Fold events of the log into a state: the one way in, live and at replay."""
    for part in decode(state, events, cards.index, minor_units(cards)):
        if isinstance(part, Merge):
            state.merge(part.visitor, part.user)
        else:
            features.fold(state, part)


def describe(state: ShopState, before: Cards | None, cards: Cards) -> None:
    """Tell the state what is new or moved in the taxonomy."""
    changed = np.ones(len(cards), np.bool_)
    if before is not None and len(before) <= len(cards):
        old = len(before)
        moved = (cards.category[:old] != before.category).any(axis=1) | (cards.brand[:old] != before.brand)
        changed[:old] = moved
    numbers = np.flatnonzero(changed).tolist()
    state.describe(numbers, [cards.path(n) for n in numbers], [cards.brands[n] for n in numbers])


def minor_units(cards: Cards) -> float:
    """Return how many minor units one major unit of the shop's currency has."""
    return float(Money.of("1", cards.currency).amount_minor)


def unblocked(cards: Cards, blocked: Sequence[str]) -> Flags:
    """Return which products may show at all."""
    allowed = cards.live.copy()
    for name in blocked:
        if name in cards.index:
            allowed[cards.index[name]] = False
        category = cards.category_index.get(tuple(part.strip() for part in name.split(">")))
        if category is not None:
            allowed &= (cards.category != category).all(axis=1)
    return allowed
