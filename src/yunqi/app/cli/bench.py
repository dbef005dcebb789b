"""`yunqi bench`: Yunqi and its peers on the same work in one run."""

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yunqi.app.bench import BENCHES, Options, Row, machine
from yunqi.app.cli.output import AsJson
from yunqi.kernel import Invalid
from yunqi.kernel.printing import print_json, print_table

if TYPE_CHECKING:  # it would load the whole house
    from yunqi.app.application import OpenApp


def add(root: typer.Typer, open_app: "OpenApp") -> None:
    """Add the command to the root."""

    @root.command()
    def bench(
        name: Annotated[str, typer.Argument(help="Which one; see --list.")] = "",
        list_: Annotated[bool, typer.Option("--list", help="List the benches and stop.")] = False,
        runs: Annotated[int, typer.Option(help="How many times each side does the work.")] = 3,
        with_: Annotated[
            list[str] | None,
            typer.Option("--with", help="An option of the bench, as seconds=10; repeatable. --list names them."),
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Measure Yunqi beside a peer on the same work. Example: yunqi bench routing --with only=n384 --with seconds=10"""
        given: dict[str, str] = {}
        for one in with_ or []:
            key, found, given[key] = one.partition("=")
            if not found or not key.isidentifier():
                raise Invalid(f"--with takes KEY=VALUE, not {one!r}.", "with")
        if list_ or not name:
            rows = [
                {"name": key, "what": bench.what, "peer": bench.peer, "options": _listed(bench.options, as_json)}
                for key, bench in BENCHES.items()
            ]
            print_json({"benches": rows}) if as_json else print_table(rows, empty="There are no benches.")
            return
        if name not in BENCHES:
            raise Invalid(f"There is no bench {name!r}; use one of {', '.join(BENCHES)}.", "name")
        with redirect_stdout(sys.stderr):  # peers print as they like
            rows = [_shown(row) for row in BENCHES[name].run(runs, Options(given))]
        print_json({"name": name, "machine": machine(), "rows": rows}) if as_json else print_table(
            rows, empty="No rows."
        )


def _listed(options: Mapping[str, str], as_json: bool) -> Any:
    return dict(options) if as_json else "\n".join(f"{key}: {what}" for key, what in options.items())


def _shown(row: Row) -> dict[str, Any]:
    return {
        field: getattr(row, field)
        for field in ("metric", "value", "unit", "peer", "peer_value", "ratio", "runs", "spread")
    }
