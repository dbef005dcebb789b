"""Forecasts that add up, and that use what is known in advance, on generated demand (synthetic)."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.forecast import features, reconcile
from yunqi.commerce.logistics.engine.forecast.hierarchy import groupings
from yunqi.commerce.logistics.engine.forecast.known import read_known
from yunqi.commerce.logistics.model.forecast import Bucket, Panel
from yunqi.commerce.logistics.service.forecasts import ForecastDesk
from yunqi.kernel import Invalid

DESK = ForecastDesk(LogisticsConfig(workers=1))
FIRST = date(2025, 1, 1)


def test_groupings_are_the_whole_and_the_parts_of_ids() -> None:
    groups, nodes = groupings(("milk/a", "milk/b", "tea/a"))
    assert nodes == [("total", "total"), ("part 1", "milk"), ("part 1", "tea"), ("part 2", "a"), ("part 2", "b")]
    assert [group.tolist() for group in groups] == [[0, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert reconcile.sums(groups, 3).toarray().tolist()[1:5] == [[1, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 0]]
    with pytest.raises(Invalid, match="id 'tea' has not as many parts"):
        groupings(("milk/a", "tea"))


def test_two_series_and_their_sum_are_reconciled_as_the_formula_says() -> None:
    """A sum of 10 against 4 + 5 with equal variances: the gap of 1 is shared by thirds."""
    adding = reconcile.sums([np.zeros(2, np.int64)], 2)
    found = reconcile.reconcile(np.array([[10.0], [4.0], [5.0]]), adding, np.ones(3))
    np.testing.assert_allclose(found, [[9 + 2 / 3], [4 + 1 / 3], [5 + 1 / 3]])
    sure = reconcile.reconcile(np.array([[10.0], [4.0], [5.0]]), adding, np.array([1e-9, 1.0, 3.0]))
    np.testing.assert_allclose(sure, [[10.0], [4.25], [5.75]], atol=1e-6)


@pytest.mark.parametrize("series", [60, 2_100])
def test_sums_are_exact_and_the_sparse_way_is_the_dense_one(series: int) -> None:
    draw = np.random.default_rng(1)
    groups = [
        np.zeros(series, np.int64),
        draw.permutation(np.arange(series) % 7),
        draw.permutation(np.arange(series) % 30),
    ]
    adding = reconcile.sums(groups, series)
    separate = np.asarray(adding @ draw.gamma(5, 1, (series, 2))) * draw.uniform(0.9, 1.1, (adding.shape[0], 2))
    variance = draw.uniform(0.5, 2, adding.shape[0]) * np.asarray(adding.sum(axis=1)).ravel()
    found = reconcile.reconcile(separate, adding, variance)
    bottom = found[-series:]
    np.testing.assert_array_equal(found, adding @ bottom)
    dense = adding.toarray()
    weighted = dense / variance[:, None]
    exact = np.linalg.solve(dense.T @ weighted, weighted.T @ separate)
    np.testing.assert_allclose(bottom, np.maximum(exact, 0), atol=1e-5)


def test_nothing_is_below_nought() -> None:
    adding = reconcile.sums([np.zeros(2, np.int64)], 2)
    found = reconcile.reconcile(np.array([[0.0], [0.0], [5.0]]), adding, np.array([1e-6, 1.0, 1.0]))
    assert (found >= 0).all()
    assert found[0] == found[1:].sum()


def promoted(series: int, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Poisson demand that triples in weeks of promotion, which fall at random."""
    draw = np.random.default_rng(9)
    weeks = (draw.random((series, days // 7 + 1)) < 0.15).repeat(7, axis=1)[:, :days]
    level = draw.gamma(2, 1.5, (series, 1))
    return draw.poisson(level * np.where(weeks, 3.0, 1.0)).astype(float), weeks[:, :, None].astype(np.float32)


def test_features_of_what_is_known_look_at_no_demand_to_come() -> None:
    demand, known = promoted(20, 300)
    changed = demand.copy()
    changed[:, 250:] = 1e6
    lifted = features.lift(known, demand, 250)
    np.testing.assert_array_equal(lifted, features.lift(known, changed, 250))
    assert np.median(lifted) == pytest.approx(np.log(3), abs=0.3)
    rows = features.planned(known, lifted, 250, 250, 257)
    np.testing.assert_allclose(rows[:, 0], known[:, 250:257, 0].mean(axis=1))
    np.testing.assert_allclose(rows[:, 3], rows[:, 1] * rows[:, 2], atol=1e-6)


@pytest.mark.slow
def test_what_is_known_ahead_makes_the_forecast_better() -> None:
    demand, known = promoted(150, 364)
    panel = Panel(tuple(map(str, range(150))), FIRST, demand)
    without = DESK.judge(panel, buckets=4)[0]
    with_it = DESK.judge(panel, buckets=4, known=known)[0]
    assert with_it.wape < 0.75 * without.wape
    assert with_it.wape < with_it.plain
    assert 0.9 < with_it.coverage <= 1.0


@pytest.mark.slow
def test_a_hierarchy_adds_up_to_the_last_digit() -> None:
    demand, _ = promoted(60, 240)
    ids = tuple(f"product{k // 4}/store{k % 4}" for k in range(60))
    found = DESK.hierarchy(Panel(ids, FIRST, demand), bucket=Bucket.WEEK, buckets=4)
    assert found.levels.count("series") == 60
    assert found.first == FIRST + timedelta(days=240)
    series = found.mean[np.array([level == "series" for level in found.levels])]
    np.testing.assert_allclose(found.mean[0], series.sum(axis=0), rtol=1e-12)
    store = found.ids.index("store2")
    np.testing.assert_allclose(found.mean[store], series[2::4].sum(axis=0), rtol=1e-12)
    assert abs(found.mean[0].sum() / (demand[:, -56:].sum() / 2) - 1) < 0.25


def test_known_tables_are_read_by_day() -> None:
    panel = Panel(("a", "b"), FIRST, np.ones((2, 14)))
    text = "id,date,display\na,2025-01-02,0.5\nb,2025-01-15,1\nother,2025-01-15,1\n"
    found, names = read_known(text, panel, horizon=7)
    assert (found.shape, names) == ((2, 21, 1), ("display",))
    assert found[0, 1, 0] == 0.5
    assert found[1, 14, 0] == 1.0
    assert found.sum() == 1.5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id,date\na,2025-01-15\n", "needs id, date and 1 to 8 quantities"),
        ("id,date,x\na,2025-01-10,1\n", "ends on 2025-01-10, before the days that are forecast"),
        ("id,date,x\na,2025-01-15,nan\n", "known line 2: x must be a number"),
        ("id,date,x\na,2025-01-15,1\na,2025-01-15,1\n", "known line 3: a has another row"),
        ("id,date,x\na,15.01.2025,1\n", "line 2: date '15.01.2025' is not a day"),
        ("id,date,x\n,2025-01-15,-1\n", "x must be a number|without id"),
    ],
)
def test_a_bad_table_of_what_is_known_is_refused(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read_known(text, Panel(("a",), FIRST, np.ones((1, 14))), horizon=7)


def test_sales_in_the_future_and_a_short_hierarchy_are_refused() -> None:
    desk = ForecastDesk(LogisticsConfig(), clock=lambda: datetime(2025, 1, 10, tzinfo=UTC))
    panel = Panel(("a",), FIRST, np.ones((1, 14)))
    with pytest.raises(Invalid, match="reaches to 2025-01-14, into the future"):
        desk.forecast(panel)
    with pytest.raises(Invalid, match="14 days, too few for a hierarchy"):
        DESK.hierarchy(panel)
    with pytest.raises(Invalid, match="nothing can be held out"):
        DESK.judge(panel)
