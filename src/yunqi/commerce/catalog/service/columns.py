"""Keeping the catalog's columns in memory and up to date."""

import threading

from yunqi.commerce.catalog.engine import cards as columns
from yunqi.commerce.catalog.engine.cards import Cards
from yunqi.commerce.catalog.store import ProductStore, StockStore
from yunqi.kernel import Kernel


class CardCache:
    """The `Cards` of each workspace; filled on first use, renewed by each publication and change of stock."""

    def __init__(self, kernel: Kernel, currency: str) -> None:
        self._kernel = kernel
        self._currency = currency
        self._products = ProductStore(kernel.store)
        self._stock = StockStore(kernel.store)
        self._cards: dict[str, Cards] = {}
        self._stale: set[str] = set()
        self._following = False
        self._lock = threading.RLock()

    def get(self, workspace: str) -> Cards:
        """Return the newest snapshot; while another thread refreshes it, the one before."""
        held = self._cards.get(workspace)
        if held is not None and workspace not in self._stale:
            return held
        if not self._lock.acquire(blocking=held is None):
            return held if held is not None else self.get(workspace)
        try:
            return self._refresh(workspace)
        finally:
            self._lock.release()

    def settle(self, workspace: str) -> None:
        """Wait until a snapshot that is in use shows everything that was published before this call."""
        if workspace in self._cards:
            with self._lock:
                self._refresh(workspace)

    def _refresh(self, workspace: str) -> Cards:
        held = self._cards.get(workspace)
        if held is not None and workspace not in self._stale:
            return held
        self._follow()
        self._stale.discard(workspace)
        held = held or columns.empty(self._currency)
        with self._kernel.store.read():
            held = self._at_live(workspace, held)
            live = held.generation
            self._cards[workspace] = columns.with_stock(held, self._stock.used_up(workspace, live))
        return self._cards[workspace]

    def _at_live(self, workspace: str, held: Cards) -> Cards:
        live = self._products.live_generation(workspace)
        if live == held.generation:
            return held
        fresh = self._products.numbers_from(workspace, len(held))
        changes = self._products.changed(workspace, held.generation, live)
        retired = self._products.retired(workspace, held.generation, live)
        gone = [number for number, _ in retired]
        return columns.updated(held, live, fresh, changes, gone)

    def _follow(self) -> None:
        if self._following:
            return
        self._following = True
        self._kernel.events.subscribe(
            "catalog.cards",
            lambda events: self._stale.update(event.workspace for event in events),
            names={"CatalogPublished", "StockChanged"},
            durable=False,
            start=self._kernel.events.head(),
        )
