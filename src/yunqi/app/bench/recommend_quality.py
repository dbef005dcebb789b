"""`yunqi bench recommend-quality`: what a household buys in the next four weeks, beside its own fading frequency.

The protocol is "C" of the research note on commerce: The Complete Journey, unshifted; everything before 2017-12-04 may be
learned from, the 28 days from then on are the test; every household that bought in both parts; all products seen
before, none sampled; binary relevance; NDCG@10 over the whole catalog. Windows before the test train and validate. The
order of lines is (time, basket, product), so that no tie is broken by chance.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from yunqi.app.bench.model import Row
from yunqi.commerce.ranking import (
    DAY,
    Boosted,
    Examples,
    Kind,
    Lines,
    Plan,
    Rules,
    ShopState,
    bootstrap,
    feature_set,
    grow,
    per_question,
    replay,
)
from yunqi.commerce.recommend import HomeLesson
from yunqi.flows.demo_data import DataSet, locate
from yunqi.kernel.clock import to_micros

TEST = to_micros(datetime(2017, 12, 4, tzinfo=UTC))
PLAN = Plan(windows=6, questions=4000, trees=200, learning_rate=0.06)
PEER = "personal frequency, half-life 90 d, then sales of 28 d"


def run(runs: int = 1, *, source: Path | None = None) -> list[Row]:
    """Train on the windows before the test, then rank the test once; ``runs`` is ignored, since nothing is random."""
    lines, state = load(DataSet(locate(source)))
    features, lesson = feature_set(), HomeLesson(Rules(in_stock=False))
    window = PLAN.days * DAY
    anchors = [TEST - back * window for back in range(PLAN.windows + 1, -1, -1)]
    *training, valid, test = replay(state, lines, anchors, lesson, features, PLAN, lambda done, total, text: None)
    model = Boosted(grow(_together(training), features.names, PLAN))
    rows = []
    for part, examples in (("valid", valid), ("test", test)):
        ours = per_question(examples, model.score(examples.matrix))
        peer = per_question(examples, lesson.baseline(features.names, examples.matrix))
        low, high = bootstrap(ours - peer, seed=PLAN.seed)
        ours_low, ours_high = bootstrap(ours, seed=PLAN.seed)
        spread = (ours_high - ours_low) / float(ours.mean())
        rows += [
            Row(f"{part}_all_ndcg_10", float(ours.mean()), "", PEER, float(peer.mean()), _ratio(ours, peer), 1, spread),
            Row(f"{part}_gain_low_95", low, ""),
            Row(f"{part}_gain_high_95", high, ""),
            Row(f"{part}_households", float(len(ours)), ""),
        ]
    return rows


def load(data: DataSet) -> tuple[Lines, ShopState]:
    """Return the receipts as lines in time order, and an unfolded state that knows households and taxonomy."""
    table = data.table("transactions")
    column = {name: table[name].to_numpy() for name in ("household_id", "basket_id", "product_id", "quantity")}
    sales, off = table["sales_value"].to_numpy(), table["retail_disc"].to_numpy()
    at = table["transaction_timestamp"].cast("timestamp[us]").cast("int64").to_numpy()
    catalog = data.table("products")
    ids = np.unique(np.concatenate([catalog["product_id"].to_numpy(), column["product_id"]]))
    households, users = np.unique(column["household_id"], return_inverse=True)
    order = np.lexsort((column["product_id"], column["basket_id"], at))
    with np.errstate(divide="ignore", invalid="ignore"):
        price = sales / column["quantity"] * 100.0
        share = np.clip(np.where(sales + off > 0, off / (sales + off), 0.0), 0.0, 1.0)
    lines = Lines(
        at[order],
        users[order].astype(np.int32),
        np.searchsorted(ids, column["product_id"][order]).astype(np.int32),
        np.full(len(at), int(Kind.PURCHASE), np.int8),
        np.where(price[order] > 0, price[order], np.nan),
        share[order],
        column["basket_id"][order].astype(np.int64),
    )
    return lines, _state(data, ids, households)


def _state(data: DataSet, ids: np.ndarray, households: np.ndarray) -> ShopState:
    state = ShopState()
    for household in households.tolist():
        state.user(str(household), make=True)
    levels = zip(
        *(data.column("products", name) for name in ("department", "product_category", "product_type")), strict=True
    )
    paths = [tuple(level or "" for level in path) for path in levels]
    numbers = np.searchsorted(ids, np.array(data.column("products", "product_id"))).tolist()
    state.describe(numbers, paths, [str(maker) for maker in data.column("products", "manufacturer_id")])
    return state


def _together(parts: list[Examples]) -> Examples:
    return Examples(
        np.concatenate([part.matrix for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.sizes for part in parts]),
        np.concatenate([part.totals for part in parts]),
    )


def _ratio(ours: np.ndarray, peer: np.ndarray) -> float:
    return float(ours.mean() / peer.mean())
