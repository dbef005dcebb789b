"""The verbs of recommendations."""

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from yunqi.commerce.ranking import DAY, Answer, Lesson, Ranking, Rules, Source
from yunqi.commerce.recommend.config import RecommendConfig
from yunqi.commerce.recommend.engine.lessons import BasketLesson, Context, HomeLesson, basket_sources, home_sources
from yunqi.commerce.recommend.engine.neighbours import Neighbours, Visits, empty, following, together
from yunqi.commerce.recommend.engine.shelves import Shelves
from yunqi.commerce.recommend.engine.sources import Again, Listed, Near, Similar
from yunqi.commerce.recommend.engine.surfaces import HOME, surfaces
from yunqi.commerce.recommend.model import NeighboursRebuilt, Rebuilt, Section
from yunqi.commerce.recommend.store import NeighbourFiles
from yunqi.kernel import Event, Kernel
from yunqi.kernel.clock import to_micros

Progress = Callable[[int, int, str], None]


class Recommend:
    """Recommendations for the home page, a product's page and the basket.

    Parameters
    ----------
    kernel
        The ground floor.
    config
        Settings.
    ranking
        The pipeline that ranks and logs.
    """

    def __init__(self, kernel: Kernel, config: RecommendConfig, *, ranking: Ranking) -> None:
        self.kernel = kernel
        self.config = config
        self.ranking = ranking
        self._files = NeighbourFiles(kernel.config.data_dir / "recommend")
        self._following = self._together = empty(0, config.neighbours)
        self._shelves: Shelves | None = None
        self._cut = 0.0
        self._cutting = threading.Lock()
        teachers: dict[str, Callable[[], Lesson]] = {
            "for_you": lambda: HomeLesson(Rules(), config.history_days, config.neighbours),
            "basket": lambda: BasketLesson(Rules(), config.history_days, config.neighbours),
        }
        for surface in surfaces(hide_bought=config.hide_bought, per_type=config.per_type):
            ranking.register(surface, teacher=teachers.get(surface.name))

    def start(self) -> None:
        """Load the neighbours and follow rebuilds (call once in the process that answers, after the ranking's)."""
        self._load()
        events = self.kernel.events
        events.subscribe(
            "recommend.neighbours", self._reload, names={"NeighboursRebuilt"}, durable=False, start=events.head()
        )
        self._shelves = self._new_shelves()
        self._cut = time.monotonic()

    def home(self, subject: str | None, *, size: int | None = None) -> list[Section]:
        """Return the strips of the home page; a strip that has nothing to say is left out."""
        answers = [self.strip(name, subject, size=size) for name in HOME]
        return [Section(answer.surface, answer) for answer in answers if answer.items]

    def strip(self, surface: str, subject: str | None, *, size: int | None = None) -> Answer:
        """Return one strip of the home page: ``for_you``, ``again``, ``trending`` or ``new``."""
        shelves = self.shelves()
        sources: dict[str, Callable[[], Sequence[Source]]] = {
            "for_you": lambda: home_sources(self._context()),
            "again": lambda: [Again()],
            "trending": lambda: [Listed(shelves, "trending", limit=200)],
            "new": lambda: [Listed(shelves, "new", limit=200)],
        }
        chosen = sources[surface]() if surface in sources else ()
        return self.ranking.answer(surface, chosen, subject=subject, size=size or self.config.size)

    def similar(self, subject: str | None, product_id: str, *, size: int | None = None) -> Answer:
        """Return products that could be taken instead."""
        sources: list[Source] = [Similar(self.shelves()), Near("covisit", self._following)]
        return self.ranking.answer(
            "similar", sources, subject=subject, seeds=[product_id], size=size or self.config.size
        )

    def together(self, subject: str | None, product_id: str, *, size: int | None = None) -> Answer:
        """Return products that are bought with this one."""
        sources: list[Source] = [Near("together", self._together, limit=120), Near("covisit", self._following)]
        return self.ranking.answer(
            "together", sources, subject=subject, seeds=[product_id], size=size or self.config.size
        )

    def basket(self, subject: str | None, product_ids: Sequence[str], *, size: int | None = None) -> Answer:
        """Return what goes with everything in a basket, the latest first in ``product_ids``."""
        sources = basket_sources(self._context())
        return self.ranking.answer("basket", sources, subject=subject, seeds=product_ids, size=size or self.config.size)

    def rebuild(self, *, progress: Progress = lambda done, total, text: None) -> Rebuilt:
        """Count neighbours again from the whole log; every serving process takes them over when it is done."""
        started = time.perf_counter()
        progress(0, 3, "reading the log")
        head, (lines, _) = self.kernel.events.head(), self.ranking.learning.history()
        size = len(self.ranking.catalog.cards(workspace=self.ranking.workspace))
        if len(lines):
            lines = lines.take(lines.at > int(lines.at[-1]) - self.config.history_days * DAY)
        visits = Visits.of(lines)
        progress(1, 3, "counting what is bought in the next visit")
        after = following(visits, size, keep=self.config.neighbours)
        progress(2, 3, "counting what is bought together")
        beside = together(visits, size, keep=self.config.neighbours)
        name = self._files.write(_arrays(after, beside), head)
        known = int((beside.products[:, 0] >= 0).sum()) if size else 0
        count = int(visits.visit.max(initial=-1)) + 1
        with self.kernel.store.begin() as tx:
            event = NeighboursRebuilt(name, count, known, head)
            key = str(self.kernel.store.new_id())
            self.kernel.events.announce(tx, self.ranking.workspace, event, key=key)
        progress(3, 3, f"{known} products have neighbours")
        return Rebuilt(count, known, time.perf_counter() - started)

    def is_built(self) -> bool:
        """Whether neighbours were ever counted."""
        return self.is_ready() or self._files.exist()

    def is_ready(self) -> bool:
        """Whether neighbours have been counted; without them strips fall back to habit and best sellers."""
        return len(self._together) > 0

    def shelves(self) -> Shelves:
        """Return the best-seller lists; old ones are renewed beside the request, not in it."""
        held = self._shelves
        if held is None:
            held = self._shelves = self._new_shelves()
        elif time.monotonic() - self._cut > self.config.shelf_seconds and self._cutting.acquire(blocking=False):
            self._cut = time.monotonic()
            threading.Thread(target=self._renew_shelves, name="shelves", daemon=True).start()
        return held

    def refresh(self) -> None:
        """Renew the best-seller lists now."""
        self._shelves = self._new_shelves()
        self._cut = time.monotonic()

    def _renew_shelves(self) -> None:
        try:
            self._shelves = self._new_shelves()
        finally:
            self._cutting.release()

    def _new_shelves(self) -> Shelves:
        live, now = self.ranking.live, self.kernel.clock()
        cards = live.cards()
        with live.lock:
            return Shelves(live.state, cards.available, to_micros(now), price=cards.price_now(now))

    def _context(self) -> Context:
        return Context(self._following, self._together, self.shelves())

    def _reload(self, _events: Sequence[Event]) -> None:
        self._load()

    def _load(self) -> None:
        found = self._files.read()
        if found is not None:
            self._following = _neighbours(found, "following")
            self._together = _neighbours(found, "together")


def _arrays(after: Neighbours, beside: Neighbours) -> dict[str, npt.NDArray[np.generic]]:
    return {
        "following_products": after.products,
        "following_scores": after.scores,
        "together_products": beside.products,
        "together_scores": beside.scores,
    }


def _neighbours(found: dict[str, npt.NDArray[np.generic]], name: str) -> Neighbours:
    products, scores = found[f"{name}_products"], found[f"{name}_scores"]
    return Neighbours(np.asarray(products, np.int32), np.asarray(scores, np.float32))
