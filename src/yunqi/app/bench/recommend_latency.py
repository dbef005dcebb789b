"""`yunqi bench recommend-latency`: recommendations in the process, beside plain item-kNN in scipy.

The work is a mix of what pages ask for: the first strip of the home page, what goes with a product, what goes with a
basket; each with its 12 products as a page shows them. Yunqi recalls from up to five sources, filters, makes 45
features for 300 candidates, ranks them with trees, explores and logs the Decision. The peer looks up neighbours, sums,
and reads the products from SQLite.
"""

import gc
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from yunqi.app.application import App, open_shop
from yunqi.app.bench.item_knn import NAME, ItemKnn, call
from yunqi.app.bench.model import Row
from yunqi.app.bench.search_latency import subjects_of
from yunqi.app.bench.shop import copy_of_shop
from yunqi.app.bench.timing import percentile_rows, timed

CALLS = 600


def run(runs: int = 3) -> list[Row]:
    """Run the mix on both sides, so many times."""
    with copy_of_shop() as folder, open_shop(folder) as shop, tempfile.TemporaryDirectory() as peer_folder:
        shop.start()
        return measure(shop, Path(peer_folder) / "peer.db", runs)


def measure(shop: App, peer_file: Path, runs: int) -> list[Row]:
    """Measure an opened, started shop."""
    cards, (lines, state) = shop.catalog.cards(), shop.ranking.learning.history()
    peer = ItemKnn(lines, len(state.users), cards, peer_file)
    ours, theirs = _calls(shop, peer, np.unique(lines.product))
    our_runs, their_runs = [], []
    for number in range(runs + 1):  # the first is warm-up
        gc.collect()
        took, beside = timed(ours), timed(theirs)
        if number:
            our_runs.append(took)
            their_runs.append(beside)
    by_kind = [Row(f"{name}_p99_ms", _p99(our_runs, kind), "ms", runs=runs) for kind, name in enumerate(_KINDS)]
    return [*percentile_rows(our_runs, their_runs, NAME), *by_kind, Row("products", float(len(cards)), "products")]


_KINDS = ("for_you", "together", "basket")


def _calls(
    shop: App,
    peer: ItemKnn,
    sold: np.ndarray,
) -> tuple[list[Callable[[], object]], list[Callable[[], object]]]:
    cards, users = shop.catalog.cards(), shop.ranking.live.state.users
    rng = np.random.default_rng(13)
    ours: list[Callable[[], object]] = []
    theirs: list[Callable[[], object]] = []
    for number, who in enumerate(subjects_of(shop, CALLS)):
        seeds = [cards.ids[int(product)] for product in rng.choice(sold, 5)]
        seed = cards.index[seeds[0]]
        if number % 3 == 0:
            ours.append(lambda who=who: shop.recommend.strip("for_you", who))  # type: ignore[misc]
            theirs.append(call(peer.recommend, users[who]))
        elif number % 3 == 1:
            ours.append(lambda who=who, seeds=seeds: shop.recommend.together(who, seeds[0]))  # type: ignore[misc]
            theirs.append(call(peer.beside, seed))
        else:
            ours.append(lambda who=who, seeds=seeds: shop.recommend.basket(who, seeds))  # type: ignore[misc]
            theirs.append(call(peer.recommend, users[who]))
    return ours, theirs


def _p99(runs: list[list[float]], kind: int) -> float:
    return float(np.median([np.percentile(run[kind :: len(_KINDS)], 99) for run in runs]))
