"""Arrivals and returns on generated histories (synthetic): intervals hold, drift is followed, bad tables are refused by line."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.forecast import returns
from yunqi.commerce.logistics.engine.forecast.conformal import STEP, Adaptive, Recent
from yunqi.commerce.logistics.engine.forecast.order_lines import read_order_lines
from yunqi.commerce.logistics.engine.forecast.trips import read_trips
from yunqi.commerce.logistics.model.returns import OrderLines
from yunqi.commerce.logistics.service.arrivals import ArrivalDesk, arrival_rows, eta_document, returns_document
from yunqi.kernel import Invalid, Kernel, KernelConfig

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ArrivalDesk]:
    with Kernel.open(KernelConfig(data_dir=tmp_path / "data"), clock=lambda: NOW) as kernel:
        yield ArrivalDesk(kernel, LogisticsConfig())


def history(trips: int, *, drift: float = 0.0, seed: int = 2) -> str:
    """Write trips of two couriers whose times grow with distance, vary by courier, and get longer in the end."""
    draw = np.random.default_rng(seed)
    rows = ["id,started,minutes,km,courier"]
    for k in range(trips):
        km, slow = draw.uniform(1, 20), bool(draw.random() < 0.4)
        noise = draw.lognormal(0, 0.35 if slow else 0.1)
        minutes = (10 + 3 * km) * (1.4 if slow else 1.0) * noise * (1 + drift * max(0, k / trips - 0.8) / 0.2)
        at = NOW - timedelta(minutes=(trips - k) * 5)
        rows.append(f"t{k},{at.isoformat()},{minutes:.2f},{km:.2f},{'slow' if slow else 'quick'}")
    return "\n".join(rows)


@pytest.mark.slow
def test_intervals_hold_for_each_class_and_horizon(desk: ArrivalDesk) -> None:
    found = desk.judge(desk.trips(history(6000)), by="courier")
    assert 0.93 < found.whole.coverage < 0.97
    assert [one.name for one in found.groups] == ["quick", "slow"]
    assert all(0.92 < one.coverage < 0.98 for one in (*found.groups, *found.horizons))
    assert found.groups[0].width < 0.5 * found.groups[1].width
    assert sum(one.trips for one in found.horizons) == found.whole.trips == 1200
    assert eta_document(found)["held_out"]["trips"] == 1200


@pytest.mark.slow
def test_drift_is_followed(desk: ArrivalDesk) -> None:
    """Trips get 60 % longer over the held-out part; without adapting, intervals hold far too few."""
    found = desk.judge(desk.trips(history(6000, drift=0.6)), by="courier")
    assert found.plain.coverage < 0.85
    assert found.whole.coverage > found.plain.coverage + 0.05


@pytest.mark.slow
def test_trips_under_way_are_forecast(desk: ArrivalDesk) -> None:
    past = desk.trips(history(3000))
    asked = desk.trips("started,km,courier\n2026-11-25T12:00Z,10,quick\n2026-11-25T12:00Z,10,unknown\n", like=past)
    first, second = arrival_rows(asked, desk.arrivals(past, asked, by="courier"))
    assert 36 < first["minutes"] < 44
    assert first["low"] < 36
    assert first["high"] > 44
    assert second["high"] > first["high"]


def test_a_quantile_is_that_of_the_last_scores() -> None:
    recent = Recent(0.1)
    for score in range(1, 100):
        recent.add(float(score))
    assert recent.quantile() == 90.0
    recent.judge(missed=True)
    assert recent.miss < 0.1
    recent.judge(missed=False)
    assert recent.miss == pytest.approx(0.1 + STEP * (0.1 - 1) + STEP * 0.1)


def test_a_class_stands_for_itself_once_it_has_enough() -> None:
    adaptive = Adaptive(0.9)
    for k in range(400):
        adaptive.calibrate((0,), float(k))
        adaptive.calibrate((1,), 1000.0) if k < 10 else None
    assert adaptive.wider((0,)) == 360.0
    assert adaptive.wider((1,)) == adaptive.wider((2,)) == 369.0


def test_a_part_of_a_class_stands_for_itself_and_its_class_for_a_part_with_little() -> None:
    adaptive = Adaptive(0.9)
    for k in range(400):
        adaptive.calibrate((0, 0), float(k))
        adaptive.calibrate((0, 1), 10.0 * k)
        adaptive.calibrate((0, 2), 5.0) if k < 10 else None
    assert (adaptive.wider((0, 0)), adaptive.wider((0, 1))) == (360.0, 3600.0)
    assert adaptive.wider((0, 2)) == adaptive.wider((0, 3))
    assert 360.0 < adaptive.wider((0, 3)) < 3600.0
    before = adaptive.wider((0, 0))
    for _ in range(50):
        adaptive.learn((0, 0), 1e6, allowed=before)
    assert adaptive.wider((0, 0)) > before
    assert adaptive.wider((0, 1)) == 3600.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must name its columns"),
        ("started\n2026-11-01T00:00Z", "lacks the column minutes"),
        ("started,minutes\n", "no rows"),
        ("started,minutes\n2026-11-01T00:00Z,1\n2026-11-01T00:00,1", "line 3: started .* needs its offset"),
        ("started,minutes\nnoon,1", "line 2: started 'noon' is no time"),
        ("started,minutes\n2026-11-01T00:00Z,-4", "line 2: minutes must be above 0"),
        ("started,minutes\n2026-11-01T00:00Z,nan", "line 2: minutes must be above 0"),
        ("started,minutes\n2026-11-01T00:00Z,1e9", "check the units"),
        ("started,minutes\n2026-11-01T00:00Z,ten", "line 2: minutes 'ten' is no number"),
        ("started,minutes\n2027-01-01T00:00Z,5", "line 2: started is in the future"),
        ("id,started,minutes\na,2026-11-01T00:00Z,5\na,2026-11-01T00:00Z,5", "line 3: id a stands in line 2 already"),
        ("started,minutes,km\n2026-11-01T00:00Z,5,inf", "line 2: km can't be inf"),
        ("started,minutes,planned_min\n2026-11-01T00:00Z,5,0", "line 2: planned_min can't be 0"),
    ],
)
def test_a_bad_table_of_trips_is_refused_by_line(desk: ArrivalDesk, text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        desk.trips(text)


def test_bad_questions_are_refused(desk: ArrivalDesk) -> None:
    trips = desk.trips(history(50))
    with pytest.raises(Invalid, match="50 trips; at least 400"):
        desk.judge(trips)
    with pytest.raises(Invalid, match="no column of classes 'km'; there are courier"):
        desk.judge(trips, by="km")
    with pytest.raises(Invalid, match="level must be"):
        desk.judge(trips, level=1.0)
    with pytest.raises(Invalid, match="lack the column km"):
        read_trips("started\n2026-11-25T12:00Z", like=trips)


def orders(seed: int, lines: int = 20_000, days: int = 300, products: int = 200) -> OrderLines:
    """Return orders of products that come back at rates of their own, by category, and never on a Sunday."""
    draw = np.random.default_rng(seed)
    category = draw.integers(0, 8, products)
    rate = np.clip(draw.beta(2, 12, 8)[category] * draw.gamma(6, 1 / 6, products), 0, 0.8)
    product = draw.integers(0, products, lines)
    ordered = np.sort(draw.integers(0, days, lines)) + 20_000
    delay = np.where(draw.random(lines) < rate[product], draw.negative_binomial(3, 0.18, lines) + 3, -1)
    delay += (delay >= 0) & ((ordered + delay + 3) % 7 == 6)
    names = tuple(f"p{k}" for k in range(products))
    kinds = tuple(f"c{k}" for k in range(8))
    return OrderLines(
        tuple(map(str, range(lines))), ordered, delay, product, names, category[product], kinds, 20_000 + days + 400
    )


def test_returns_are_forecast_by_day_and_held_out() -> None:
    shares = []
    for seed in (1, 2, 3):
        known = orders(seed).known_on(20_270)
        found = returns.report(known, horizon=28, level=0.95)
        assert found.brier < found.plain
        assert found.error < 0.8 * found.plain_error
        assert abs(found.expected - found.returned) < 4 * found.returned**0.5
        shares.append(found.coverage)
    assert 0.9 < np.mean(shares) <= 1.0


def test_a_product_with_few_lines_is_drawn_to_its_category() -> None:
    rows = ["id,ordered,returned,product,category"]
    for k in range(1000):
        back = f"2026-06-{2 + k % 20:02d}" if k // 10 % 2 == 0 else ""
        rows.append(f"s{k},2026-06-01,{back},shoe-{k % 10},shoes")
        rows.append(f"t{k},2026-06-01,{'2026-06-15' if k // 10 % 50 == 0 else ''},tea-{k % 10},tea")
    rows += ["x,2026-06-01,,shoe-new,shoes", "y,2026-06-01,,tea-new,tea"]
    lines = read_order_lines("\n".join(rows), as_of=date(2026, 11, 25))
    found = returns.forecast(lines, horizon=28, level=0.95)
    rates = {name: chance for name, chance, _ in found.rates}
    assert 0.4 < rates["shoe-new"] < 0.6
    assert rates["tea-new"] < 0.05
    assert found.total[0] == 0.0  # older than the window: none of them is waited for


def test_a_line_is_less_likely_to_come_back_the_longer_it_is_out() -> None:
    known = orders(4).known_on(20_250)
    found = returns.forecast(known, horizon=28, level=0.95)
    age = known.age[found.open]
    assert found.chance[age < 5].mean() > 3 * found.chance[age > 40].mean()
    document = returns_document(known, found, most=5)
    assert len(document["lines"]) == 5
    assert document["days"][0]["day"] == (date(1970, 1, 1) + timedelta(days=20_251)).isoformat()
    sundays = [day["mean"] for day in document["days"] if date.fromisoformat(day["day"]).weekday() == 6]
    assert max(sundays) < 0.3 * document["total"]["mean"] / 28


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id,ordered,product\n", "lacks the column returned"),
        ("id,ordered,returned,product\n", "order lines has no rows"),
        ("id,ordered,returned,product\na,2026-11-01,,p\na,2026-11-02,,p", "line 3: id 'a' is there twice"),
        ("id,ordered,returned,product\n,2026-11-01,,p", "line 2: id '' is empty"),
        ("id,ordered,returned,product\na,2026-11-01,,", "line 2: product is empty"),
        ("id,ordered,returned,product\na,01.11.2026,,p", "line 2: ordered '01.11.2026' is no day"),
        (
            "id,ordered,returned,product\na,2026-11-05,2026-11-01,p",
            "line 2: returned 2026-11-01 is before it was ordered",
        ),
        (
            "id,ordered,returned,product\na,2026-12-01,,p",
            "line 2: ordered 2026-12-01 is after 2026-11-25, in the future",
        ),
        ("id,ordered,returned,product\na,2026-11-01,2026-12-01,p", "line 2: returned .* in the future"),
        (
            "id,ordered,returned,product,category\na,2026-11-01,,p,x\nb,2026-11-01,,p,y",
            "product p is of two categories",
        ),
    ],
)
def test_bad_order_lines_are_refused_by_line(desk: ArrivalDesk, text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        desk.orders(text)


def test_too_few_lines_and_a_future_day_are_refused(desk: ArrivalDesk) -> None:
    few = desk.orders("id,ordered,returned,product\na,2026-11-01,,p")
    with pytest.raises(Invalid, match="1 order lines; at least 200"):
        desk.returns(few)
    with pytest.raises(Invalid, match="as-of 2027-01-01 is in the future"):
        desk.orders("", as_of="2027-01-01")
