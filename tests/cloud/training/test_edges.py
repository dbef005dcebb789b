"""Training through its commands and routes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests import command
from tests.cloud.training.workshop import TINY, recipe, training, write_texts

from yunqi.cloud.training import RunState, Score
from yunqi.cloud.training.routes import router
from yunqi.kernel import Principal

GOOD = 'kind = "pretrain"\n' + TINY + '[[data]]\npath = "text.jsonl"\n[train]\nsequence = 32\nsteps = 4\n'


def yunqi(folder: Path, *arguments: str) -> tuple[int, str, str]:
    return command.yunqi(*arguments, timeout=300, YUNQI_DATA_DIR=str(folder / "var"))


def test_commands_plan_refuse_and_list(tmp_path: Path) -> None:
    write_texts(tmp_path)
    good = recipe(tmp_path, "good", GOOD)
    code, out, _ = yunqi(tmp_path, "train", str(good), "--dry-run", "--json")
    plan = json.loads(out)
    assert (code, plan["parameters"], plan["documents"], plan["steps"], plan["fits"]) == (0, 87_488, 180, 4, True)
    code, out, errors = yunqi(tmp_path, "train", str(recipe(tmp_path, "bad", GOOD + "stepps = 3\n")), "--json")
    assert code == 2
    assert "Did you mean 'train.steps'" in json.loads(out)["error"]["message"]
    assert "Traceback" not in errors
    assert yunqi(tmp_path, "train", str(tmp_path / "none.toml"))[0] == 2
    code, out, _ = yunqi(tmp_path, "training", "list", "--json")
    assert (code, json.loads(out)) == (0, {"runs": []})
    code, out, _ = yunqi(tmp_path, "training", "show", "nobody", "--json")
    assert (code, json.loads(out)["error"]["code"]) == (1, "not_found")


def test_routes_plan_queue_list_and_rank(tmp_path: Path) -> None:
    opened = training(tmp_path)
    opened._kernel.jobs.register("training.run", lambda context: None)
    data = tmp_path / "var" / "training" / "data"
    data.mkdir(parents=True)
    write_texts(data)

    def require(scope: str) -> Any:
        from fastapi import Depends

        return Depends(lambda: Principal("default", 1, "tests", frozenset({"admin"})))

    app = FastAPI()
    app.include_router(router(opened, require))
    client = TestClient(app)
    text = 'name = "over-http"\n' + GOOD
    planned = client.post("/v1/training/runs", json={"recipe": text, "dry_run": True}).json()["plan"]
    assert (planned["steps"], planned["documents"]) == (4, 180)
    queued = client.post("/v1/training/runs", json={"recipe": text})
    assert queued.status_code == 202
    assert opened._kernel.jobs.get(int(queued.json()["job"])).kind == "training.run"
    assert client.get("/v1/training/runs").json() == {"runs": []}
    opened.record([Score("t", "loss", v, v, v, 9, name, False) for name, v in (("a", 2.0), ("b", 1.0))])
    opened.record([Score("t", "accuracy", v, v, v, 9, name) for name, v in (("a", 0.5), ("b", 0.25))])
    ranked = [(s["metric"], s["model"]) for s in client.get("/v1/training/leaderboard").json()["scores"]]
    assert ranked == [("accuracy", "a"), ("accuracy", "b"), ("loss", "b"), ("loss", "a")]


@pytest.mark.slow
def test_ctrl_c_stops_after_the_step_says_so_and_keeps_the_checkpoint(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    write_texts(tmp_path)
    path = recipe(tmp_path, "long", GOOD.replace("steps = 4", "steps = 100000"))
    command = [sys.executable, "-m", "yunqi", "train", str(path), "--json"]
    with subprocess.Popen(
        command,
        env={**os.environ, "YUNQI_DATA_DIR": str(tmp_path / "var"), "OMP_NUM_THREADS": "1"},
        # A shell without job control starts what stands before & with Ctrl-C ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as run:  # fmt: skip
        try:
            losses = tmp_path / "var" / "training" / "long" / "losses.jsonl"
            deadline = time.monotonic() + 240
            while not (losses.exists() and losses.stat().st_size):
                assert run.poll() is None, run.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.1)
            run.send_signal(signal.SIGINT)
            out, errors = run.communicate(timeout=240)
        finally:
            run.terminate()
    assert run.returncode == 130, errors
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert "run the command again to go on" in errors
    assert list(losses.parent.glob("checkpoints/step-*.pt"))
    assert training(tmp_path).get("long").state is RunState.STOPPED


@pytest.mark.slow
def test_a_background_run_is_followed_over_http_to_its_end(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from yunqi.cloud.training.jobs import register

    opened = training(tmp_path)
    register(opened._kernel.jobs, opened)
    data = tmp_path / "var" / "training" / "data"
    data.mkdir(parents=True)
    write_texts(data)
    opened.submit(opened.read_text('name = "queued"\n' + GOOD))
    job = opened._kernel.jobs.run_once()
    assert job is not None
    assert (job.state.value, job.error) == ("done", None)
    app = FastAPI()

    def require(scope: str) -> Any:
        from fastapi import Depends

        return Depends(lambda: Principal("default", 1, "tests", frozenset({"read"})))

    app.include_router(router(opened, require))
    client = TestClient(app)
    followed = client.get("/v1/training/runs/queued/events").text
    assert followed.count("event: progress") >= 1
    assert followed.rstrip().rsplit("event: ", 1)[1].startswith("run\n")
    assert len(client.get("/v1/training/runs/queued/losses").json()["losses"]) == 4
    assert client.get("/v1/training/runs/queued/card").text.startswith("---\nlicense:")
