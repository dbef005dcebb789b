"""Checkpoints: the whole state of a run in one file that is either there and whole, or not there.

A file is written beside its place, synced and renamed, so a kill at any moment leaves the last whole one. The place in
the data is the step itself (see `engine.packing`), and a step's random numbers follow from the saved generator.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from yunqi.cloud.training.model import WorkerLost


@dataclass(slots=True)
class Progress:
    """Where a run stands.

    Parameters
    ----------
    step
        Optimiser steps taken.
    best, since_best, best_step
        Best held-out loss so far, looks since then, and its step.
    seconds, tokens
        Time worked and tokens seen, over all starts.
    """

    step: int = 0
    best: float = float("inf")
    since_best: int = 0
    best_step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    notes: dict[str, Any] = field(default_factory=dict)


class Checkpoints:
    """The checkpoints of one run.

    Parameters
    ----------
    keep
        How many are kept.
    """

    def __init__(self, folder: Path, *, keep: int) -> None:
        self._folder = folder / "checkpoints"
        self._losses = folder / "losses.jsonl"
        self._keep = keep

    def save(self, progress: Progress, *, weights: dict[str, Any], optimiser: dict[str, Any]) -> None:
        """Write a checkpoint and drop the oldest."""
        self._folder.mkdir(parents=True, exist_ok=True)
        state = {
            "progress": json.dumps(asdict(progress)),
            "weights": weights,
            "optimiser": optimiser,
            "random": torch.get_rng_state(),
        }
        target = self._folder / f"step-{progress.step:08d}.pt"
        temporary = target.with_suffix(".new")
        with temporary.open("wb") as out:
            torch.save(state, out)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, target)
        _sync_folder(self._folder)
        for old in sorted(self._folder.glob("step-*.pt"))[: -self._keep]:
            old.unlink()

    def save_best(self, weights: dict[str, Any]) -> None:
        """Keep the weights with the best held-out loss apart."""
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = self._folder / "best.new"
        torch.save(weights, temporary)
        os.replace(temporary, self._folder / "best.pt")

    def best(self) -> dict[str, Any] | None:
        """Return the weights with the best held-out loss, when they were kept."""
        file = self._folder / "best.pt"
        found: dict[str, Any] | None = torch.load(file, weights_only=True) if file.exists() else None
        return found

    def latest(self) -> tuple[Progress, dict[str, Any]] | None:
        """Return the newest checkpoint and forget losses written after it; None at the start of a run."""
        files = sorted(self._folder.glob("step-*.pt"))
        if not files:
            self._losses.unlink(missing_ok=True)
            return None
        try:
            state: dict[str, Any] = torch.load(files[-1], weights_only=True)
        except (RuntimeError, EOFError, OSError) as error:
            raise WorkerLost(
                f"The checkpoint {files[-1]} cannot be read ({error}). Remove it to go on from the one before."
            ) from error
        progress = Progress(**json.loads(state["progress"]))
        self._forget_after(progress.step)
        return progress, state

    def log(self, step: int, values: dict[str, Any]) -> None:
        """Add a line to the loss curve."""
        with self._losses.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"step": step, **values}) + "\n")

    def _forget_after(self, step: int) -> None:
        lines = self._losses.read_text(encoding="utf-8").splitlines() if self._losses.exists() else []
        kept = []
        for line in lines:
            try:
                if json.loads(line)["step"] <= step:
                    kept.append(line + "\n")
            except (json.JSONDecodeError, KeyError):  # a line that the kill cut in two
                continue
        temporary = self._losses.with_suffix(".new")
        temporary.write_text("".join(kept), encoding="utf-8")
        os.replace(temporary, self._losses)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
