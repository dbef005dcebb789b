"""The command line's root: every domain's commands, one way to report errors.

Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted. With ``--json`` standard output holds exactly one JSON
document, errors included; everything else goes to standard error.
"""

import json
import os
import sys
from contextlib import nullcontext
from typing import Annotated, Any

import typer

from yunqi.app.cli.tree import add_commands
from yunqi.app.release import installed_version
from yunqi.kernel import Error, Invalid
from yunqi.kernel.printing import document_alone

_INTERRUPTED = 130  # what typer returns after Ctrl-C
# The family of typer's usage errors (typer carries its own copy of click, so click's classes would not match).
_WRONG_USE: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def build(word: str | None = None) -> typer.Typer:
    """Return the command tree, or of it what the first word of a command needs."""
    root = typer.Typer(
        name="yunqi",
        help="The AI stack of a marketplace: search, recommendation, payments, models. "
        "Settings: yunqi.toml and YUNQI_* variables; `yunqi config show` lists them.",
        epilog="Examples: yunqi up | yunqi import catalog feed.csv --dry-run | yunqi search find 'frozen pizza' --json",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @root.callback()
    def settings(
        version: Annotated[
            bool, typer.Option("--version", help="Print the release and end.", callback=_version, is_eager=True)
        ] = False,
    ) -> None:
        """Options that stand before every command."""

    add_commands(root, word)
    return root


def _version(wanted: bool) -> None:
    if wanted:
        print(f"yunqi {installed_version()}")
        raise typer.Exit


def main() -> None:
    """Run the command line and exit with 0, 1 or 2, or with 130 after Ctrl-C."""
    if sys.stdout is None:  # closed by the caller, who wants no output
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    with document_alone() if "--json" in sys.argv else nullcontext():
        _run()


def _run() -> None:
    command = typer.main.get_command(build(next(iter(sys.argv[1:]), None)))
    try:
        code = command(standalone_mode=False)
    except typer.Abort:
        code = _INTERRUPTED
    except _WRONG_USE as error:
        _report(str(error.format_message()), "wrong_use", None)
        sys.exit(2)
    except Error as error:
        _report(error.message, error.code, error.param)
        sys.exit(2 if isinstance(error, Invalid) else 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    if code == _INTERRUPTED:
        _report("Interrupted. What was acknowledged is kept; run the command again to go on.", "interrupted", None)
    sys.exit(code if isinstance(code, int) else 0)


def _report(message: str, code: str, param: str | None) -> None:
    print(f"yunqi: {message}", file=sys.stderr)
    if "--json" in sys.argv:
        print(json.dumps({"error": {"code": code, "message": message, "param": param}}, ensure_ascii=False))
