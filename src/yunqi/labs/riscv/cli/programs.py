"""``yunqi riscv`` on programs: run, profile, compare, parameters, warm."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from yunqi.kernel.errors import Invalid
from yunqi.kernel.printing import print_json
from yunqi.labs.riscv.cli.options import (
    PASS_THROUGH,
    AsJson,
    Deadline,
    File,
    MaxInstructions,
    MaxMemory,
    OpenApp,
    Set,
    changes,
)
from yunqi.labs.riscv.model import Limits, Run
from yunqi.labs.riscv.service import Riscv, compare, parameters, profile
from yunqi.labs.riscv.service.riscv import run_json
from yunqi.labs.riscv.service.specint import MEMBERS as SPEC_MEMBERS
from yunqi.labs.riscv.service.specint import PUBLISHED as PUBLISHED_SPECINT
from yunqi.labs.riscv.service.specint import specint


def program_commands(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands; ``open_app`` opens the application for the length of one."""
    _run(app, open_app)
    _profile(app, open_app)
    _compare(app, open_app)
    _parameters(app, open_app)
    _specint(app, open_app)
    _warm(app, open_app)
    _debug(app, open_app)


def _run(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(
        context_settings=PASS_THROUGH,
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
        engine: Annotated[
            str, typer.Option(help="own; or qemu: the vendor's emulator, where installed. It has NO sandbox.")
        ] = "own",
        set_: Set = None,
        as_json: AsJson = False,
    ) -> None:
        with open_app() as opened:
            riscv = opened.riscv
            limits = riscv.limits(instructions=max_instructions, memory=(max_memory or 0) << 20, seconds=deadline)
            if engine == "own":
                done = riscv.run(
                    riscv.read(file), arguments or (), stdin=_input(stdin), show=None if as_json else _show, folder=folder,
                    writable=writable, limits=limits, timing=timing, changes=changes(set_ or ()),
                )  # fmt: skip
            else:
                done = _emulated(engine, riscv, file, arguments or (), stdin, limits, timing, changes(set_ or ()))
                _show(1, done.output) if not as_json else None
        document = run_json(done)
        print_json(document, compact=True) if as_json else _print_run(document)
        if done.fault is not None or done.stopped is not None:
            raise typer.Exit(1)


def _profile(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(
        "profile",
        context_settings=PASS_THROUGH,
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
        print_json(found, compact=True) if as_json else _print_profile(found)


def _compare(app: typer.Typer, open_app: OpenApp) -> None:
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
            print_json({"runs": rows}, compact=True)
        for row in rows if not as_json else ():
            print(
                f"{row['program']:20} {row['core']:24} {row['cycles']:>14,} cycles  IPC {row['ipc']:.2f}  x{row['speedup']}"
            )


def _parameters(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command("parameters", help="List the modelled core's parameters and where each comes from.")
    def parameters_(as_json: AsJson = False) -> None:
        rows = parameters()
        if as_json:
            print_json({"parameters": rows}, compact=True)
        for row in rows if not as_json else ():
            print(f"{row['name']:28} {row['value']:>10}  {row['source']}")


def _specint(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(
        "specint",
        help="Estimate SPECint2006 per GHz from our own kernels, which stand for SPEC's programs; its uncertainty is large. "
        "Example: yunqi riscv specint --json",
    )
    def specint_(as_json: AsJson = False) -> None:
        with open_app() as opened:
            found = specint(opened.riscv)
        if as_json:
            print_json(asdict(found) | {"published": PUBLISHED_SPECINT}, compact=True)
            return
        print(
            f"SPECint2006 per GHz, estimated: {found.per_ghz:.1f}; nine in ten from {found.low:.1f} to {found.high:.1f}"
        )
        print(f"published: {PUBLISHED_SPECINT}; no run of SPEC, our kernels stand for its programs:")
        for name, ratio in found.ratios.items():
            stands = ", ".join(f"{kernel} {found.ipc[kernel]:.2f}" for kernel in SPEC_MEMBERS[name].kernels)
            print(f"  {name:12} {ratio:5.1f}   instructions a cycle: {stands}")


def _warm(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(help="Compile the inner loops once, so that the first run does not wait for it.")
    def warm(as_json: AsJson = False) -> None:
        with open_app() as opened:
            seconds = round(opened.riscv.warm(), 2)
        print_json({"seconds": seconds}, compact=True) if as_json else print(f"Ready after {seconds} s.")


def _debug(app: typer.Typer, open_app: OpenApp) -> None:
    @app.command(
        context_settings=PASS_THROUGH,
        help="Hold a program for GDB on a port of this machine. Example: yunqi riscv debug ./hello --port 1234; "
        "then: gdb-multiarch ./hello -ex 'target remote :1234'",
    )
    def debug(
        file: File,
        arguments: Annotated[list[str] | None, typer.Argument(help="Its arguments.")] = None,
        port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0: any free one.")] = 1234,
        max_instructions: MaxInstructions = None,
        max_memory: MaxMemory = None,
    ) -> None:
        with open_app() as opened:
            riscv = opened.riscv
            limits = riscv.limits(instructions=max_instructions, memory=(max_memory or 0) << 20)
            process = riscv.process(riscv.read(file), arguments or (), stdin=_input(None), show=_show, limits=limits)
            from yunqi.labs.riscv.service.debug import debug as serve  # it needs the extra

            serve(process, port, ready=lambda found: print(f"Waiting for GDB on 127.0.0.1:{found}", file=sys.stderr))


def _emulated(
    engine: str, riscv: Riscv, file: Path, arguments: list[str] | tuple[str, ...], stdin: Path | None, limits: Limits,
    timing: bool, changed: dict[str, float],
) -> Run:  # fmt: skip
    from yunqi.labs.riscv.service.emulator import emulate

    if engine != "qemu":
        raise Invalid(f"There is no engine {engine!r}: own or qemu.", "engine")
    with stdin.open("rb") if stdin else sys.stdin.buffer as stream:
        return emulate(riscv, file, arguments, stdin=stream, limits=limits, timing=timing, changes=changed)


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
