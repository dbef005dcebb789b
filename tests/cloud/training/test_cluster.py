"""The same file on a local Ray cluster: a lost worker changes nothing in the curve."""

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.cloud.training.workshop import TINY, recipe, training, write_texts

pytest.importorskip("transformers")
pytest.importorskip("ray")
pytestmark = pytest.mark.slow

TEXT = (
    'kind = "pretrain"\nseed = 3\n' + TINY + '[[data]]\npath = "text.jsonl"\n[publish]\nhub = false\n'
    "[train]\nsteps = 40\nbatch = 4\nsequence = 32\nthreads = 1\nsave_every = 10\ncheck_every = 0\nworkers = {workers}\n"
)  # fmt: skip


def losses(folder: Path, name: str) -> list[float]:
    lines = (folder / "var" / "training" / name / "losses.jsonl").read_text().splitlines()
    return [json.loads(line)["loss"] for line in lines]


def test_two_workers_one_killed_have_the_curve_of_two_that_lived_and_of_one_that_worked_alone(tmp_path: Path) -> None:
    write_texts(tmp_path)
    opened = training(tmp_path)
    opened.run(opened.read(recipe(tmp_path, "alone", TEXT.format(workers=1))))
    opened.run(opened.read(recipe(tmp_path, "both", TEXT.format(workers=2))))
    assert losses(tmp_path, "both") == pytest.approx(losses(tmp_path, "alone"), abs=2e-4)
    killed: list[int] = []

    def kill_second(event: dict[str, Any]) -> None:
        if event["event"] == "workers" and not killed:
            killed.append(event["pids"][1])
            threading.Thread(target=_kill_after_checkpoint, args=(tmp_path, event["pids"][1])).start()

    opened.run(opened.read(recipe(tmp_path, "lost", TEXT.format(workers=2))), on_event=kill_second)
    assert losses(tmp_path, "lost") == losses(tmp_path, "both")
    assert "lost" in [event["event"] for event in opened.events("lost")]


def _kill_after_checkpoint(folder: Path, pid: int) -> None:
    place = folder / "var" / "training" / "lost" / "checkpoints"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list(place.glob("step-*.pt")):
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
