"""``yunqi train FILE.toml`` and ``yunqi training``: run recipes, look at runs, cards and the leaderboard."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from yunqi.cloud.training.model import Plan, Run, Score
from yunqi.cloud.training.service import Training
from yunqi.kernel.printing import print_json


class HasTraining(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def training(self) -> Training:
        """The training service."""


OpenApp = Callable[[], AbstractContextManager[HasTraining]]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Name = Annotated[str, typer.Argument(help="Name of the run.")]


def add_train(root: typer.Typer, open_app: OpenApp) -> None:
    """Add the command ``train``."""

    @root.command(epilog="Examples: yunqi train run.toml --dry-run | yunqi train run.toml --json")
    def train(
        file: Annotated[Path, typer.Argument(help="A recipe: one TOML file.")],
        dry_run: Annotated[bool, typer.Option(help="Print tokens, steps, memory, time and cost, and stop.")] = False,
        fresh: Annotated[bool, typer.Option(help="Forget what an earlier run of this name did.")] = False,
        background: Annotated[bool, typer.Option(help="Queue it as a job; `yunqi jobs work` runs it.")] = False,
        as_json: AsJson = False,
    ) -> None:
        """Run a training recipe; run it again to go on where it stopped. Example: yunqi train run.toml --dry-run"""
        with open_app() as opened:
            recipe = opened.training.read(file)
            if dry_run:
                _print_plan(opened.training.plan(recipe), as_json)
            elif background:
                job = opened.training.submit(recipe)
                print_json({"job": str(job)}, compact=True) if as_json else print(f"Queued as job {job}.")
            else:
                with _bar(recipe.name) as report:
                    run = opened.training.run(recipe, progress=report, fresh=fresh)
                _print_run(run, as_json)


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands of ``training``."""
    app = typer.Typer(help="Training runs: list, show, losses, card, leaderboard, cancel.", no_args_is_help=True)

    @app.command("list", help="List training runs, newest first.")
    def list_(as_json: AsJson = False) -> None:
        with open_app() as opened:
            runs = opened.training.runs()
        if as_json:
            print_json({"runs": [run_json(run) for run in runs]}, compact=True)
            return
        _table(["name", "kind", "state", "step", "asset", "message"], [
            [r.name, r.kind, r.state.value, f"{r.step}/{r.steps}", r.asset or "", r.error or r.message] for r in runs
        ])  # fmt: skip

    @app.command(help="Show one run with its results.")
    def show(name: Name, as_json: AsJson = False) -> None:
        with open_app() as opened:
            _print_run(opened.training.get(name), as_json)

    @app.command(help="Print a run's loss curve.")
    def losses(name: Name, as_json: AsJson = False) -> None:
        with open_app() as opened:
            found = opened.training.losses(name)
        if as_json:
            print_json({"run": name, "losses": found}, compact=True)
        for row in found if not as_json else ():
            held = f"  held out {row['heldout']:.4f}" if "heldout" in row else ""
            print(f"{row['step']:6} {row['loss']:.4f}{held}")

    @app.command(help="Print the model card of a finished run.")
    def card(name: Name) -> None:
        with open_app() as opened:
            print(opened.training.card(name))

    @app.command(help="List all models' scores, the best of each task first.")
    def leaderboard(task: Annotated[str, typer.Option(help="One task only.")] = "", as_json: AsJson = False) -> None:
        with open_app() as opened:
            scores = opened.training.leaderboard(task=task or None)
        if as_json:
            print_json({"scores": [dataclasses.asdict(score) for score in scores]}, compact=True)
            return
        _table(["task", "metric", "model", "value", "95 % interval", "examples"], [_score_row(s) for s in scores])

    @app.command(help="Measure an interpolated Kneser-Ney model of a run's own tokens on its held-out text.")
    def baseline(
        name: Name,
        order: Annotated[int, typer.Option(help="Longest n-gram.", min=1, max=9)] = 5,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            scores = opened.training.ngram_baseline(name, order=order)
        if as_json:
            print_json({"scores": [dataclasses.asdict(score) for score in scores]}, compact=True)
            return
        _table(["task", "metric", "model", "value", "95 % interval", "examples"], [_score_row(s) for s in scores])

    @app.command(help="Ask a background run to stop after its current step; its checkpoint is kept.")
    def cancel(name: Name, as_json: AsJson = False) -> None:
        with open_app() as opened:
            _print_run(opened.training.cancel(name), as_json)

    return app


def run_json(run: Run) -> dict[str, Any]:
    """Return a run as commands and routes show it."""
    found = dataclasses.asdict(run)
    return found | {"id": str(run.id), "job_id": str(run.job_id) if run.job_id else None, "state": run.state.value}


def _score_row(score: Score) -> list[str]:
    interval = f"{score.low:.4g} to {score.high:.4g}"
    return [score.task, score.metric, score.model, f"{score.value:.4g}", interval, str(score.examples)]


def _print_plan(plan: Plan, as_json: bool) -> None:
    if as_json:
        print_json(dataclasses.asdict(plan), compact=True)
        return
    about = "" if plan.exact else " (estimated)"
    rows = [
        ("run", f"{plan.name}, {plan.kind}"),
        ("parameters", f"{plan.parameters:,}, of which {plan.trainable:,} learn"),
        ("data", f"{plan.documents:,} documents, {plan.tokens:,} tokens{about}"),
        ("steps", f"{plan.steps:,} over {plan.trained_tokens:,} tokens"),
        ("memory", f"{plan.memory_bytes / 1e9:.2f} GB of {plan.available_bytes / 1e9:.1f} GB free"),
        ("time", f"{plan.seconds:,.0f} s ({plan.core_hours:.2f} core hours) at {plan.rate / 1e9:.0f} GFLOP/s"),
        ("cost", f"{plan.cost} {plan.currency} in hundredths"),
        ("fits", "yes" if plan.fits else "no: " + "; ".join(plan.advice)),
    ]
    for name, value in rows:
        print(f"{name:11} {value}")


def _print_run(run: Run, as_json: bool) -> None:
    if as_json:
        print_json(run_json(run), compact=True)
        return
    for name, value in run_json(run).items():
        if value not in (None, ""):
            print(f"{name:12} {value}")


@contextmanager
def _bar(name: str) -> Iterator[Callable[[int, int, str], None]]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total, text: bar.update(
            task, completed=done, total=total or None, description=f"{name}: {text}"
        )


def _table(head: list[str], rows: list[list[str]]) -> None:
    table = Table(*head, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
