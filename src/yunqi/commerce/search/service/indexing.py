"""Keeping the text index in step with the catalog."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from yunqi.commerce.catalog import Catalog, Product
from yunqi.commerce.search.config import SearchConfig
from yunqi.commerce.search.engine.words import words
from yunqi.commerce.search.model import IndexRebuilt
from yunqi.commerce.search.store import TextIndex, Texts
from yunqi.kernel import Error, Event, Kernel

log = logging.getLogger("yunqi.search")

Progress = Callable[[int, int, str], None]
_CHUNK = 1000
_REBUILD_SHARE = 0.3


class Indexing:
    """Owns the index of a workspace: builds it, brings it up to date after each publication, takes over rebuilds."""

    def __init__(self, kernel: Kernel, config: SearchConfig, *, catalog: Catalog, workspace: str) -> None:
        self.kernel = kernel
        self.catalog = catalog
        self.workspace = workspace
        boosts = (config.title_weight, config.category_weight, config.brand_weight, config.description_weight)
        root = kernel.config.data_dir / "search" / workspace
        self.index = TextIndex(root, boosts, writer_mb=config.writer_mb)
        self.changed: Callable[[], None] = lambda: None
        self._is_renewed = False
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Open the index (building it when there is none) and follow the catalog."""
        if not self.index.open() and self.catalog.generation(workspace=self.workspace):
            self.build()
        self.refresh()
        events, head = self.kernel.events, self.kernel.events.head()
        events.subscribe("search.catalog", self._published, names={"CatalogPublished"}, durable=False, start=head)
        events.subscribe("search.index", self._rebuilt, names={"IndexRebuilt"}, durable=False, start=head)
        self._thread = threading.Thread(target=self._work, name="search-index", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def is_built(self) -> bool:
        """Whether an index is on disk."""
        return bool(self.index.open())

    def build(self, progress: Progress = lambda done, total, text: None) -> IndexRebuilt:
        """Make a new index of the live generation and announce it."""
        generation = self.catalog.generation(workspace=self.workspace)
        cards = self.catalog.cards(workspace=self.workspace)
        ids = [name for name, live in zip(cards.ids, cards.live.tolist(), strict=True) if live]
        folder = f"index-{self.kernel.store.new_id()}"
        self.index.build(self._texts(ids, progress), generation, folder)
        event = IndexRebuilt(folder, generation, len(ids))
        with self.kernel.store.begin() as tx:
            self.kernel.events.announce(tx, self.workspace, event, key=folder)
        return event

    def refresh(self) -> int:
        """Bring the index up to the live generation; returns how many products were redone."""
        live = self.catalog.generation(workspace=self.workspace)
        if self.index.generation >= live or not live:
            return 0
        if not self.index.generation:
            return self.build().products
        changed, retired = self.catalog.changes(self.index.generation, workspace=self.workspace)
        cards = self.catalog.cards(workspace=self.workspace)
        if len(changed) > _REBUILD_SHARE * max(len(cards), 1):
            return self.build().products
        gone = [cards.index[name] for name in retired if name in cards.index]
        self.index.update(self._texts(changed), gone, live)
        self.changed()
        return len(changed) + len(gone)

    def _texts(self, ids: Sequence[str], progress: Progress = lambda done, total, text: None) -> Iterator[Texts]:
        cards = self.catalog.cards(workspace=self.workspace)
        for start in range(0, len(ids), _CHUNK):
            progress(start, len(ids), "reading products")
            found = self.catalog.products(ids[start : start + _CHUNK], workspace=self.workspace)
            for name, product in found.items():
                if name in cards.index:
                    yield texts(cards.index[name], product)

    def _published(self, events: Sequence[Event]) -> None:
        if any(event.workspace == self.workspace for event in events):
            self._wake.set()

    def _rebuilt(self, events: Iterable[Event]) -> None:
        """Open the newest index, unless it is the one in use because this process made it."""
        folders = [event.data()["folder"] for event in events if event.workspace == self.workspace]
        if folders and folders[-1] != self.index.folder:
            self.index.open()
        self._is_renewed = True
        self._wake.set()  # the words of a large catalog take a second: not here, where all events wait

    def _work(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._stop.is_set():
                return
            started = time.perf_counter()
            try:
                done = self.refresh()
                if self._is_renewed:
                    self._is_renewed = False
                    self.changed()
            except Error as error:
                log.error("the search index waits: %s", error.message)
                if not self._stop.wait(5.0):
                    self._wake.set()
                continue
            log.info("search index: %d products redone in %.1f s", done, time.perf_counter() - started)


def texts(number: int, product: Product) -> Texts:
    """Return a product's words, field by field."""
    facts = (product.brand, product.size, product.color, product.id, product.gtin, product.mpn)
    return Texts(
        number,
        (
            " ".join(words(product.title)),
            " ".join(words(" ".join(product.category))),
            " ".join(words(" ".join(facts))),
            " ".join(words(product.description)),
        ),
    )
