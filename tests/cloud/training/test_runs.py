"""Runs end to end in their own process: killed and resumed, stopped, broken, published, served."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.cloud.training.workshop import TINY, recipe, training, write_tasks, write_texts

from yunqi.cloud.hub import Hub, HubConfig
from yunqi.cloud.models import ChatRequest, Message, Models, ModelsConfig
from yunqi.cloud.training import LossBroken, RunState, Stopped
from yunqi.kernel import Conflict, JobCancelled, Kernel, KernelConfig

pytest.importorskip("transformers")
pytestmark = pytest.mark.slow

PRETRAIN = (
    'kind = "pretrain"\nseed = 3\n' + TINY + '[[data]]\npath = "text.jsonl"\n[[heldout]]\npath = "held.jsonl"\n'
    '[[evaluate]]\ntask = "perplexity"\npath = "held.jsonl"\n'
    "[train]\nsteps = {steps}\nbatch = 4\nsequence = 32\nthreads = 1\nsave_every = 10\ncheck_every = 10\ndropout = 0.1\n"
)  # fmt: skip
SHORT = (
    "[train]\nsteps = {steps}\nbatch = 4\nsequence = 64\nthreads = 1\nrate = {rate}\n[cleaning]\ncontamination = 0\n"
)


def command(folder: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "yunqi", "train", *arguments],
        env={**os.environ, "YUNQI_DATA_DIR": str(folder / "var"), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def curve(folder: Path, name: str) -> list[dict[str, Any]]:
    text = (folder / "var" / "training" / name / "losses.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_a_run_killed_twice_has_bitwise_the_loss_curve_of_one_that_was_not(tmp_path: Path) -> None:
    write_texts(tmp_path)
    opened = training(tmp_path)
    opened.run(opened.read(recipe(tmp_path, "whole", PRETRAIN.format(steps=60))))
    path = recipe(tmp_path, "killed", PRETRAIN.format(steps=60))
    for least in (13, 27):
        process = command(tmp_path, str(path))
        losses = tmp_path / "var" / "training" / "killed" / "losses.jsonl"
        deadline = time.monotonic() + 120
        while not losses.exists() or losses.read_text().count("\n") < least:
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert opened.get("killed").state is RunState.STOPPED
        assert len(curve(tmp_path, "killed")) < 60
    done = subprocess.run(
        [sys.executable, "-m", "yunqi", "train", str(path), "--json"],
        env={**os.environ, "YUNQI_DATA_DIR": str(tmp_path / "var")}, capture_output=True, check=True, timeout=300,
    )  # fmt: skip
    assert json.loads(done.stdout)["state"] == "done"
    assert curve(tmp_path, "killed") == curve(tmp_path, "whole")
    events = [event["event"] for event in opened.events("killed")]
    assert events.count("resumed") == 2
    values = [
        next(s.value for s in opened.leaderboard() if s.model == name and s.metric == "bits_per_byte")
        for name in ("whole", "killed")
    ]
    assert values[0] == values[1]


def test_a_stopped_run_keeps_its_checkpoint_and_goes_on(tmp_path: Path) -> None:
    write_texts(tmp_path)
    opened = training(tmp_path)
    wanted = opened.read(recipe(tmp_path, "stopped", PRETRAIN.format(steps=100_000)))

    def stop(done: int, total: int, message: str) -> None:
        if "loss" in message:
            raise JobCancelled("stop")

    with contextlib.suppress(JobCancelled, Stopped):
        opened.run(wanted, progress=stop)
    run = opened.get("stopped")
    assert run.state is RunState.STOPPED
    assert list((tmp_path / "var" / "training" / "stopped" / "checkpoints").glob("step-*.pt"))
    with pytest.raises(Conflict, match="made by another recipe"):
        opened.run(opened.read(recipe(tmp_path, "stopped", PRETRAIN.format(steps=5))))


def test_a_run_that_no_longer_improves_stops_early_with_its_best_weights(tmp_path: Path) -> None:
    write_texts(tmp_path)
    opened = training(tmp_path)
    text = PRETRAIN.format(steps=400).replace("check_every = 10", "check_every = 4") + "rate = 0.1\npatience = 2\n"
    run = opened.run(opened.read(recipe(tmp_path, "early", text)))
    assert run.result is not None
    assert run.result["steps"] < 400
    assert run.result["notes"] == {"stopped": "patience"}
    held = [row["heldout"] for row in curve(tmp_path, "early") if "heldout" in row]
    assert run.result["best_heldout"] == min(held)


def test_a_loss_that_is_no_number_stops_with_advice(tmp_path: Path) -> None:
    write_texts(tmp_path)
    opened = training(tmp_path)
    text = PRETRAIN.format(steps=50) + "rate = 1e30\nclip = 0.0\n"
    with pytest.raises(LossBroken, match=r"The loss became (nan|inf).*Lower train.rate"):
        opened.run(opened.read(recipe(tmp_path, "nan", text)))
    assert opened.get("nan").state is RunState.FAILED


def test_from_text_to_a_tuned_quantised_published_served_model(tmp_path: Path) -> None:
    write_texts(tmp_path)
    write_tasks(tmp_path)
    opened = training(tmp_path)

    def run(name: str, text: str) -> dict[str, Any]:
        found = opened.run(opened.read(recipe(tmp_path, name, text)))
        assert found.state is RunState.DONE
        assert found.result is not None
        return found.result

    chat = '[[data]]\npath = "chat.jsonl"\n[[heldout]]\npath = "test.jsonl"\n'
    first = run("pre", PRETRAIN.format(steps=40) + 'optimizer = "muon"\n')
    assert first["best_heldout"] < 4.5
    labels = '[[evaluate]]\ntask = "generation"\npath = "test.jsonl"\ntokens = 24\nlabels = "chat.jsonl"\n'
    run("tuned", f'kind = "sft"\nbase = "pre"\n{chat}{labels}' + SHORT.format(steps=40, rate=3e-3))
    chosen = {score.metric: score.value for score in opened.leaderboard(task="test")}
    assert chosen["label_accuracy"] >= chosen["exact_match"]
    alone = chosen["label_accuracy_with_tfidf"] - chosen["gain_over_tfidf"]
    assert 0 <= alone <= 1
    run("adapter", f'kind = "lora"\nbase = "pre"\n{chat}' + SHORT.format(steps=8, rate=1e-2))
    assert (tmp_path / "var/training/adapter/adapter/adapter_model.safetensors").exists()
    preferred = run("preferred", f'kind = "dpo"\nbase = "tuned"\n{chat}' + SHORT.format(steps=8, rate=1e-4))
    assert preferred["steps"] == 8
    pairs = {score.metric: score.value for score in opened.leaderboard(task="heldout pairs")}
    assert pairs["preference_accuracy"] >= pairs["preference_accuracy_before"]
    judged = run("judge", f'kind = "reward"\nbase = "tuned"\n{chat}' + SHORT.format(steps=8, rate=1e-3))
    assert "gguf" not in judged
    run(
        "checked",
        f'kind = "grpo"\nbase = "tuned"\n{chat}[reward]\nrule = "both"\nanswers = 2\ntokens = 16\n'
        + SHORT.format(steps=2, rate=1e-4),
    )
    student = TINY.split("[tokenizer]")[0]
    run(
        "student", f'kind = "distill"\n{student}[distill]\nteacher = "tuned"\n{chat}' + SHORT.format(steps=4, rate=1e-3)
    )
    run("merged", 'kind = "merge"\n[merge]\nmethod = "slerp"\nmodels = ["tuned", "preferred"]\n')
    small = run(
        "small",
        'kind = "quantize"\nbase = "merged"\n[quantize]\nbits = 4\nmethod = "gptq"\nsamples = 8\n'
        '[[data]]\npath = "text.jsonl"\n[train]\nsequence = 32\n',
    )  # fmt: skip
    assert small["gguf_bytes"] < first["gguf_bytes"]
    with Kernel.open(KernelConfig(data_dir=tmp_path / "var")) as kernel:
        hub = Hub(kernel, HubConfig())
        assert hub.show("small").source == "training"
        assert "# small" in hub.card("small")
        assert hub.lineage("small")["parents"] == ["merged"]
        assert hub.verify("small").asset.quantisation == "Q4_0"
        models = Models(kernel, ModelsConfig(threads=1, context=128), hub=hub)
        try:
            request = ChatRequest((Message("user", "small dress red"),), max_tokens=8, temperature=0.0)
            answer = models.chat("small", request)
        finally:
            models.close()
    assert answer.usage.output_tokens >= 1
