"""`yunqi demo train`: from real text to a served and billed model, in one command."""

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from yunqi.app.application import App, OpenApp
from yunqi.app.cli.output import AsJson
from yunqi.flows.lesson import LONG, SHORT, Lesson, teach
from yunqi.flows.lesson_tasks import TASKS
from yunqi.kernel import Unavailable
from yunqi.kernel.printing import print_json

_PATIENCE = 120.0


def add(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the command to the group ``demo``."""

    @app.command()
    def train(
        short: Annotated[
            bool, typer.Option(help="A tiny model on a part of the data: minutes instead of an hour.")
        ] = False,
        as_json: AsJson = False,
    ) -> None:
        """Pretrain, tune, measure, quantise, publish, serve and bill a model. Example: yunqi demo train --short"""
        with open_app() as opened:
            folder = opened.settings.kernel.data_dir.resolve() / "training" / "lesson"
            lesson = teach(opened.training, opened.models, folder, scale=SHORT if short else LONG, say=_say)
            prompts = [_first(folder / f"{task}-test.jsonl") for task in TASKS]
            bill = _ask(opened, lesson.published[-1], prompts)
        document = _document(lesson) | bill
        print_json(document) if as_json else _print(document)


def _ask(opened: App, model: str, prompts: list[str]) -> dict[str, Any]:
    """Serve the data folder, ask the model by the official client, and return answers and bill."""
    key, secret = opened.kernel.auth.create_key("default", "training demo", frozenset({"models", "read"}))
    try:
        with _served(opened) as address:
            answers = [{"prompt": prompt, "answer": _complete(address, secret, model, prompt)} for prompt in prompts]
            bill = _get(f"{address}/v1/usage?by=model", secret)
    finally:
        opened.kernel.auth.revoke("default", key.id)
    rows = [row for row in bill["rows"] if row["key"] == model]
    return {"served": model, "answers": answers, "bill": rows}


@contextmanager
def _served(opened: App) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ, "YUNQI_DATA_DIR": str(opened.settings.kernel.data_dir), "YUNQI_HOST": "127.0.0.1",
        "YUNQI_PORT": str(port), "YUNQI_WORKER": "false", "YUNQI_LOG_LEVEL": "error",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "yunqi", "serve"], env=environment, stdout=sys.stderr, stdin=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address)
        yield address
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        process.kill()


def _wait(process: "subprocess.Popen[bytes]", address: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                return
        time.sleep(0.2)
    raise Unavailable("The server of the demo did not start. Run `yunqi serve` to see why.")


def _complete(address: str, secret: str, model: str, prompt: str) -> str:
    """Ask through OpenAI's client where it is installed, otherwise through the same protocol by hand."""
    messages = [{"role": "user", "content": prompt}]
    try:
        import openai
    except ImportError:
        body = {"model": model, "messages": messages, "max_tokens": 64, "temperature": 0}
        reply = _get(f"{address}/v1/chat/completions", secret, body)
        return str(reply["choices"][0]["message"]["content"])
    client = openai.OpenAI(base_url=f"{address}/v1", api_key=secret)
    found = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": prompt}], max_tokens=64, temperature=0
    )
    return found.choices[0].message.content or ""


def _get(url: str, secret: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=_PATIENCE) as reply:
        found: dict[str, Any] = json.loads(reply.read())
        return found


def _first(path: Any) -> str:
    with path.open(encoding="utf-8") as lines:
        return str(json.loads(lines.readline())["prompt"])


def _document(lesson: Lesson) -> dict[str, Any]:
    runs = [
        {"name": run.name, "kind": run.kind, "asset": run.asset, "steps": run.step, "result": run.result}
        for run in lesson.runs
    ]
    scores = [dataclasses.asdict(score) for score in lesson.scores]
    return {"runs": runs, "scores": scores, "margin_over_ngrams": round(lesson.margin, 4)}


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S', time.gmtime())} {text}", file=sys.stderr, flush=True)


def _print(document: dict[str, Any]) -> None:
    for score in document["scores"]:
        interval = f"{score['low']:.4g} to {score['high']:.4g}"
        print(f"{score['task']:18} {score['metric']:18} {score['model']:24} {score['value']:.4g} ({interval})")
    print(f"\nPerplexity a word is {document['margin_over_ngrams']:.1%} below the n-gram model's.")
    for pair in document["answers"]:
        print(f"\n> {pair['prompt']}\n{pair['answer']}")
    print(f"\nThe bill of {document['served']}:")
    for row in document["bill"]:
        print(f"  {row['meter']:22} {row['quantity']}")
