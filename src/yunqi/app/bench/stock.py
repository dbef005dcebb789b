"""`yunqi bench stock`: levels of stock played over the last 112 days of The Complete Journey, beside the textbook's.

Real sales of products and of product-store pairs; leads and costs are assumptions. Levels are set anew each week from what was
known then. The weight of the smoothing was chosen on days before the held-out ones.
"""

import time

import numpy as np

from yunqi.app.bench.grocery import DAYS, FIRST, sales
from yunqi.app.bench.model import Options, Row
from yunqi.commerce.logistics import Panel, Played, Stock
from yunqi.kernel import Invalid

HELD_OUT, BEST, SEED = 112, 1_000, 11
LEADS = (2, 5)
FIXED, HOLD, BACKORDER = 20, 1, 9
"""Of an order, of a unit held and of one waited for, a day: assumed. A critical ratio of 0.9."""
SHARES = (0.95, 0.98)


def run(runs: int, options: Options) -> list[Row]:
    """Play goods drawn from the best-selling ones: what a day costs, and what share of demand was there."""
    goods, until = options.whole("goods", 300), options.whole("until", DAYS)
    if not 2 * HELD_OUT <= until <= DAYS:
        raise Invalid(f"the sales reach to day {DAYS}, and {HELD_OUT} are held out", "until")
    rows: list[Row] = []
    for name, by_store in (("product", False), ("pair", True)):
        found = sales(BEST, by_store=by_store)
        drawn = np.sort(
            np.random.default_rng(options.whole("seed", SEED)).choice(BEST, min(goods, BEST), replace=False)
        )
        ids = tuple(map(str, range(len(drawn))))
        panel = _known_before(Panel(ids, FIRST, found.demand[drawn, :until]))
        for lead in LEADS:
            rows += _played(f"{name}_lead_{lead}", panel, lead)
    return rows


def _known_before(panel: Panel) -> Panel:
    """Return the goods that were sold 28 days before the first day that is played."""
    begun = panel.demand[:, : panel.demand.shape[1] - HELD_OUT - 28].any(axis=1)
    kept = np.flatnonzero(begun)
    return Panel(tuple(panel.ids[row] for row in kept), panel.first, panel.demand[kept])


def _played(name: str, panel: Panel, lead: int) -> list[Row]:
    rows = []
    wishes = {
        "waiting": ("backorder", float(BACKORDER)),
        **{f"fill_{share * 100:.0f}": ("fill", share) for share in SHARES},
    }
    for label, (key, value) in wishes.items():
        goods = [{"id": one, "lead": lead, "fixed": FIXED, "hold": HOLD, key: value} for one in panel.ids]
        begun = time.process_time()
        replay = Stock().replay({"goods": goods}, panel, days=HELD_OUT)
        spent = (time.process_time() - begun) / len(goods) / (HELD_OUT / 7)
        ours, plain = (Played.together(part.values()) for part in (replay.played, replay.textbook))
        ratio = ours.cost / plain.cost
        rows.append(Row(f"{name}_{label}_cost", ours.cost, "a day", "textbook", plain.cost, ratio, len(goods)))
        rows.append(Row(f"{name}_{label}_filled", ours.fill, "share", "textbook", plain.fill, None, len(goods)))
        rows.append(Row(f"{name}_{label}_cpu_a_level", 1e3 * spent, "ms"))
    return rows
