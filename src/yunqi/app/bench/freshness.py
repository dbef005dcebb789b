"""`yunqi bench freshness`: from an event to the next recommendation that knows of it, beside a model that is fitted anew.

A shopper buys a product that they never bought before. The clock runs from handing the event to the shop until a
recommendation that contains the product is there: validation, the durable write, the fold into the live state, the
ranking. The peer is what item-item libraries do with a new event: fit again on all lines, then recommend. (Their partial
fits place new products badly, so serving systems retrain on a schedule; the fit is the least that must pass.)
"""

import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import numpy as np

from yunqi.app.application import App, open_shop
from yunqi.app.bench.item_knn import NAME, ItemKnn
from yunqi.app.bench.model import Row
from yunqi.app.bench.search_latency import subjects_of
from yunqi.app.bench.shop import copy_of_shop
from yunqi.app.bench.timing import percentile_rows
from yunqi.commerce.activity import Item, Properties, SegmentEvent
from yunqi.kernel import Conflict
from yunqi.kernel.clock import iso

EVENTS = 100


def run(runs: int = 3) -> list[Row]:
    """Send events and wait for their effect, so many times; the peer is fitted once a run."""
    with copy_of_shop() as folder, open_shop(folder) as shop, tempfile.TemporaryDirectory() as peer_folder:
        shop.start()
        return measure(shop, Path(peer_folder) / "peer.db", runs)


def measure(shop: App, peer_file: Path, runs: int) -> list[Row]:
    """Measure an opened, started shop that may be written to."""
    cards, (lines, state) = shop.catalog.cards(), shop.ranking.learning.history()
    users, products = len(state.users), np.flatnonzero(cards.available)
    peer = ItemKnn(lines, users, cards, peer_file)
    rng, ours, theirs = np.random.default_rng(14), [], []
    _one_run(shop, products, rng)  # warm-up
    for _ in range(runs):
        ours.append(_one_run(shop, products, rng))
        started = time.perf_counter()
        peer.fit(lines, users, len(cards))
        peer.recommend(0)
        theirs.append([(time.perf_counter() - started) * 1000])
    most = statistics.median(max(run) for run in ours)
    return [*percentile_rows(ours, theirs, f"{NAME}, fitted again"), Row("max_ms", most, "ms", runs=runs)]


def _one_run(shop: App, products: np.ndarray, rng: np.random.Generator) -> list[float]:
    took = []
    for number, who in enumerate(subjects_of(shop, EVENTS)):
        state = shop.ranking.live.state
        mine = state.habits.index.products[state.habits.index.of(state.users[who])]
        product = shop.catalog.cards().ids[int(rng.choice(np.setdiff1d(products, mine)))]
        started = time.perf_counter()
        shop.activity.record([_purchase(shop, who, product, number)])
        shown = shop.recommend.strip("again", who, size=200)
        if product not in {card.id for card in shown.items}:
            raise Conflict(f"The purchase of {product} by {who} is not in the next recommendation.")
        took.append((time.perf_counter() - started) * 1000)
    return took


def _purchase(shop: App, who: str, product: str, number: int) -> SegmentEvent:
    at = shop.kernel.clock() - timedelta(seconds=1)
    return SegmentEvent(
        event="purchase",
        messageId=f"freshness-{shop.kernel.store.new_id()}-{number}",
        userId=who,
        timestamp=iso(at),
        properties=Properties(items=(Item(item_id=product, quantity=1, price=1.0),), transaction_id=str(number)),
    )
