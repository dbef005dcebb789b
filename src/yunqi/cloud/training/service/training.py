"""The service of training."""

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from yunqi.cloud.hub import Hub
from yunqi.cloud.training.config import TrainingConfig
from yunqi.cloud.training.engine.plan import Counted, plan_of
from yunqi.cloud.training.engine.recipes import canonical, identity, read_recipe, recipe_of
from yunqi.cloud.training.model import (
    Kind,
    MemoryShort,
    Plan,
    Recipe,
    Run,
    RunState,
    Score,
    Stopped,
    TrainingFinished,
)
from yunqi.cloud.training.service.baselines import answer_scores, ngram_scores, tfidf_scores
from yunqi.cloud.training.service.machine import machine
from yunqi.cloud.training.service.places import Places, shape, weights_in
from yunqi.cloud.training.service.publishing import publish
from yunqi.cloud.training.service.reading import resolve, scan
from yunqi.cloud.training.service.runner import Runner, require_extra
from yunqi.cloud.training.store import TrainingStore
from yunqi.kernel import Conflict, Error, Invalid, JobCancelled, Kernel, NotFound

Progress = Callable[[int, int, str], None]

_WORKSPACE = "default"


def _silent(done: int, total: int, message: str) -> None:
    """Report nothing."""


class Training:
    """Runs recipes and keeps what came of them.

    Parameters
    ----------
    hub
        Where results are published, and where models to start from may come from.
    """

    def __init__(self, kernel: Kernel, config: TrainingConfig, *, hub: Hub) -> None:
        self._kernel = kernel
        self.config = config
        self._hub = hub
        self._store = TrainingStore(kernel.store)
        self._places = Places(kernel.config.data_dir.resolve() / "training", hub)

    def read(self, path: Path) -> Recipe:
        """Read a recipe file.

        Raises
        ------
        Invalid
            When it is not there, not TOML, or has a key or value that cannot be.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid(
                f"The recipe {path} cannot be read: {error}. Give the path of a TOML file.", param="file"
            ) from error
        return read_recipe(text, folder=str(path.resolve().parent), where=str(path))

    def plan(self, recipe: Recipe) -> Plan:
        """Say what a run will take: tokens, steps, memory, time and cost. Reads the data once, and checks every line's form.

        Raises
        ------
        Invalid, DataBroken
            When a file is missing or a line is not valid.
        """
        threads = self._threads(recipe)
        return plan_of(recipe, self._count(recipe), machine(self.config, threads=threads))

    def run(
        self, recipe: Recipe, *, progress: Progress = _silent, job_id: int | None = None, fresh: bool = False,
        on_event: Callable[[dict[str, Any]], None] = lambda event: None, workspace: str = _WORKSPACE,
    ) -> Run:  # fmt: skip
        """Run a recipe to its end, or go on with a run that was broken off; a finished one is returned as it is.

        Parameters
        ----------
        progress
            Called with steps done, steps in all and a message; what it raises stops the run, checkpoint kept.
        fresh
            Forget what an earlier run of this name did.
        on_event
            Called with each event of the training process.

        Raises
        ------
        Conflict
            When the name belongs to a run of another recipe.
        MemoryShort
            When it cannot fit into memory, with a plan that does.
        DataBroken, LossBroken, WorkerLost
            When it failed; the last checkpoint is kept.
        """
        require_extra()
        with self._places.held(recipe.name):
            return self._run(recipe, progress, job_id, fresh, on_event, workspace)

    def _run(
        self, recipe: Recipe, progress: Progress, job_id: int | None, fresh: bool,
        on_event: Callable[[dict[str, Any]], None], workspace: str,
    ) -> Run:  # fmt: skip
        folder = self._places.run(recipe.name)
        found = self._store.run(workspace, recipe.name)
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        elif found is not None and self._hash(found) != identity(recipe):
            raise Conflict(
                f"The run {recipe.name} was made by another recipe. Give this one another name, or start over with --fresh.",
                param="name",
            )
        elif found is not None and found.state is RunState.DONE:
            return found
        plan = self.plan(recipe)
        if not plan.fits:
            raise MemoryShort(_too_large(plan))
        self._write_task(recipe, folder)
        self._begin(recipe, folder, plan, job_id, workspace)
        return self._attend(recipe, folder, progress, on_event, workspace)

    def runs(self, *, limit: int = 100, workspace: str = _WORKSPACE) -> list[Run]:
        """Return runs, newest first."""
        return [self._seen(run) for run in self._store.runs(workspace, limit=limit)]

    def get(self, name: str, *, workspace: str = _WORKSPACE) -> Run:
        """Return a run.

        Raises
        ------
        NotFound
            When there is none of this name.
        """
        found = self._store.run(workspace, name)
        if found is None:
            raise NotFound(f"There is no training run {name!r}. `yunqi training list` shows them.", param="name")
        return self._seen(found)

    def losses(self, name: str, *, workspace: str = _WORKSPACE) -> list[dict[str, Any]]:
        """Return a run's loss curve: step, loss, gradient, and the held-out loss where it was looked at."""
        return _lines(Path(self.get(name, workspace=workspace).folder) / "losses.jsonl")

    def events(self, name: str, *, after: int = 0, workspace: str = _WORKSPACE) -> list[dict[str, Any]]:
        """Return what a run's process said, from the event number ``after`` on."""
        return _lines(Path(self.get(name, workspace=workspace).folder) / "events.jsonl")[after:]

    def card(self, name: str, *, workspace: str = _WORKSPACE) -> str:
        """Return the model card of a finished run, as Markdown."""
        place = Path(self.get(name, workspace=workspace).folder) / "card.md"
        if not place.exists():
            raise NotFound(f"The run {name} has no card yet: it is written when the run is done.")
        return place.read_text(encoding="utf-8")

    def leaderboard(self, *, task: str | None = None, workspace: str = _WORKSPACE) -> list[Score]:
        """Return every model's scores, each task's and metric's best first."""
        found = self._store.scores(workspace, task=task)
        return sorted(found, key=lambda s: (s.task, s.metric, -s.value if s.higher_is_better else s.value))

    def record(self, scores: list[Score], *, workspace: str = _WORKSPACE) -> None:
        """Put scores that were measured elsewhere, as a baseline's, on the leaderboard."""
        with self._kernel.store.begin() as tx:
            self._store.keep_scores(tx, workspace, scores, at=self._kernel.clock())

    def ngram_baseline(self, name: str, *, order: int = 5, workspace: str = _WORKSPACE) -> list[Score]:
        """Measure an interpolated Kneser-Ney model of a run's own tokens on its held-out text, and record it."""
        run = self.get(name, workspace=workspace)
        recipe = self._recipe(run)
        if not recipe.heldout or recipe.kind.reads != "text":
            raise Invalid(f"The run {name} has no [[heldout]] text, so there is nothing to compare.", param="name")
        source = recipe.heldout[0]
        path = resolve(source.path, recipe.folder)
        scores = ngram_scores(
            Path(run.folder), path, field=source.field, order=order, task=path.stem, seed=recipe.seed
        )  # fmt: skip
        self.record(scores, workspace=workspace)
        return scores

    def tfidf_baseline(
        self, train: Path, test: Path, *, check: Path | None = None, seed: int = 0, workspace: str = _WORKSPACE
    ) -> list[Score]:
        """Measure TF-IDF on files of prompts and answers, and record it under the test file's name.

        Parameters
        ----------
        check
            Examples by which the linear classifier's penalty is chosen.
        """
        found = [resolve(str(path), ".") for path in (train, test)]
        far = resolve(str(check), ".") if check else None
        scores = tfidf_scores(found[0], found[1], task=test.stem, seed=seed, check=far)
        self.record(scores, workspace=workspace)
        return scores

    def answers_baseline(
        self, name: str, answers: list[str], test: Path, *, seed: int = 0, workspace: str = _WORKSPACE
    ) -> list[Score]:
        """Measure answers that something else than a model gave to a test's prompts, and record them under its name."""
        scores = answer_scores(name, answers, resolve(str(test), "."), task=test.stem, seed=seed)
        self.record(scores, workspace=workspace)
        return scores

    def submit(self, recipe: Recipe, *, workspace: str = _WORKSPACE) -> int:
        """Queue a recipe as a background job and return the job's id."""
        args = {"recipe": canonical(recipe), "folder": recipe.folder}
        job = self._kernel.jobs.submit("training.run", args, workspace=workspace)
        return job.id

    def run_job(self, args: dict[str, Any], *, progress: Progress, job_id: int, workspace: str) -> Run:
        """Run what `submit` queued."""
        if not isinstance(args.get("recipe"), dict):
            raise Invalid('The job training.run needs args {"recipe": {...}, "folder": "..."}.', param="recipe")
        recipe = recipe_of(args["recipe"], folder=str(args.get("folder", ".")))
        return self.run(recipe, progress=progress, job_id=job_id, workspace=workspace)

    def cancel(self, name: str, *, workspace: str = _WORKSPACE) -> Run:
        """Ask a run's job to stop after its current step; its checkpoint is kept."""
        run = self.get(name, workspace=workspace)
        if run.job_id is None:
            raise Conflict(f"The run {name} is not a background job: stop its command with Ctrl-C.")
        self._kernel.jobs.cancel(run.job_id, workspace=workspace)
        return self.get(name, workspace=workspace)

    def read_text(self, text: str) -> Recipe:
        """Read a recipe that came over the network: its paths stay inside the folder ``training/data``.

        Raises
        ------
        Invalid
            For a path that leads elsewhere.
        """
        recipe = read_recipe(text, folder=str(self._places.root / "data"))
        paths = [item.path for item in (*recipe.data, *recipe.heldout)] + [suite.path for suite in recipe.evaluate]
        paths += [
            recipe.base,
            recipe.distill.teacher,
            *recipe.merge.models,
            recipe.tokenizer.file,
            recipe.reward.schema,
        ]
        for path in filter(None, paths):
            if Path(path).is_absolute() or ".." in Path(path).parts or path.startswith("~"):
                raise Invalid(
                    f"The path {path!r} is not allowed here: name files in the server's folder {self._places.root / 'data'}.",
                    param="path",
                )
        return recipe

    def _seen(self, run: Run) -> Run:
        """Return a run whose process is gone as what it is: stopped."""
        if run.state is not RunState.RUNNING or self._places.is_held(run.name):
            return run
        return dataclasses.replace(
            run, state=RunState.STOPPED, message="its process is gone; run it again to go on from the last checkpoint"
        )

    def _recipe(self, run: Run) -> Recipe:
        task = json.loads((Path(run.folder) / "task.json").read_text(encoding="utf-8"))
        return recipe_of(task["recipe"], folder=task["folder"])

    def _hash(self, run: Run) -> str:
        """Return the hash of a run's recipe as this release reads it: a key that a release adds changes no run."""
        try:
            return identity(self._recipe(run))
        except (OSError, Invalid):  # its folder is gone, or its recipe has a key that is gone
            return run.recipe_hash

    def _threads(self, recipe: Recipe) -> int:
        return recipe.train.threads or self.config.threads or os.cpu_count() or 1

    def _count(self, recipe: Recipe) -> Counted:
        prepared = self._places.run(recipe.name) / "data" / "prepared.json"
        known = json.loads(prepared.read_text(encoding="utf-8")) if prepared.exists() else None
        documents, characters = scan(recipe)
        if recipe.kind in (Kind.PRETRAIN,) and not recipe.base:
            sizes = recipe.model
            vocabulary = recipe.tokenizer.vocabulary
            return Counted(
                documents, characters, known["tokens"] if known else None, sizes.parameters(vocabulary), vocabulary,
                sizes.hidden, sizes.layers, sizes.intermediate,
            )  # fmt: skip
        name = recipe.base or (recipe.merge.models[0] if recipe.merge.models else recipe.distill.teacher)
        config = shape(self._places.model(name, recipe.folder))
        return Counted(
            documents, characters, known["tokens"] if known else None, weights_in(config), config["vocab_size"],
            config["hidden_size"], config["num_hidden_layers"], config["intermediate_size"],
        )  # fmt: skip

    def _write_task(self, recipe: Recipe, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)

        def place(name: str) -> str | None:
            return str(self._places.model(name, recipe.folder)) if name else None

        task = {
            "recipe": canonical(recipe), "folder": recipe.folder, "base": place(recipe.base),
            "teacher": place(recipe.distill.teacher) if recipe.kind is Kind.DISTILL else None,
            "models": [place(name) for name in recipe.merge.models], "threads": self._threads(recipe),
            "nice": self.config.nice,
        }  # fmt: skip
        (folder / "task.json").write_text(json.dumps(task, indent=2, ensure_ascii=False), encoding="utf-8")

    def _begin(self, recipe: Recipe, folder: Path, plan: Plan, job_id: int | None, workspace: str) -> None:
        run = Run(
            0, recipe.name, recipe.kind.value, RunState.RUNNING, identity(recipe), str(folder), 0, plan.steps,
            "starting", None, None, None, job_id, self._kernel.clock(), None,
        )  # fmt: skip
        self._store.begin(workspace, run, canonical(recipe))

    def _attend(
        self,
        recipe: Recipe,
        folder: Path,
        progress: Progress,
        on_event: Callable[[dict[str, Any]], None],
        workspace: str,
    ) -> Run:
        def hear(event: dict[str, Any]) -> None:
            on_event(event)
            if event["event"] == "progress":
                self._store.report(
                    workspace, recipe.name, step=event["done"], steps=event["total"], message=_words(event)
                )
                progress(event["done"], event["total"], _words(event))

        try:
            result = Runner(folder).run(hear)
        except (Stopped, JobCancelled, KeyboardInterrupt) as error:
            self._end(workspace, recipe, RunState.STOPPED, error=str(error) or "stopped")
            raise
        except Error as error:
            self._end(workspace, recipe, RunState.FAILED, error=error.message)
            raise
        return self._finish(recipe, folder, result, workspace)

    def _finish(self, recipe: Recipe, folder: Path, result: dict[str, Any], workspace: str) -> Run:
        scores = [Score(**{**score, "model": recipe.publish.name or recipe.name}) for score in result.pop("scores", [])]
        asset = publish(self._hub, recipe, folder, result, scores)
        steps = int(result.get("steps", 0))
        self._store.report(workspace, recipe.name, step=steps, steps=steps, message="done")
        now = self._kernel.clock()
        with self._kernel.store.begin() as tx:
            self._store.keep_scores(tx, workspace, scores, at=now)
            self._store.end(tx, workspace, recipe.name, state=RunState.DONE, at=now, result=result, asset=asset)
            event = TrainingFinished(recipe.name, recipe.kind.value, identity(recipe), asset or "", steps)
            self._kernel.events.announce(tx, workspace, event, key=f"{recipe.name}:{now.isoformat()}")
        return self.get(recipe.name, workspace=workspace)

    def _end(self, workspace: str, recipe: Recipe, state: RunState, *, error: str) -> None:
        with self._kernel.store.begin() as tx:
            self._store.end(tx, workspace, recipe.name, state=state, at=self._kernel.clock(), error=error)


def _words(event: dict[str, Any]) -> str:
    if event.get("phase") != "training":
        return str(event.get("phase", ""))
    return f"loss {event['loss']}, {event['tokens_per_second']:.0f} tokens/s, {event['eta']:.0f} s left"


def _too_large(plan: Plan) -> str:
    changes = "; ".join(plan.advice)
    return (
        f"The run {plan.name} would take about {plan.memory_bytes / 1e9:.1f} GB, and {plan.available_bytes / 1e9:.1f} GB "
        f"are free. Nothing was started. What helps: {changes}."
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:  # the line that is being written
            break
    return found
