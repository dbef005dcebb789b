"""Options that several commands share, and how their answers are printed."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Protocol

import typer

from yunqi.kernel.errors import Invalid
from yunqi.labs.riscv.service import Riscv

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
File = Annotated[Path, typer.Argument(help="A static RV64 Linux program (ELF).")]
Set = Annotated[list[str] | None, typer.Option("--set", help="Change a parameter of the core, as rob=128; repeatable.")]
MaxInstructions = Annotated[int | None, typer.Option(help="Stop after so many instructions.", min=1)]
MaxMemory = Annotated[int | None, typer.Option(help="Most memory, in MiB.", min=1, max=1 << 16)]
Deadline = Annotated[float | None, typer.Option(help="Stop after so many seconds on the wall clock.", min=0.001)]
PASS_THROUGH = {"ignore_unknown_options": True, "allow_interspersed_args": True}


class HasRiscv(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def riscv(self) -> Riscv:
        """The lab."""


OpenApp = Callable[[], AbstractContextManager[HasRiscv]]


def changes(given: Sequence[str]) -> dict[str, float]:
    """Read ``name=value`` pairs."""
    found = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise Invalid(f"{pair!r} is not NAME=NUMBER, as rob=128.", "set")
    return found
