"""The reference pages of routes, events and training recipes, written from the code."""

import dataclasses
import inspect
import typing
from pathlib import Path
from typing import Any

from yunqi.app.application import open_shop
from yunqi.app.domains import ANNOUNCED
from yunqi.app.http import create
from yunqi.cloud.training import Kind, Recipe
from yunqi.commerce.activity import NAMES, Item, Properties, SegmentEvent


def routes_page(folder: Path) -> list[str]:
    """Return the page of HTTP routes; ``folder`` is used for an empty data folder."""
    with open_shop(folder) as app:
        paths = create(app).openapi()["paths"]
    lines = [
        "# HTTP routes\n",
        "Every route needs `Authorization: Bearer sk-...` (or a console session) unless its section says why not. Errors have "
        'one body: `{"error": {message, type, code, param}, code, message, request_id}`. The machine-readable form is '
        "`/openapi.json`.\n",
    ]
    sections: dict[str, list[str]] = {}
    for path, methods in sorted(paths.items()):
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            summary = (operation.get("description") or operation.get("summary") or "").split("\n")[0]
            sections.setdefault(tag, []).append(f"| `{method.upper()} {path}` | {summary} |\n")
    for tag, rows in sorted(sections.items()):
        lines.append(f"\n## {tag}\n\n| route | what |\n|---|---|\n" + "".join(rows))
    return [lines[0], "".join(lines[1:])]


def events_page() -> list[str]:
    """Return the page of events: what shoppers do, and what the house announces."""
    lines = [
        "Shoppers' events have GA4 e-commerce names and travel in a Segment envelope; the house announces its own.\n"
    ]
    lines.append("\n## Shoppers' events\n\n" + ", ".join(f"`{name}`" for name in sorted(NAMES)) + "\n")
    for struct in (SegmentEvent, Properties, Item):
        lines.append(f"\n### {struct.__name__}\n\n{inspect.getdoc(struct)}\n\n| field | type |\n|---|---|\n")
        lines += [f"| `{name}` | `{_type(kind)}` |\n" for name, kind in inspect.get_annotations(struct).items()]
    lines.append("\n## Events of the house\n")
    for event in ANNOUNCED:
        lines.append(f"\n### {event.__name__}\n\n{inspect.getdoc(event)}\n\n| field | type |\n|---|---|\n")
        lines += [f"| `{field.name}` | `{_type(field.type)}` |\n" for field in dataclasses.fields(event)]
    return ["# Events\n", "".join(lines)]


def recipes_page() -> list[str]:
    """Return the page of training recipes: every key, its default and its meaning."""
    lines = ["One TOML file is one run. `examples/training` has one of every kind.\n"]
    lines.append("\n## Top level\n\n| key | default | meaning |\n|---|---|---|\n")
    lines.append(
        "| `kind` | | " + ", ".join(kind.value for kind in Kind) + " |\n| `name` | | Names the run and its result. |\n"
    )
    hints = typing.get_type_hints(Recipe)
    sections: list[tuple[str, type]] = []
    for field in dataclasses.fields(Recipe):
        hint = hints[field.name]
        item = typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else hint
        if dataclasses.is_dataclass(item) and isinstance(item, type):
            sections.append((f"[{field.name}]" if item is hint else f"[[{field.name}]]", item))
        elif "doc" in field.metadata:
            lines.append(_key(field))
    for title, section in sections:
        about = (inspect.getdoc(section) or "").split("\n")[0]
        lines.append(f"\n## `{title}`\n\n{about}\n\n| key | default | meaning |\n|---|---|---|\n")
        lines += [_key(field) for field in dataclasses.fields(section)]
    return ["# Training recipes\n", "".join(lines)]


def _key(field: Any) -> str:
    default = "" if field.default in ("", ()) else f"`{field.default}`"
    return f"| `{field.name}` | {default} | {field.metadata['doc']} |\n"


def _type(kind: Any) -> str:
    text = (
        kind
        if isinstance(kind, str)
        else getattr(kind, "__name__", str(kind))
        if not hasattr(kind, "__args__")
        else str(kind)
    )
    return text.replace("|", "or").replace("typing.", "")
