"""Forecasts: medians and intervals on generated demand (synthetic), bad tables refused."""

from datetime import date

import numpy as np
import pytest

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.forecast import features, learned
from yunqi.commerce.logistics.engine.forecast.read import read_csv
from yunqi.commerce.logistics.engine.forecast.table import forecast_table
from yunqi.commerce.logistics.model.forecast import Bucket, Panel, demand_class
from yunqi.commerce.logistics.service.forecasts import ForecastDesk
from yunqi.commerce.logistics.service.plain import forecast_rows
from yunqi.kernel import Invalid

DESK = ForecastDesk(LogisticsConfig())


def generated(series: int, days: int) -> np.ndarray:
    """Poisson demand with a level per series and busy Saturdays; synthetic."""
    chance = np.random.default_rng(5)
    level = chance.gamma(1.5, 1.2, size=(series, 1))
    return chance.poisson(level * np.where(np.arange(days) % 7 == 5, 2.0, 0.8)).astype(float)


@pytest.mark.slow
@pytest.mark.parametrize(("bucket", "buckets"), [(Bucket.WEEK, 4), (Bucket.DAY, 14)])
def test_the_intervals_hold_and_the_median_beats_the_mean(bucket: Bucket, buckets: int) -> None:
    demand = generated(300, 320)
    ahead = bucket.days * buckets
    known, truth = demand[:, :-ahead], demand[:, -ahead:].reshape(300, buckets, bucket.days).sum(axis=2)
    found = DESK.forecast(Panel(tuple(map(str, range(300))), date(2025, 1, 1), known), bucket=bucket, buckets=buckets)
    assert found.method == "global quantile model"
    covered = ((truth >= found.low) & (truth <= found.high)).mean()
    assert 0.92 < covered < 0.985
    mean = np.repeat(known[:, -28:].mean(axis=1, keepdims=True) * bucket.days, buckets, axis=1)
    assert np.abs(found.median - truth).sum() < 0.97 * np.abs(mean - truth).sum()


def test_a_short_panel_is_forecast_by_a_classical_model() -> None:
    panel = read_csv("id,date,quantity\n" + "".join(f"milk,2026-01-{day:02d},{4}\n" for day in range(1, 22)))
    found = DESK.forecast(panel, buckets=2)
    assert found.method == "TSB"
    assert found.first == date(2026, 1, 22)
    np.testing.assert_allclose(found.median, [[28.0, 28.0]])
    np.testing.assert_allclose(found.low, found.high)


@pytest.mark.parametrize(("bucket", "buckets"), [(Bucket.DAY, 14), (Bucket.WEEK, 3)])
def test_a_few_steady_series_are_forecast_with_their_weekdays_and_trend(bucket: Bucket, buckets: int) -> None:
    chance, days = np.random.default_rng(5), np.arange(100 + 21)
    level = chance.uniform(10, 200, (10, 1)) * (1 + chance.uniform(0, 0.004, (10, 1)) * days)
    sold = chance.poisson(level * (1 + 0.5 * (days % 7 == 5) + 0.3 * (days % 7 == 6))).astype(float)
    truth = sold[:, 100 : 100 + bucket.days * buckets].reshape(10, buckets, bucket.days).sum(axis=2)
    panel = Panel(
        (*map(str, range(10)), "now and then"), date(2026, 1, 1), np.vstack([sold[:, :100], chance.poisson(0.1, 100)])
    )
    found = DESK.forecast(panel, bucket=bucket, buckets=buckets)
    assert found.method == "AutoETS where it sells on most days, else TSB"
    flat = sold[:, 72:100].mean(axis=1, keepdims=True) * bucket.days
    assert (
        np.abs(found.median[:10] - truth).sum() < (0.7 if bucket is Bucket.DAY else 0.85) * np.abs(flat - truth).sum()
    )
    covered = ((truth >= found.low[:10]) & (truth <= found.high[:10])).mean()
    assert covered >= 0.85
    narrow = DESK.forecast(panel, bucket=bucket, buckets=buckets, level=0.8)
    assert (narrow.low >= found.low).all()
    assert (narrow.high <= found.high).all()


def test_what_is_known_ahead_and_not_used_is_said() -> None:
    panel = read_csv("id,date,quantity\n" + "".join(f"milk,2026-01-{day:02d},{4}\n" for day in range(1, 22)))
    known = DESK.known("id,date,promo\nmilk,2026-02-02,1\n", panel, bucket=Bucket.WEEK, buckets=2)
    assert "is not used" in DESK.forecast(panel, buckets=2, known=known).method


def test_rows_of_one_day_add_up_and_days_without_a_row_are_nothing() -> None:
    panel = read_csv("date,quantity,id\n2026-01-03,2,a\n2026-01-01,1,a\n2026-01-03,3,a\n2026-01-02,7,b\n")
    assert panel.ids == ("a", "b")
    assert panel.demand.tolist() == [[1, 0, 5], [0, 7, 0]]


def test_series_are_told_apart_by_gap_and_variation() -> None:
    rows = np.array([[4, 4, 5, 4], [1, 9, 1, 30], [0, 4, 0, 4], [0, 30, 0, 1], [0, 0, 0, 0]], float)
    assert demand_class(rows).tolist() == ["smooth", "erratic", "intermittent", "lumpy", "none"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must name its columns"),
        ("id,date\na,2026-01-01\n", "lacks the column quantity"),
        ("id,date,quantity\n", "no rows"),
        ("id,date,quantity\na,2026-01-01,-1\n", "line 2: quantity"),
        ("id,date,quantity\na,2026-01-01,1\na,2026-01-02,nan\n", "line 3: quantity"),
        ("id,date,quantity\na,yesterday,1\n", "line 2: date 'yesterday' is not a day"),
        ("id,date,quantity\na,2026-01-01,1\na,2066-01-01,1\n", "over 3660 days"),
    ],
)
def test_a_bad_table_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read_csv(text)


def test_too_little_history_is_refused() -> None:
    with pytest.raises(Invalid, match="at least 14"):
        DESK.forecast(read_csv("id,date,quantity\na,2026-01-01,1\n"))


@pytest.mark.parametrize("ahead", [0, 3, 6, 7, 13, 27])
def test_features_of_a_day_are_those_of_its_weekday_before_the_origin(ahead: int) -> None:
    demand = np.random.default_rng(0).poisson(2.0, (5, 130)).astype(float)
    daily = features.Daily(demand, 120)
    before = demand[:, [at for at in range(119, -1, -1) if (120 + ahead - at) % 7 == 0][:8]]
    unit = features.scale(demand, 120)
    found = daily.at(ahead)
    assert np.array_equal(found[:, 6:14], before / unit[:, None])
    assert np.allclose(found[:, 15], np.median(before, axis=1) / unit)
    assert np.array_equal(found, features.Daily(demand, 120).at(ahead))


@pytest.mark.parametrize("bucket", list(Bucket))
def test_rows_of_some_series_are_the_same_as_those_of_all(bucket: Bucket) -> None:
    chance = np.random.default_rng(1)
    demand = chance.poisson(2.0, (30, 200)).astype(float)
    promoted = chance.random((30, 228, 2)).astype(np.float32)
    fits = learned._Fits(demand, bucket, 28 // bucket.days, 0, 1, promoted)
    some = chance.random(30) < 0.3
    for at in (0, 3):
        assert np.array_equal(fits.rows(150, some)(at), fits.rows(150)(at)[some])
    assert np.array_equal(fits.known(150, some), fits.known(150)[some])


def test_a_table_of_forecasts_has_the_rows_that_are_shown() -> None:
    panel = Panel(("a", "b", "c"), date(2025, 1, 1), generated(3, 60))
    found = DESK.forecast(panel, bucket=Bucket.DAY, buckets=3)
    rows = [row | {"start": row["start"].isoformat()} for row in forecast_table(found).to_pylist()]
    assert rows == forecast_rows(found)
    assert forecast_rows(found, most=2) == rows[:6]
