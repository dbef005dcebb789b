"""Gather: unite what the sources found, drop what must not show, keep the most promising."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from yunqi.commerce.ranking.engine.lines import Dense, Flags, Scores
from yunqi.commerce.ranking.engine.state import ShopState
from yunqi.commerce.ranking.model import Bought, Found, Request, Rules


@dataclass(frozen=True, slots=True)
class Candidates:
    """Products that may show, each with the score of every source (NaN: that source did not find it)."""

    products: Dense
    sources: dict[str, Scores]

    def __len__(self) -> int:
        return len(self.products)


def gather(
    state: ShopState, request: Request, found: Mapping[str, Found], rules: Rules, available: Flags, *, limit: int
) -> Candidates:
    """Unite and filter.

    Parameters
    ----------
    available
        By product number: whether it may show at all (in stock where the rules want that, not blocked).
    limit
        At most this many stay: those that stand highest in any source.
    """
    if not found:
        return Candidates(np.zeros(0, np.int32), {})
    everything = np.concatenate([part.products for part in found.values()])
    ranks = np.concatenate([np.arange(len(part.products)) for part in found.values()])
    products, inverse = np.unique(everything, return_inverse=True)
    highest = np.full(len(products), 2**31)
    np.minimum.at(highest, inverse, ranks)
    kept = allowed(state, request, products, rules, available)
    order = np.flatnonzero(kept)
    if len(order) > limit:
        order = np.sort(order[np.argsort(highest[order], kind="stable")[:limit]])
    products = products[order].astype(np.int32)
    return Candidates(products, {name: _aligned(products, part) for name, part in found.items()})


def allowed(state: ShopState, request: Request, products: Dense, rules: Rules, available: Flags) -> Flags:
    """Return which products may show: the hard filters, in one place for ranked and for random positions."""
    keep = products < len(available)
    keep &= available[np.where(keep, products, 0)] if len(available) else False
    keep &= ~np.isin(products, request.seeds)
    if rules.bought is Bought.ALLOW or request.user < 0:
        return np.asarray(keep)
    mine = np.isin(products, state.habits.index.products[state.habits.index.of(request.user)])
    if rules.bought is Bought.HIDE_UNLESS_REPEATED:
        mine &= ~bought_again(state, products, rules.repeat_share)
    return np.asarray(keep & ~mine)


def bought_again(state: ShopState, products: Dense, share: float) -> Flags:
    """Return which products are of a type whose purchases repeat at least this often."""
    types = state.types_of(products)
    inside = (types >= 0) & (types < len(state.types.lines))
    rows = np.where(inside, types, 0)
    if not len(state.types.lines):
        return np.zeros(len(products), np.bool_)
    return np.asarray(inside & (state.types.repeats[rows] >= share * np.maximum(state.types.lines[rows], 1.0)))


def _aligned(products: Dense, part: Found) -> Scores:
    out = np.full(len(products), np.nan, np.float32)
    place = np.minimum(np.searchsorted(products, part.products), max(len(products) - 1, 0))
    if len(products):
        hit = products[place] == part.products
        out[place[hit]] = part.scores[hit]
    return out
