"""The closed form beside cycles that SCALE-Sim 3.0.0 counted (recorded by scripts/scalesim)."""

import doctest
import json
from pathlib import Path

import pytest

from yunqi.kernel import Invalid
from yunqi.labs.npu.engine.timing import systolic
from yunqi.labs.npu.engine.timing.systolic import Dataflow, systolic_cycles

RUNS = json.loads((Path(__file__).parent / "scalesim.json").read_text())["runs"]


@pytest.mark.parametrize("run", RUNS, ids=lambda run: "-".join(str(value) for value in run.values()))
def test_cycles_equal_scale_sim_s_exactly(run: dict[str, int]) -> None:
    found = systolic_cycles(
        run["positions"], run["reduction"], run["outputs"], rows=run["rows"], columns=run["columns"],
        dataflow=Dataflow(run["dataflow"]),
    )  # fmt: skip
    assert found == run["cycles"]


def test_all_dataflows_and_arrays_were_recorded() -> None:
    assert len(RUNS) == 36
    assert {run["dataflow"] for run in RUNS} == {"ws", "os", "is"}


def test_nothing_smaller_than_one_is_an_array() -> None:
    with pytest.raises(Invalid):
        systolic_cycles(1, 1, 1, rows=0, columns=4)


def test_the_documented_example_runs() -> None:
    assert doctest.testmod(systolic).failed == 0
