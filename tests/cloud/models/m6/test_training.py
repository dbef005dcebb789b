"""A short run on real pictures with names: letters, signs and symbols of a font, called what Unicode calls them."""

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

import matplotlib
import torch

from yunqi.cloud.models.engine.m6.tasks import TASKS
from yunqi.cloud.models.engine.m6.training import M6Recipe, train
from yunqi.cloud.models.service.m6 import SMALL, Pictured, compare_folder, compare_m6, read_glyphs, split_pairs
from yunqi.kernel import Invalid, NotFound


@pytest.mark.slow
def test_held_out_loss_falls_on_each_task() -> None:
    torch.set_num_threads(1)
    first, second = split_pairs(_glyphs())
    trained = train(SMALL, first, second[:96], M6Recipe(steps=90, batch=32, looks=1))
    before, after = trained.losses[0][1], trained.losses[-1][1]
    assert all(after[task] < before[task] - 0.5 for task in TASKS)
    assert len(trained.loads) == SMALL.layers
    assert all(sum(load.load) > 0 and load.capacity > 0 for load in trained.loads)


def test_pseudo_to_real_delinks_and_reports() -> None:
    torch.set_num_threads(1)
    first, second = split_pairs(_glyphs(every=60))
    found = compare_m6(first, second, M6Recipe(steps=4, batch=4, looks=1), only=["pseudo_to_real"])
    row = found["models"]["pseudo_to_real"]
    assert [losses["step"] for losses in row["losses"]] == [0, 4]
    assert len(row["loads"]) == 4
    with pytest.raises(Invalid, match="No model 'huge'"):
        compare_m6(first, second, M6Recipe(), only=["huge"])


def test_a_folder_without_illustrations_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"emoji\.json"):
        compare_folder(tmp_path, steps=1, seed=0)


def _glyphs(every: int = 1) -> list[Pictured]:
    """Return glyphs of DejaVu Sans, which comes with matplotlib."""
    return read_glyphs(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", every=every)
