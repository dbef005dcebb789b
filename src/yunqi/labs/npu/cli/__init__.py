"""``yunqi npu``: compile, asm, profile, sweep, chip, reference; quantize, run, loadgen; publish."""

import typer

from yunqi.labs.npu.cli.numbers import number_commands
from yunqi.labs.npu.cli.options import OpenApp
from yunqi.labs.npu.cli.programs import program_commands
from yunqi.labs.npu.cli.publishing import publishing_commands


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands of ``yunqi npu``; ``open_app`` opens the application for one command."""
    app = typer.Typer(
        name="npu", help="ONNX networks on the Hanguang 800: quantise, compile, run, predict.", no_args_is_help=True
    )
    program_commands(app, open_app)
    number_commands(app, open_app)
    publishing_commands(app, open_app)
    return app


__all__ = ["OpenApp", "commands"]
