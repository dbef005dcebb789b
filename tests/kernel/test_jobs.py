"""Jobs: durable, resumable, cancellable."""

import subprocess
import sys

import pytest

from yunqi.kernel import Conflict, Invalid, JobContext, JobState, Kernel, NotFound


def test_a_job_runs_and_keeps_its_result(kernel: Kernel) -> None:
    kernel.jobs.register("add", lambda context: {"sum": context.args["a"] + context.args["b"]})
    job = kernel.jobs.submit("add", {"a": 1, "b": 2})
    done = kernel.jobs.run_once()
    assert done is not None
    assert (done.id, done.state, done.result, done.attempts) == (job.id, JobState.DONE, {"sum": 3}, 1)
    assert kernel.jobs.run_once() is None


def test_the_same_key_gives_the_same_job(kernel: Kernel) -> None:
    kernel.jobs.register("x", lambda context: None)
    assert kernel.jobs.submit("x", {}, key="once").id == kernel.jobs.submit("x", {}, key="once").id


def test_a_failing_handler_fails_its_job_with_the_reason(kernel: Kernel) -> None:
    def fail(context: JobContext) -> None:
        raise Invalid("Row 7 is wrong.")

    kernel.jobs.register("x", fail)
    kernel.jobs.submit("x", {})
    done = kernel.jobs.run_once()
    assert done is not None
    assert (done.state, done.error) == (JobState.FAILED, "Row 7 is wrong.")


def test_a_queued_job_is_cancelled_at_once_and_a_finished_one_not_at_all(kernel: Kernel) -> None:
    kernel.jobs.register("x", lambda context: None)
    job = kernel.jobs.submit("x", {})
    assert kernel.jobs.cancel(job.id).state is JobState.CANCELLED
    assert kernel.jobs.run_once() is None
    with pytest.raises(Conflict, match="already"):
        kernel.jobs.cancel(job.id)


def test_a_running_job_stops_at_its_next_report(kernel: Kernel) -> None:
    def work(context: JobContext) -> None:
        kernel.jobs.cancel(context.job_id)
        context.progress(1, 10, "one")
        raise AssertionError("went on after the cancel")

    kernel.jobs.register("x", work)
    kernel.jobs.submit("x", {})
    done = kernel.jobs.run_once()
    assert done is not None
    assert (done.state, done.done, done.total) == (JobState.CANCELLED, 1, 10)


def test_a_job_of_a_dead_worker_resumes_from_its_saved_place(kernel: Kernel) -> None:
    kernel.jobs.register("x", lambda context: {"from": context.state.get("line", 0)})
    job = kernel.jobs.submit("x", {})
    code = f"""
import os, signal
from pathlib import Path
from yunqi.kernel import Kernel, KernelConfig
kernel = Kernel.open(KernelConfig(data_dir=Path({str(kernel.config.data_dir)!r})))
def work(context):
    context.save({{"line": 42}})
    os.kill(os.getpid(), signal.SIGKILL)
kernel.jobs.register("x", work)
kernel.jobs.run_once()
"""
    dead = subprocess.run([sys.executable, "-c", code], check=False)
    assert dead.returncode == -9
    assert kernel.jobs.get(job.id).state is JobState.RUNNING
    assert kernel.jobs.run_once() is None
    assert kernel.jobs.recover() == 1
    done = kernel.jobs.run_once()
    assert done is not None
    assert (done.state, done.result, done.attempts) == (JobState.DONE, {"from": 42}, 2)


def test_an_unknown_kind_or_job_is_refused(kernel: Kernel) -> None:
    with pytest.raises(Invalid, match="no job kind"):
        kernel.jobs.submit("nope", {})
    with pytest.raises(NotFound):
        kernel.jobs.get(1)
    kernel.jobs.register("x", lambda context: None)
    job = kernel.jobs.submit("x", {}, workspace="a")
    with pytest.raises(NotFound):
        kernel.jobs.get(job.id, workspace="b")
