"""Starts the training process, listens to it, and stops it."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from yunqi.cloud.training.model import DataBroken, LossBroken, MemoryShort, Stopped, WorkerLost
from yunqi.kernel.errors import Error, Invalid, Unavailable

OnEvent = Callable[[dict[str, Any]], None]

_KINDS: dict[str, type[Error]] = {
    "DataBroken": DataBroken,
    "MemoryShort": MemoryShort,
    "LossBroken": LossBroken,
    "WorkerLost": WorkerLost,
    "Stopped": Stopped,
    "Invalid": Invalid,
}
_NEEDED = ("torch", "transformers", "tokenizers", "safetensors")


def require_extra() -> None:
    """Raise `Unavailable` when the libraries of the extra are not installed."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise Unavailable(f"Training needs the extra `train` ({', '.join(missing)} missing): scripts/setup train")


class Runner:
    """One training process over a run's folder.

    Parameters
    ----------
    folder
        Holds task.json; everything of the run is kept here.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, on_event: OnEvent) -> dict[str, Any]:
        """Run to the end and return the ``done`` event.

        Parameters
        ----------
        on_event
            Called with each event. What it raises stops the process after its current step, checkpoint kept.

        Raises
        ------
        DataBroken, MemoryShort, LossBroken, WorkerLost, Invalid
            As the process said, or `WorkerLost` when it ended without a word.
        """
        require_extra()
        with (self._folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "yunqi.cloud.training.service.worker", str(self._folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONWARNINGS": "ignore", "HF_HUB_OFFLINE": "1"},
            )
            try:
                return self._listen(process, on_event)
            finally:
                _stop(process)

    def _listen(self, process: "subprocess.Popen[bytes]", on_event: OnEvent) -> dict[str, Any]:
        assert process.stdout is not None
        failed: dict[str, Any] | None = None
        with (self._folder / "events.jsonl").open("ab") as kept:
            for line in process.stdout:
                event = json.loads(line)
                _keep(kept, line)
                if event["event"] == "failed":
                    failed = event
                on_event(event)
                if event["event"] == "done":
                    process.wait()
                    return dict(event)
        code = process.wait()
        if failed is not None:
            raise _KINDS.get(failed["kind"], Unavailable)(failed["message"])
        raise WorkerLost(self._last_words(code))

    def _last_words(self, code: int) -> str:
        log = self._folder / "worker.log"
        if code == -9:
            return (
                "The training process was killed; when nobody did it, memory ran out. The last checkpoint is kept: run "
                "it again to go on, with a smaller train.batch and a larger accumulation if memory was short."
            )
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        said = lines[-1] if lines else "it said nothing"
        return f"The training process ended with code {code}: {said}. See {log}; run it again to go on from its checkpoint."


def _keep(kept: IO[bytes], line: bytes) -> None:
    kept.write(line)
    kept.flush()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None and process.stdin is not None:
        try:
            process.stdin.write(b"stop\n")  # it saves a checkpoint after its current step
            process.stdin.flush()
            process.wait(timeout=20)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            process.kill()
            process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
