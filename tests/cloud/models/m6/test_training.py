"""A short run on real pictures with names: letters, signs and symbols of a font, called what Unicode calls them."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

import matplotlib
import torch
from PIL import Image

from yunqi.cloud.models import BadCheckpoint, m6
from yunqi.cloud.models.cli import add
from yunqi.cloud.models.engine.m6.network import M6
from yunqi.cloud.models.engine.m6.tasks import TASKS
from yunqi.cloud.models.engine.m6.training import M6Recipe, Trained, held_out, train
from yunqi.cloud.models.service.m6_folder import save_m6
from yunqi.cloud.models.service.m6_small import SMALL, Pictured, compare_folder, compare_m6, read_glyphs, split_pairs
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


def test_a_run_stopped_by_a_check_is_judged_once_at_its_best_step() -> None:
    torch.set_num_threads(1)
    first, second = split_pairs(_glyphs(every=60))
    check, rest = first[:4], first[4:]
    trained = train(SMALL, rest, second[:4], M6Recipe(steps=6, batch=4, looks=3, rate=0.05), check=check)
    means = {step: sum(losses.values()) for step, losses in trained.losses}
    assert set(means) == {0, 2, 4, 6}
    assert trained.step == min(means, key=means.__getitem__)
    again = held_out(trained.model, check)
    assert again == pytest.approx(dict(trained.losses)[trained.step], rel=1e-4)
    assert trained.held_out == pytest.approx(held_out(trained.model, second[:4]), rel=1e-4)


def test_a_folder_without_illustrations_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"emoji\.json"):
        compare_folder(tmp_path, steps=1, seed=0)


def kept(folder: Path) -> Path:
    """Keep a model that has learnt nothing, with a codebook of noise."""
    torch.set_num_threads(1)
    centres = np.random.default_rng(0).uniform(-1, 1, (SMALL.codes, SMALL.patch_width)).astype(np.float32)
    save_m6(folder, M6(SMALL).start(0), centres, about={"steps": 0})
    return folder


def test_a_saved_model_captions_and_draws(tmp_path: Path) -> None:
    folder = kept(tmp_path / "one")
    model = m6(folder)
    assert model.about == {"steps": 0}
    picture = model.draw("latin small letter a")
    assert picture.shape == (24, 24, 3)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, m6(folder).draw("latin small letter a"))
    said = model.caption(picture)
    assert said == model.caption(Image.fromarray(picture).resize((48, 48), Image.Resampling.NEAREST))
    assert isinstance(model.caption(picture, group="latin"), str)
    with pytest.raises(Invalid, match="1 to 40 Latin letters"):
        model.draw("杭州")
    with pytest.raises(Invalid, match="cannot be read as a picture"):
        model.caption(tmp_path / "none.png")
    (folder / "m6.json").write_text('{"spec": {"width": 3}}')
    with pytest.raises(BadCheckpoint, match="describes no M6"):
        m6(folder)


def test_the_commands_draw_and_caption(tmp_path: Path) -> None:
    folder = kept(tmp_path / "one")
    app = typer.Typer()
    add(app)
    done = CliRunner().invoke(app, ["m6-draw", str(folder), "digit one", str(tmp_path / "one.png"), "--json"])
    assert done.exit_code == 0
    with Image.open(tmp_path / "one.png") as drawn:
        assert drawn.size == (192, 192)
    done = CliRunner().invoke(app, ["m6-caption", str(folder), str(tmp_path / "one.png"), "--json"])
    assert set(json.loads(done.stdout)) == {"caption", "about"}


def test_what_is_trained_can_be_kept(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    first, second = split_pairs(_glyphs(every=60))
    centres = np.zeros((SMALL.codes, SMALL.patch_width), np.float32)

    def keep(name: str, trained: Trained) -> None:
        save_m6(tmp_path / name, trained.model, centres, about={"held_out": trained.losses[-1][1]})

    compare_m6(first, second, M6Recipe(steps=2, batch=4, looks=1), only=["pseudo_to_real"], keep=keep)
    model = m6(tmp_path / "pseudo_to_real")
    assert set(model.about["held_out"]) == set(TASKS)
    assert model.draw("a").std() == 0  # a codebook of nothing paints grey


def _glyphs(every: int = 1) -> list[Pictured]:
    """Return glyphs of DejaVu Sans, which comes with matplotlib."""
    return read_glyphs(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", every=every)
