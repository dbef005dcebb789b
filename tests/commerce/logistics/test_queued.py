"""Long packings and berth plans as jobs, on the real embedded database."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kernels import new_kernel

from yunqi.commerce import logistics as door
from yunqi.commerce.logistics import Logistics, LogisticsConfig
from yunqi.commerce.logistics import jobs as logistics_jobs
from yunqi.commerce.logistics.service.queued import BERTH, PACK
from yunqi.kernel import Invalid, JobState, Kernel

BOXES = {"bins": [{"id": "b", "size": [10, 10, 10]}], "items": [{"id": "i", "size": [5, 5, 10], "copies": 4}]}
TABLE = "3\n2\n0 0 1\n0 0\n4 99999\n2 6\n3 3\n50 50\n50 50 50\n"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Logistics, Kernel]]:
    with new_kernel(tmp_path / "data", door.MIGRATIONS) as kernel:
        logistics = Logistics(kernel, LogisticsConfig())
        logistics_jobs.register(kernel.jobs, logistics)
        yield logistics, kernel


def test_a_queued_berth_plan_is_the_result_of_its_job(opened: tuple[Logistics, Kernel]) -> None:
    logistics, kernel = opened
    logistics.queued.submit(BERTH, TABLE, seconds=5, workspace="default")
    job = kernel.jobs.run_once()
    assert job is not None
    assert job.error is None
    assert job.result is not None
    assert (job.result["cost"], job.result["bound"]) == (11, 11)


def test_a_queued_packing_is_the_result_of_its_job(opened: tuple[Logistics, Kernel]) -> None:
    logistics, kernel = opened
    logistics.queued.submit(PACK, BOXES, seconds=1, workspace="default")
    job = kernel.jobs.run_once()
    assert job is not None
    assert job.result is not None
    assert job.result["use"] == 1.0
    assert len(job.result["placements"]) == 4


def test_what_cannot_be_read_is_never_queued(opened: tuple[Logistics, Kernel]) -> None:
    logistics, kernel = opened
    with pytest.raises(Invalid, match="line 1"):
        logistics.queued.submit(BERTH, "x", seconds=5, workspace="default")
    with pytest.raises(Invalid, match="seconds"):
        logistics.queued.submit(PACK, json.dumps(BOXES), seconds=0, workspace="default")
    assert kernel.jobs.run_once() is None


def test_a_cancelled_job_never_runs(opened: tuple[Logistics, Kernel]) -> None:
    logistics, kernel = opened
    found = logistics.queued.submit(BERTH, TABLE, seconds=5, workspace="default")
    kernel.jobs.cancel(int(found["job"]), workspace="default")
    kernel.jobs.run_once()
    assert kernel.jobs.get(int(found["job"]), workspace="default").state is JobState.CANCELLED
