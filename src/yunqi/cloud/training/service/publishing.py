"""Publishes what a run made: the card beside it, and the hub's asset."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yunqi.cloud.hub import Hub
from yunqi.cloud.training.engine.cards import card, lineage
from yunqi.cloud.training.model import Recipe, Score


def publish(hub: Hub, recipe: Recipe, folder: Path, result: dict[str, Any], scores: Sequence[Score]) -> str | None:
    """Write the card and publish the result; returns the asset's name, or None when nothing is published.

    A run without a GGUF file (an evaluation, a reward model) keeps its card in its folder.
    """
    text = card(recipe, result, scores)
    (folder / "card.md").write_text(text, encoding="utf-8")
    file = Path(str(result.get("gguf", "")))
    if not recipe.publish.hub or not result.get("gguf") or not file.is_file():
        return None
    name = recipe.publish.name or recipe.name
    checkpoint = Path(str(result["model"])) if result.get("model") else None
    hub.publish(
        file,
        name=name,
        licence=recipe.licence,
        card=text,
        lineage=lineage(recipe, result, scores),
        checkpoint=checkpoint,
    )
    return name
