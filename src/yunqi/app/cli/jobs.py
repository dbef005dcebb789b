"""`yunqi jobs`: the background work."""

import os
import signal
import time
from typing import Annotated, Any

import typer

from yunqi.app.application import OpenApp
from yunqi.app.cli.output import AsJson
from yunqi.kernel import Job, Kernel
from yunqi.kernel.printing import print_json, print_table


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands."""
    app = typer.Typer(help="Background jobs: list, show, cancel, work.", no_args_is_help=True)

    @app.command("list")
    def list_(
        state: Annotated[str, typer.Option(help="queued, running, done, failed or cancelled.")] = "",
        limit: Annotated[int, typer.Option(help="At most so many.")] = 50,
        as_json: AsJson = False,
    ) -> None:
        """List jobs, newest first."""
        with open_app() as opened:
            rows = [_shown(job) for job in opened.kernel.jobs.list(state=state or None, limit=limit)]
        print_json({"jobs": rows}) if as_json else print_table(rows, empty="There are no jobs.")

    @app.command()
    def show(job_id: Annotated[int, typer.Argument(help="The job's id.")], as_json: AsJson = False) -> None:
        """Show one job."""
        with open_app() as opened:
            row = _shown(opened.kernel.jobs.get(job_id))
        print_json(row) if as_json else print_table([row], empty="")

    @app.command()
    def cancel(job_id: Annotated[int, typer.Argument(help="The job's id.")], as_json: AsJson = False) -> None:
        """Ask a job to stop."""
        with open_app() as opened:
            row = _shown(opened.kernel.jobs.cancel(job_id))
        print_json(row) if as_json else print(f"Job {job_id}: {row['state']}.")

    @app.command()
    def work(
        once: Annotated[bool, typer.Option(help="Stop when nothing waits.")] = False,
        parent: Annotated[int, typer.Option(help="Stop when this process is gone.", hidden=True)] = 0,
    ) -> None:
        """Run jobs until stopped. `yunqi up` starts one worker itself; more may run beside it."""
        with open_app() as opened:
            _work(opened.kernel, once=once, parent=parent)

    return app


def _work(kernel: Kernel, *, once: bool, parent: int) -> None:
    stopping = False

    def stop(_number: int, _frame: Any) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    kernel.jobs.recover()
    while not stopping and (not parent or os.getppid() == parent):
        if kernel.jobs.run_once() is None:
            if once:
                return
            time.sleep(0.5)


def _shown(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state.value,
        "done": job.done,
        "total": job.total,
        "message": job.message,
        "error": job.error,
        "result": job.result,
        "attempts": job.attempts,
        "created_at": job.created_at,
    }
