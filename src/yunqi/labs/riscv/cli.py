"""``yunqi riscv``: run, profile, compare, parameters, warm."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, Protocol

import msgspec
import typer

from yunqi.kernel.errors import Invalid
from yunqi.labs.riscv.service import Riscv, compare, parameters, profile
from yunqi.labs.riscv.service.riscv import run_json

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
File = Annotated[Path, typer.Argument(help="A static RV64 Linux program (ELF).")]
Set = Annotated[list[str] | None, typer.Option("--set", help="Change a parameter of the core, as rob=128; repeatable.")]
MaxInstructions = Annotated[int | None, typer.Option(help="Stop after so many instructions.", min=1)]
MaxMemory = Annotated[int | None, typer.Option(help="Most memory, in MiB.", min=1, max=1 << 16)]
Deadline = Annotated[float | None, typer.Option(help="Stop after so many seconds on the wall clock.", min=0.001)]
_PASS_THROUGH = {"ignore_unknown_options": True, "allow_interspersed_args": True}


class HasRiscv(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def riscv(self) -> Riscv:
        """The lab."""


OpenApp = Callable[[], AbstractContextManager[HasRiscv]]


def commands(open_app: OpenApp) -> typer.Typer:
    """Return the commands; ``open_app`` opens the application for the length of one command."""
    app = typer.Typer(
        name="riscv",
        help="RISC-V programs on a modelled Xuantie 910: run, time, profile, compare.",
        no_args_is_help=True,
    )

    @app.command(
        context_settings=_PASS_THROUGH,
        help="Run a program and tell its cycles. Example: yunqi riscv run ./hello one two --json. "
        "Options that the program shall see come after `--`.",
    )
    def run(
        file: File,
        arguments: Annotated[list[str] | None, typer.Argument(help="Its arguments.")] = None,
        stdin: Annotated[
            Path | None, typer.Option(help="File for its standard input; by default that of this command.")
        ] = None,
        folder: Annotated[Path | None, typer.Option("--dir", help="Let it read the files below this folder.")] = None,
        writable: Annotated[bool, typer.Option(help="Let it change files there too.")] = False,
        max_instructions: MaxInstructions = None,
        max_memory: MaxMemory = None,
        deadline: Deadline = None,
        timing: Annotated[bool, typer.Option("--timing/--no-timing", help="Model cycles.")] = True,
        set_: Set = None,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            riscv = opened.riscv
            limits = riscv.limits(instructions=max_instructions, memory=(max_memory or 0) << 20, seconds=deadline)
            done = riscv.run(
                riscv.read(file), arguments or (), stdin=_input(stdin), show=None if as_json else _show, folder=folder,
                writable=writable, limits=limits, timing=timing, changes=changes(set_ or ()),
            )  # fmt: skip
        document = run_json(done)
        _print_json(document) if as_json else _print_run(document)
        if done.fault is not None or done.stopped is not None:
            raise typer.Exit(1)

    @app.command(
        "profile",
        context_settings=_PASS_THROUGH,
        help="Run a program and tell where its cycles went. Example: yunqi riscv profile ./hello --konata pipeline.log",
    )
    def profile_(
        file: File,
        arguments: Annotated[list[str] | None, typer.Argument(help="Its arguments.")] = None,
        konata: Annotated[Path | None, typer.Option(help="Write a pipeline log for the viewer Konata here.")] = None,
        log: Annotated[int, typer.Option(help="Of how many instructions.", min=1, max=1_000_000)] = 2000,
        max_instructions: MaxInstructions = None,
        set_: Set = None,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            riscv = opened.riscv
            found = profile(
                riscv, riscv.read(file), arguments or (), limits=riscv.limits(instructions=max_instructions),
                changes=changes(set_ or ()), log=log if konata else 0,
            )  # fmt: skip
        text = found.pop("konata")
        if konata:
            konata.write_text(text, "utf-8")
        _print_json(found) if as_json else _print_profile(found)

    @app.command(
        "compare",
        help="Run programs, or one program on several cores, side by side. "
        "Example: yunqi riscv compare ./gcc ./clang; yunqi riscv compare ./hello --core rob=64 --core rob=128,width=4",
    )
    def compare_(
        files: Annotated[list[Path], typer.Argument(help="Static RV64 Linux programs.")],
        core: Annotated[list[str] | None, typer.Option(help="Another core, as rob=64,width=2; repeatable.")] = None,
        max_instructions: MaxInstructions = None,
        as_json: AsJson = False,
    ) -> None:
        cores = [{}, *(changes(one.split(",")) for one in core or ())]
        with open_app() as opened:
            riscv = opened.riscv
            limits = riscv.limits(instructions=max_instructions)
            rows = compare(riscv, [riscv.read(file) for file in files], limits=limits, cores=cores)
        if as_json:
            _print_json({"runs": rows})
        for row in rows if not as_json else ():
            print(
                f"{row['program']:20} {row['core']:24} {row['cycles']:>14,} cycles  IPC {row['ipc']:.2f}  x{row['speedup']}"
            )

    @app.command("parameters", help="List the modelled core's parameters and where each comes from.")
    def parameters_(as_json: AsJson = False) -> None:
        rows = parameters()
        if as_json:
            _print_json({"parameters": rows})
        for row in rows if not as_json else ():
            print(f"{row['name']:28} {row['value']:>10}  {row['source']}")

    @app.command(help="Compile the inner loops once, so that the first run does not wait for it.")
    def warm(as_json: AsJson = False) -> None:
        with open_app() as opened:
            seconds = round(opened.riscv.warm(), 2)
        _print_json({"seconds": seconds}) if as_json else print(f"Ready after {seconds} s.")

    return app


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


def _input(file: Path | None) -> Callable[[int], bytes]:
    if file is not None:
        from yunqi.labs.riscv.service.input import file_bytes

        data = bytearray(file_bytes(file))

        def take(length: int) -> bytes:
            piece = bytes(data[:length])
            del data[:length]
            return piece

        return take
    if sys.stdin is None or sys.stdin.isatty():
        return lambda length: sys.stdin.buffer.readline(length) if sys.stdin else b""
    return lambda length: sys.stdin.buffer.read(length)


def _show(fd: int, data: bytes) -> None:
    stream = sys.stdout if fd == 1 else sys.stderr
    stream.buffer.write(data)
    stream.buffer.flush()


def _print_run(run: dict[str, Any]) -> None:
    sys.stdout.flush()
    end = run["stopped"] or (run["fault"] or {}).get("message") or f"exit status {run['exit_status']}"
    timing = f", {run['cycles']:,} cycles ({run['timing']}), IPC {run['ipc']:.2f}" if run["cycles"] else ""
    print(f"{run['program']}: {end}; {run['instructions']:,} instructions{timing}", file=sys.stderr)


def _print_profile(found: dict[str, Any]) -> None:
    _print_run(found)
    whole = sum(found["cpi_stack"].values()) or 1
    for title, rows in (
        ("top down", found["top_down"]),
        ("cycles by cause", {k: v / whole for k, v in found["cpi_stack"].items()}),
    ):
        print(f"\n{title}")
        for name, share in rows.items():
            print(f"  {name:22} {share:6.1%}")
    for title in ("functions", "hot_spots"):
        print(f"\n{title.replace('_', ' ')}")
        for spot in found[title][:15]:
            print(f"  {spot['share']:6.1%} {spot['executions']:>12,} x  {spot['address']:#x}  {spot['name']}")


def _print_json(document: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(document).decode() + "\n")
