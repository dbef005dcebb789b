"""The model card: written from the recipe, the data and the results, never by hand."""

from collections.abc import Sequence
from typing import Any

from yunqi.cloud.training.engine.recipes import canonical, identity
from yunqi.cloud.training.model import Recipe, Score


def card(recipe: Recipe, result: dict[str, Any], scores: Sequence[Score]) -> str:
    """Return the card as Markdown."""
    parts = [
        f"---\nlicense: {recipe.licence}\nbase_model: {recipe.base or 'none'}\ntags: [yunqi, {recipe.kind.value}]\n---\n",
        f"# {recipe.publish.name or recipe.name}\n",
        recipe.description or f"A model made by a `{recipe.kind.value}` run of Yunqi.",
        _facts(recipe, result),
        _data(recipe, result),
        _results(scores),
        _limits(recipe),
        _recipe(recipe),
    ]
    return "\n".join(part.rstrip() + "\n" for part in parts if part)


def lineage(recipe: Recipe, result: dict[str, Any], scores: Sequence[Score]) -> dict[str, Any]:
    """Return where a model comes from, for machines: recipe, data, parents and metrics."""
    return {
        "recipe": canonical(recipe),
        "recipe_hash": identity(recipe),
        "kind": recipe.kind.value,
        "parents": [name for name in (recipe.base, recipe.distill.teacher, *recipe.merge.models) if name],
        "data": result.get("data", {}),
        "steps": result.get("steps", 0),
        "metrics": [
            {"task": s.task, "metric": s.metric, "value": s.value, "low": s.low, "high": s.high, "examples": s.examples}
            for s in scores
        ],
    }


def _facts(recipe: Recipe, result: dict[str, Any]) -> str:
    rows = [
        ("parameters", f"{result['parameters']:,}" if "parameters" in result else ""),
        ("started from", recipe.base or "random weights"),
        ("steps", f"{result.get('steps', 0):,}" if recipe.kind.learns else ""),
        ("tokens seen", f"{result['trained_tokens']:,}" if "trained_tokens" in result else ""),
        ("CPU seconds", f"{result['cpu_seconds']:,}" if "cpu_seconds" in result else ""),
        ("seed", str(recipe.seed)),
        ("licence", recipe.licence),
    ]
    lines = "\n".join(f"| {name} | {value} |" for name, value in rows if value)
    return f"## Facts\n\n| | |\n|---|---|\n{lines}\n"


def _data(recipe: Recipe, result: dict[str, Any]) -> str:
    if not recipe.data:
        return ""
    lines = [f"- `{source.path}`, weight {source.weight:g}" for source in recipe.data]
    lines += [f"- held out: `{source.path}`" for source in recipe.heldout]
    counted = result.get("data", {})
    if counted:
        removed = (
            ", ".join(f"{count:,} {why}" for why, count in counted.get("removed", {}).items() if count) or "nothing"
        )
        lines.append(
            f"\n{counted.get('documents', 0):,} documents, {counted.get('tokens', 0):,} tokens in an epoch; "
            f"taken out: {removed}."
        )
    return "## Data\n\n" + "\n".join(lines) + "\n"


def _results(scores: Sequence[Score]) -> str:
    if not scores:
        return "## Results\n\nNothing was measured.\n"
    rows = [f"| {s.task} | {s.metric} | {s.value:.4g} | {s.low:.4g} to {s.high:.4g} | {s.examples:,} |" for s in scores]
    head = "| task | metric | value | 95 % interval | examples |\n|---|---|---|---|---|\n"
    return "## Results\n\nIntervals come from resampling the examples 1,000 times.\n\n" + head + "\n".join(rows) + "\n"


def _limits(recipe: Recipe) -> str:
    return (
        "## Limits\n\nThe figures hold for the data named above and say nothing about other text. "
        "A small model repeats and invents; check what it writes before anyone relies on it.\n"
    )


def _recipe(recipe: Recipe) -> str:
    lines = []
    values = canonical(recipe)
    for name, value in values.items():
        if isinstance(value, dict):
            continue
        if not isinstance(value, list):
            lines.append(f"{name} = {_toml(value)}")
    for name, value in values.items():
        default = getattr(Recipe, name, None)
        if isinstance(value, dict) and _changed(recipe, name):
            lines += ["", f"[{name}]", *(f"{key} = {_toml(item)}" for key, item in value.items())]
        elif isinstance(value, list) and default is not value:
            for item in value:
                lines += ["", f"[[{name}]]", *(f"{key} = {_toml(part)}" for key, part in item.items())]
    return f"## Recipe `{identity(recipe)}`\n\n```toml\n" + "\n".join(lines) + "\n```\n"


def _changed(recipe: Recipe, name: str) -> bool:
    value = getattr(recipe, name)
    return bool(value != type(value)())


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)
