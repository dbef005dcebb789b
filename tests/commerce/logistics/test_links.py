"""Linked routes of the string search."""

import numpy as np

from yunqi.commerce.logistics import town
from yunqi.commerce.logistics.engine.routing.strings import anneal
from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.packed import packed
from yunqi.commerce.logistics.engine.routing.strings.workers import Found, Workers


def test_what_was_undone_is_as_before_its_schedule_included() -> None:
    arrays = packed(town(60, seed=3, windows=1.0))
    workers = Workers(arrays, lambda: 1.0, 1, 2)
    tried, fresh = workers.states
    workers.fill(tried, Found(0, [], list(range(60))))
    anneal.anneal(*arrays.args, tried, 300, 1e-9, 1e-9)
    made = int(tried[at.IMPROVED])
    assert 1 < made < 100  # so most of the iterations were undone
    workers.fill(fresh, workers.read(tried, best=False))
    assert int(tried[at.COST]) == int(fresh[at.COST])
    for vector, length in ((at.EARLIEST, "nodes"), (at.LATEST, "nodes"), (at.LOAD, "routes"), (at.SIZE, "routes")):
        count = int(arrays.p[at.VEHICLES]) if length == "routes" else 60 + 2 * int(arrays.p[at.VEHICLES])
        one, two = (state[state[vector] : state[vector] + count] for state in (tried, fresh))
        np.testing.assert_array_equal(one, two)
