"""`yunqi rebuild`: everything that is made from the database, made again."""

from typing import Annotated, Any

import typer

from yunqi.app.application import App, OpenApp
from yunqi.app.cli.output import AsJson, progress_bar
from yunqi.commerce.ranking import NothingToLearn
from yunqi.kernel.printing import print_json


def add(root: typer.Typer, open_app: OpenApp) -> None:
    """Add the command to the root."""

    @root.command()
    def rebuild(
        if_needed: Annotated[bool, typer.Option("--if-needed", help="Only what is missing.")] = False,
        as_json: AsJson = False,
    ) -> None:
        """Build the search index, count which products go together, and train the rankers from the log."""
        with open_app() as opened:
            done = _rebuild(opened, everything=not if_needed)
        print_json(done) if as_json else print("\n".join(f"{name}: {text}" for name, text in done.items()))


def _rebuild(opened: App, *, everything: bool) -> dict[str, Any]:
    done: dict[str, Any] = {}
    if len(opened.catalog.cards()) == 0:
        return {"nothing": "the catalog is empty; import a feed with `yunqi import catalog FILE`"}
    if everything or not opened.search.is_built():
        with progress_bar("Building the search index") as report:
            built = opened.search.rebuild(progress=report)
        done["search"] = f"{built.products} products"
    if everything or not opened.recommend.is_built():
        with progress_bar("Counting which products go together") as report:
            counted = opened.recommend.rebuild(progress=report)
        done["recommend"] = f"{counted.products} products have neighbours"
    for surface in opened.ranking.trainable():
        if everything or not opened.ranking.is_trained(surface):
            with progress_bar(f"Training the ranker of {surface}") as report:
                done[f"policy {surface}"] = _train(opened, surface, report)
    return done


def _train(opened: App, surface: str, report: Any) -> str:
    try:
        policy = opened.ranking.train(surface, progress=report)
    except NothingToLearn as error:
        return error.message
    return f"{policy.id} is {policy.stage.value}"
