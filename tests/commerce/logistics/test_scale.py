"""The scale plan: numbers that follow from the measured throughput, and a day of which no parcel is lost."""

from dataclasses import replace

import numpy as np
import pytest

from yunqi.commerce.logistics import AreaPlan, Effort, LogisticsConfig, Throughput
from yunqi.commerce.logistics.engine.scale.region import Region, violations
from yunqi.commerce.logistics.service.scale import plan_area, scale
from yunqi.kernel import Invalid

MEASURED = Throughput(1_000, 50, 20.0, 0.02, 4, 512, 1.0)


def test_a_million_parcels_follow_from_what_was_measured() -> None:
    found = scale(1_000_000, Effort(window_hours=2.0, spare=0.25, core_hour=5), MEASURED)
    assert (found.depots, found.vans) == (1_000, 50_000)
    assert found.cpu_hours == pytest.approx(1_000_000 / 50 / 3_600)
    assert found.cores == 4  # 20,000 CPU seconds in 7,200 s of which three quarters may be used
    assert found.cost == 28  # 5.56 core-hours at 5, rounded up
    assert found.memory_gib == pytest.approx(2.0)


@pytest.mark.parametrize("parcels", [1, 19, 100, 1_001, 5_000])
def test_areas_divide_the_parcels(parcels: int) -> None:
    areas = Region(parcels, seed=2).areas(100)
    assert sorted(np.concatenate(areas).tolist()) == list(range(parcels))
    assert max(map(len, areas)) <= 100


def test_a_region_is_the_same_for_the_same_seed() -> None:
    one, two = Region(300, seed=5), Region(300, seed=5)
    problem, again = one.problem(1, one.areas(100)[1]), two.problem(1, two.areas(100)[1])
    assert problem.tasks == again.tasks
    assert (problem.travel.xy == again.travel.xy).all()  # type: ignore[union-attr]


def test_the_checker_counts_each_parcel() -> None:
    good = [AreaPlan(0, (("p0", "p1"),), ("p2",), 1.0, 0.1), AreaPlan(1, (("p3",),), (), 1.0, 0.1)]
    assert violations(4, good) == []
    assert violations(5, good) == ["parcel p4 is in no answer"]
    assert violations(4, [*good, good[1]]) == ["parcel p3 is in 2 answers"]
    assert violations(3, good) == ["parcel p3 was never asked about"]


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(Invalid, match="0 parcels"):
        scale(0, Effort(), MEASURED)
    for wrong in ({"area_stops": 5}, {"iterations": 0}):
        with pytest.raises(Invalid, match="a depot area"):
            Effort(**wrong)  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="hours must be"):
        Effort(window_hours=float("nan"))


@pytest.mark.slow
def test_a_killed_worker_loses_no_parcel_and_changes_no_plan() -> None:
    pytest.importorskip("ray")
    from yunqi.commerce.logistics.service.cluster import run_day

    effort = Effort(area_stops=100, iterations=1_500)
    told: list[str] = []
    hurt = run_day(300, effort, workers=2, kill=1, on_event=told.append)
    assert len(hurt.killed) == 1
    assert len(hurt.again) == 1
    assert any("is planned again" in text for text in told)
    assert hurt.wrong == ()
    region, config = Region(300, seed=1), LogisticsConfig(workers=1)
    for number, parcels in enumerate(region.areas(100)):
        calm = plan_area(region, number, parcels.tolist(), config, iterations=1_500, seed=1 + number)
        assert replace(hurt.areas[number], cpu_seconds=0.0) == replace(calm, cpu_seconds=0.0)
    with pytest.raises(Invalid, match="fewer are killed"):
        run_day(100, effort, workers=1, kill=1)
