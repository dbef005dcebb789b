"""One run of the pipeline, step by step, with a trace."""

import time
from collections.abc import Sequence

import numpy as np

from yunqi.commerce.catalog import Cards, Money
from yunqi.commerce.experiments import Decision, DecisionItem, Policy, Slot, StageTrace
from yunqi.commerce.ranking.config import RankingConfig
from yunqi.commerce.ranking.engine.arrange import Arranged, arrange
from yunqi.commerce.ranking.engine.features import Ask
from yunqi.commerce.ranking.engine.gather import Candidates, gather
from yunqi.commerce.ranking.engine.lines import Dense, Ints, Scores
from yunqi.commerce.ranking.engine.source import Source
from yunqi.commerce.ranking.model import Answer, Card, Found, Request, Surface
from yunqi.commerce.ranking.service.live import LiveState
from yunqi.commerce.ranking.service.policies import Model
from yunqi.kernel import Kernel
from yunqi.kernel.clock import from_micros, to_micros


class Run:
    """The steps of one answer; each fills what the next one reads."""

    def __init__(
        self,
        kernel: Kernel,
        config: RankingConfig,
        live: LiveState,
        surface: Surface,
        *,
        subject: str | None,
        seeds: Sequence[str],
        query: str | None,
    ) -> None:
        self.kernel = kernel
        self.config = config
        self.live = live
        self.surface = surface
        self.subject = subject
        self.query = query
        self.cards: Cards = live.cards()
        self.now = to_micros(kernel.clock())
        self.number = kernel.store.new_id()
        self.seeds: Dense = np.array([self.cards.index[seed] for seed in seeds if seed in self.cards.index], np.int32)
        self.trace: list[StageTrace] = []
        self.matrix: Scores
        self.scores: Scores
        self.candidates: Candidates
        self.rows: Ints
        self.arranged: Arranged
        self.types: Dense
        self.offset = 0
        self.seq = 0

    def find(self, sources: Sequence[Source]) -> None:
        """Recall, gather and make features, while the state stands still."""
        with self.live.lock:
            state = self.live.state
            user = -1 if self.subject is None else state.user(self.subject)
            request = Request(self.surface.name, user, self.now, self.seeds, self.query)
            found: dict[str, Found] = {}
            for source in sources:
                started = time.perf_counter()
                found[source.name] = source.recall(state, request)
                self._note(f"recall:{source.name}", 0, len(found[source.name].products), started)
            started = time.perf_counter()
            rules, limit = self.surface.rules, self.config.candidates
            shown = self.live.allowed & self.cards.available if rules.in_stock else self.live.allowed
            self.candidates = gather(state, request, found, rules, shown, limit=limit)
            arriving = sum(len(part.products) for part in found.values())
            self._note("gather", arriving, len(self.candidates), started)
            started = time.perf_counter()
            ask = Ask(user, self.now, self.candidates.products, self.candidates.sources)
            self.matrix = self.live.features.matrix(state, ask)
            self.types = state.types_of(self.candidates.products)
            self.seq = state.seq
            self._note("features", len(self.candidates), len(self.candidates), started)

    def rank(self, model: Model) -> None:
        """Score the candidates."""
        started = time.perf_counter()
        self.scores = model.score(self.matrix)
        self._note("rank", len(self.scores), len(self.scores), started)

    def arrange(self, size: int, offset: int, first: int) -> None:
        """Put the best into positions, and a random one into the exploration slot."""
        started = time.perf_counter()
        rules = self.surface.rules
        explore = (
            self.config.explore_position - 1 if self.config.explore and rules.explore and offset + first == 0 else -1
        )
        size = size if len(self.candidates) >= rules.minimum else 0
        self.arranged = arrange(
            self.scores, self.types, size=size + offset, per_type=rules.per_type, explore=explore, seed=self.number
        )
        self.rows = self.arranged.rows[offset:]
        self.offset = offset + first
        self._note("arrange", len(self.scores), len(self.rows), started)

    def finish(self, policy: Policy, started: float) -> tuple[Answer, Decision | None]:
        """Return the answer, and the Decision to log (none for an empty answer)."""
        slots = [self._slot(place) for place in range(len(self.rows))]
        products = self.candidates.products[self.rows].tolist()
        items = tuple(
            card(self.cards, product, self.now, position=self.offset + place + 1, slot=slots[place])
            for place, product in enumerate(products)
        )
        took = (time.perf_counter() - started) * 1000
        answer = Answer(str(self.number), self.surface.name, policy.id, items, len(self.candidates), took)
        return answer, self._decision(policy, items, took) if items else None

    def _decision(self, policy: Policy, items: Sequence[Card], took: float) -> Decision:
        scores = self.scores[self.rows].tolist()
        sources = {name: column[self.rows].tolist() for name, column in self.candidates.sources.items()}
        logged = tuple(
            DecisionItem(
                shown.id,
                shown.position,
                scores[place],
                shown.slot,
                self.arranged.propensity if shown.slot is Slot.EXPLORATION else 1.0,
                {name: column[place] for name, column in sources.items() if column[place] == column[place]},
            )
            for place, shown in enumerate(items)
        )
        return Decision(
            id=str(self.number),
            surface=self.surface.name,
            policy_id=policy.id,
            at=from_micros(self.now),
            subject=self.subject or "",
            items=logged,
            seq=self.seq,
            features=self.matrix[self.rows].tobytes(),
            query=self.query,
            context={
                "now": self.now,
                "generation": self.cards.generation,
                "seeds": [self.cards.ids[seed] for seed in self.seeds.tolist()],
                "candidates": len(self.candidates),
            },
            stages=tuple(self.trace),
            took_ms=took,
            workspace=self.live.workspace,
        )

    def _slot(self, place: int) -> Slot:
        return Slot.EXPLORATION if self.offset + place == self.arranged.explored else Slot.RANKED

    def _note(self, name: str, arriving: int, leaving: int, started: float) -> None:
        self.trace.append(StageTrace(name, arriving, leaving, round((time.perf_counter() - started) * 1000, 3)))


def card(cards: Cards, number: int, now: int, *, position: int, slot: Slot) -> Card:
    """Return a product as a page shows it."""
    price, sale = int(cards.price_minor[number]), int(cards.sale_price_minor[number])
    on_sale = sale >= 0 and cards.sale_from[number] <= now <= cards.sale_until[number]
    return Card(
        number=number,
        id=cards.ids[number],
        title=cards.titles[number],
        title_derived=bool(cards.derived[number]),
        price=None if price < 0 else Money(price, cards.currency),
        sale_price=Money(sale, cards.currency) if on_sale else None,
        in_stock=bool(cards.available[number]),
        image=cards.images[number],
        category=cards.path(number),
        brand=cards.brands[number],
        size=cards.sizes[number],
        position=position,
        slot=slot,
    )
