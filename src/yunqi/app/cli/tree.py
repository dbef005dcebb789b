"""The command tree, by the first word of each command: a command loads what its word needs, and not the whole house.

``yunqi logistics solve`` counts its seconds from the start of the process, so what is loaded before comes out of the plan.
"""

import importlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from yunqi.app.application import App, OpenApp


@dataclass(frozen=True, slots=True)
class Part:
    """What stands behind a word.

    Parameters
    ----------
    module
        Where it is.
    function
        Makes the commands under the word from what opens the application; or, where the word is itself a command, adds it
        to the root, which it is given first.
    is_group
        Whether commands stand under the word.
    """

    module: str
    function: str = "commands"
    is_group: bool = True

    def add(self, root: typer.Typer, word: str, open_app: "OpenApp") -> None:
        """Load it and add it to the root."""
        function: Any = getattr(importlib.import_module(self.module), self.function)
        if self.is_group:
            root.add_typer(function(open_app), name=word)
        else:
            function(root, open_app)


def _command(module: str, function: str = "add") -> Part:
    return Part(module, function, is_group=False)


PARTS: Mapping[str, Part] = {
    "up": _command("yunqi.app.cli.serve", "add_up"),
    "serve": _command("yunqi.app.cli.serve", "add_serve"),
    "bench": _command("yunqi.app.cli.bench"),
    "rebuild": _command("yunqi.app.cli.rebuild"),
    "train": _command("yunqi.cloud.training.cli", "add_train"),
    "config": Part("yunqi.app.cli.config"),
    "keys": Part("yunqi.app.cli.keys"),
    "jobs": Part("yunqi.app.cli.jobs"),
    "store": Part("yunqi.app.cli.store"),
    "demo": Part("yunqi.app.cli.demo"),
    "import": Part("yunqi.app.cli.imports"),
    "catalog": Part("yunqi.commerce.catalog.cli"),
    "events": Part("yunqi.commerce.activity.cli"),
    "search": Part("yunqi.commerce.search.cli"),
    "recommend": Part("yunqi.commerce.recommend.cli"),
    "ranking": Part("yunqi.commerce.ranking.cli"),
    "policies": Part("yunqi.commerce.experiments.cli", "policies"),
    "decisions": Part("yunqi.commerce.experiments.cli", "decisions"),
    "orders": Part("yunqi.commerce.payments.cli"),
    "logistics": Part("yunqi.commerce.logistics.cli"),
    "assistant": Part("yunqi.commerce.assistant.cli"),
    "hub": Part("yunqi.cloud.hub.cli"),
    "models": Part("yunqi.app.cli.models"),
    "training": Part("yunqi.cloud.training.cli"),
    "npu": Part("yunqi.labs.npu.cli"),
    "riscv": Part("yunqi.labs.riscv.cli"),
}
"""Every first word."""
ALONE = "--version"
"""What needs none of them."""


def add_commands(root: typer.Typer, word: str | None = None) -> None:
    """Add the part that a word names, or everything where it names none: help and a mistyped word need all of them."""
    for name, part in PARTS.items():
        if name == word or (word not in PARTS and word != ALONE):
            part.add(root, name, open_app)


def open_app(*, migrate: bool = True) -> "AbstractContextManager[App]":
    """Open the application for the length of a command; only then is all of it loaded."""
    opened: AbstractContextManager[App] = importlib.import_module("yunqi.app.edges").open_app(migrate=migrate)
    return opened
