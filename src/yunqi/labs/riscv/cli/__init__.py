"""``yunqi riscv``: programs (run, profile, compare, debug), networks (port), and the modelled core."""

import typer

from yunqi.labs.riscv.cli.networks import network_commands
from yunqi.labs.riscv.cli.options import OpenApp
from yunqi.labs.riscv.cli.programs import program_commands


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands; ``open_app`` opens the application for the length of one command."""
    app = typer.Typer(
        name="riscv",
        help="RISC-V programs and networks on a modelled Xuantie 910: run, time, profile, compare, debug, port.",
        no_args_is_help=True,
    )
    program_commands(app, open_app)
    network_commands(app, open_app)
    return app
