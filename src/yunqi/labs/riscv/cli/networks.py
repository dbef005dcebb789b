"""``yunqi riscv port``: a network of eight-bit integers as a program for the core."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from yunqi.kernel.errors import Invalid
from yunqi.kernel.printing import print_json
from yunqi.labs.riscv.cli.options import AsJson, MaxInstructions, OpenApp
from yunqi.labs.riscv.service.input import file_bytes
from yunqi.labs.riscv.service.port import VARIANTS, port, ported_json, read, sample_input


def network_commands(app: typer.Typer, open_app: OpenApp) -> None:
    """Add the commands; ``open_app`` opens the application for the length of one."""

    @app.command(
        "port",
        help="Build a quantised ONNX network for the core, check it byte for byte, and time it. "
        "Example: yunqi riscv port int8.onnx; yunqi riscv port int8.onnx --variant vector --out folder",
    )
    def port_(
        file: Annotated[
            Path, typer.Argument(help="An ONNX network with QuantizeLinear (yunqi npu quantize makes one).")
        ],
        variant: Annotated[
            list[str] | None, typer.Option(help="Kernels: scalar, xthead, vector; repeatable. Default: all.")
        ] = None,
        compiler: Annotated[str, typer.Option(help="auto, gcc or clang.")] = "auto",
        input_: Annotated[
            Path | None, typer.Option("--input", help="An .npy file as the network takes it; else random.")
        ] = None,
        out: Annotated[Path | None, typer.Option(help="Write the programs into this folder.")] = None,
        timing: Annotated[
            bool, typer.Option("--timing/--no-timing", help="Model cycles, or only check the bytes.")
        ] = True,
        layers: Annotated[bool, typer.Option("--layers", help="Show each layer's cycles.")] = False,
        max_instructions: MaxInstructions = None,
        as_json: AsJson = False,
    ) -> None:
        network = read(file_bytes(file), file.name)
        data = sample_input(network, None if input_ is None else _array(input_))
        with open_app() as opened:
            limits = opened.riscv.limits(instructions=max_instructions)
            done = port(
                opened.riscv,
                network,
                data,
                variants=variant or VARIANTS,
                compiler=compiler,
                limits=limits,
                timing=timing,
            )
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            for one in done:
                target = out / f"{file.stem}-{one.variant}"
                target.write_bytes(one.program)
                target.chmod(0o755)
        rows = [ported_json(one) for one in done]
        if as_json:
            print_json({"network": file.name, "host": list(network.host), "ports": rows}, compact=True)
        else:
            _show(rows, layers=layers, host=network.host)
        if not all(one.exact for one in done):
            raise typer.Exit(1)


def _array(file: Path) -> Any:
    try:
        return np.load(file, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise Invalid(f"{file} is not an array (.npy): {str(error)[:100]}", "input") from None


def _show(rows: list[dict[str, Any]], *, layers: bool, host: tuple[str, ...]) -> None:
    for row in rows:
        exact = "bytes as the reference's" if row["exact"] else "BYTES DIFFER from the reference's"
        time = f"{row['milliseconds']:.3f} ms, {row['millijoules']:.3f} mJ (assumed)" if row["cycles"] else "not timed"
        counts = f"{row['instructions']:>14,} instructions {row['cycles']:>14,} cycles"
        print(f"{row['variant']:8} {row['compiler']:6} {counts}  {time}  {exact}")
        for layer in row["layers"] if layers else ():
            rate = f"{layer['products'] / layer['cycles']:5.2f} products a cycle" if layer["products"] else ""
            print(f"    {layer['cycles']:>12,} cycles  {layer['kind']:12} {rate:24} {layer['name']}")
    if host:
        print(f"left to the host: {', '.join(host)}")
