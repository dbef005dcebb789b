"""One run on several workers of a Ray cluster: each takes its share of every batch, and gradients are averaged.

The workers meet by a file in the run's folder, which all machines of the cluster must see, and average over gloo. When
a worker is lost, all are started again from the last checkpoint: the order of sums is fixed by the ranks, so the curve
is the one of a run that lost nobody.
"""

import datetime
import importlib.util
import os
from pathlib import Path
from typing import Any

import torch

from yunqi.cloud.training.model import WorkerLost
from yunqi.cloud.training.service.worker.channel import STOP, Channel
from yunqi.cloud.training.service.worker.learn import Learning
from yunqi.cloud.training.service.worker.task_model import Task, read_task
from yunqi.kernel.errors import Unavailable

_STARTS = 4
_PATIENCE = datetime.timedelta(seconds=600)


class Member:
    """A worker of the cluster: an actor that learns its share.

    Parameters
    ----------
    meeting
        File by which the workers find each other; a new one for each start.
    """

    def __init__(self, folder: str, rank: int, world: int, meeting: str, threads: int) -> None:
        self._folder = Path(folder)
        self._rank = rank
        self._world = world
        self._meeting = meeting
        self._threads = threads
        self._said: list[dict[str, Any]] = []

    def pid(self) -> int:
        """Return the process's id."""
        return os.getpid()

    def stop(self) -> None:
        """Ask for a stop after the current step."""
        STOP.set()

    def said(self) -> list[dict[str, Any]]:
        """Return the events since the last question."""
        found = list(self._said)
        del self._said[: len(found)]
        return found

    def learn(self) -> dict[str, Any]:
        """Learn to the end; the first worker writes checkpoints and the result."""
        from torch import distributed

        torch.set_num_threads(self._threads)
        torch.use_deterministic_algorithms(True, warn_only=True)
        distributed.init_process_group(
            "gloo", init_method=f"file://{self._meeting}", rank=self._rank, world_size=self._world, timeout=_PATIENCE
        )
        try:
            learning = Learning(read_task(self._folder), _Notes(self._said), rank=self._rank, world=self._world)
            model, progress, tokens = learning.run(self._averaged)
            folder = str(learning.save(model)) if self._rank == 0 else ""
        finally:
            distributed.destroy_process_group()
        return {
            "model": folder, "parameters": sum(weight.numel() for weight in model.parameters()),
            "steps": progress.step, "seconds": round(progress.seconds, 1), "trained_tokens": tokens * self._world,
            "notes": progress.notes, "best_heldout": None if progress.best == float("inf") else progress.best,
        }  # fmt: skip

    def _averaged(self, weights: list[Any], values: list[float]) -> list[float]:
        from torch import distributed

        gradients = [weight.grad.flatten() for weight in weights]
        flat = torch.cat([*gradients, torch.tensor(values)])
        distributed.all_reduce(flat)
        flat /= self._world
        start = 0
        for weight in weights:
            weight.grad = flat[start : start + weight.numel()].view_as(weight).clone()
            start += weight.numel()
        return flat[start:].tolist()


class _Notes(Channel):
    """A channel that keeps events until they are asked for."""

    def __init__(self, said: list[dict[str, Any]]) -> None:
        self._kept = said

    def send(self, event: str, **values: Any) -> None:
        """Keep one event."""
        self._kept.append({"event": event, **values})


def learn_together(task: Task, channel: Channel) -> dict[str, Any]:
    """Learn on a Ray cluster: the one at ``RAY_ADDRESS``, or one made on this machine; returns what is known of the result.

    Raises
    ------
    WorkerLost
        When workers were lost more often than they are started again.
    """
    if importlib.util.find_spec("ray") is None:
        raise Unavailable("train.workers above 1 needs the extra `cluster`: scripts/setup cluster")
    import ray

    world = task.recipe.train.workers
    address = os.environ.get("RAY_ADDRESS")
    made: dict[str, Any] = {} if address else {"num_cpus": world, "include_dashboard": False}
    ray.init(address=address, logging_level="error", log_to_driver=False, **made)
    try:
        for start in range(_STARTS):
            result = _attempt(ray, task, channel, start)
            if result is not None:
                return result
            channel.send("lost", start=start + 1)
    finally:
        ray.shutdown()
    raise WorkerLost(f"Workers were lost {_STARTS} times. The last checkpoint is kept; run it again to go on.")


def _attempt(ray: Any, task: Task, channel: Channel, start: int) -> dict[str, Any] | None:
    """Run all workers to the end; returns None when one was lost."""
    world = task.recipe.train.workers
    meeting = task.folder / f"meeting-{os.getpid()}-{start}"
    meeting.unlink(missing_ok=True)
    kind = ray.remote(Member).options(num_cpus=1, max_concurrency=3)
    threads = max(1, task.threads // world)
    members = [kind.remote(str(task.folder), rank, world, str(meeting), threads) for rank in range(world)]
    try:
        channel.send("workers", pids=ray.get([member.pid.remote() for member in members]))
        return _watched(ray, members, channel)
    except (ray.exceptions.RayActorError, _Lost):
        return None
    finally:
        for member in members:
            ray.kill(member)
        meeting.unlink(missing_ok=True)


def _watched(ray: Any, members: list[Any], channel: Channel) -> dict[str, Any]:
    waiting = [member.learn.remote() for member in members]
    first, stopping = waiting[0], False
    while waiting:
        done, waiting = ray.wait(waiting, timeout=0.3)
        for event in ray.get(members[0].said.remote()):
            channel.send(**event)
        if STOP.is_set() and not stopping:
            stopping = True
            ray.get([member.stop.remote() for member in members])
        for found in done:
            _require_alive(ray, found)
    result: dict[str, Any] = ray.get(first)
    return result


def _require_alive(ray: Any, found: Any) -> None:
    """Raise what a worker raised; a broken line to a lost worker counts as that worker's loss."""
    try:
        ray.get(found)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, RuntimeError) and "allocate memory" not in str(error.cause):
            raise _Lost from error
        raise error.cause from None


class _Lost(Exception):
    """A worker is gone."""
