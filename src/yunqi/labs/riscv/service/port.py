"""A network on the core: compiled with our kernels, checked byte for byte, timed."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel.errors import Invalid, Unavailable
from yunqi.labs.riscv.engine.elf import read_program
from yunqi.labs.riscv.model import Limits, Run
from yunqi.labs.riscv.service import compilers
from yunqi.labs.riscv.service.profile import energy
from yunqi.labs.riscv.service.riscv import Riscv

if TYPE_CHECKING:
    from yunqi.labs.riscv.engine.port.layers import Network

VARIANTS = ("scalar", "xthead", "vector")
"""Plain RV64GC; with T-Head's multiply-add; with vector 0.7.1."""


@dataclass(frozen=True, slots=True)
class LayerTime:
    """A layer's multiplications and cycles."""

    name: str
    kind: str
    products: int
    cycles: int


@dataclass(frozen=True, slots=True)
class Ported:
    """One network built one way, and what running it showed.

    Parameters
    ----------
    variant, compiler
        How it was built.
    exact
        Whether every byte that came out is the reference's.
    instructions, cycles, milliseconds, millijoules
        Of the whole program; the energy rests on assumptions.
    timing
        ``full`` or ``sampled``.
    layers
        Cycles by layer, where all were timed.
    size
        Bytes of the executable.
    """

    variant: str
    compiler: str
    exact: bool
    instructions: int
    cycles: int
    milliseconds: float
    millijoules: float
    timing: str
    size: int
    layers: tuple[LayerTime, ...]
    program: bytes = field(repr=False)


def read(data: bytes, name: str) -> "Network":
    """Read a network of eight-bit integers; see `engine.port.read.read_network`."""
    try:
        from yunqi.labs.riscv.engine.port.read import read_network
    except ImportError as error:
        raise Unavailable(
            f"Porting networks needs the extra `labs` ({error.name} is missing): scripts/setup labs."
        ) from None
    try:
        return read_network(data, name=name)
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"Porting networks needs the extra `labs` ({error.name} is missing): scripts/setup labs."
        ) from None


def sample_input(network: "Network", given: NDArray[Any] | None = None, *, seed: int = 1) -> NDArray[np.int8]:
    """Return the input's signed bytes, height, width, channel.

    Parameters
    ----------
    network
        From `read`.
    given
        Real numbers as the network's file takes them (batch and channel first); by default random bytes.
    seed
        Of the random bytes.
    """
    tensor = network.tensors[network.input]
    height, width, channels = tensor.shape
    if given is None:
        made: NDArray[np.int8] = np.random.default_rng(seed).integers(-128, 128, tensor.shape, np.int8)
        return made
    if given.size != tensor.size or not np.issubdtype(given.dtype, np.number):
        raise Invalid(
            f"The input has {given.size} values of {given.dtype}; the network takes {tensor.size} numbers.", "input"
        )
    arranged = given.astype(np.float64).reshape(channels, height, width).transpose(1, 2, 0)
    if not np.all(np.isfinite(arranged)):
        raise Invalid("The input holds values that are not numbers.", "input")
    data: NDArray[np.int8] = np.clip(np.rint(arranged / tensor.scale) + tensor.zero, -128, 127).astype(np.int8)
    return data


def port(
    riscv: Riscv,
    network: "Network",
    data: NDArray[np.int8],
    *,
    variants: Sequence[str] = VARIANTS,
    compiler: str = "auto",
    limits: Limits | None = None,
    timing: bool = True,
) -> list[Ported]:
    """Build a network with each kind of kernels, run it, check it, time it.

    Parameters
    ----------
    riscv
        The lab.
    network, data
        From `read` and `sample_input`.
    variants
        Which kernels.
    compiler
        ``auto``, ``gcc`` or ``clang``.
    limits
        Where a run is stopped.
    timing
        Whether cycles are modelled; without, only the bytes are checked.

    Raises
    ------
    Unavailable
        No compiler.
    Invalid
        A program did not end well, or its bytes differ from the reference's.
    """
    from yunqi.labs.riscv.engine.port.reference import execute

    unknown = [one for one in variants if one not in VARIANTS]
    if unknown:
        raise Invalid(f"There are no kernels {unknown[0]!r}: {', '.join(VARIANTS)}.", "variant")
    with_what = compilers.chosen(compiler)
    expected = execute(network, data)[network.output].tobytes()
    done = []
    for variant in variants:
        program = _build(network, data, variant, with_what)
        run = riscv.run(read_program(program, name=variant), limits=limits, timing=timing)
        if run.exit_status != 0:
            why = run.stopped or (run.fault.message if run.fault else f"exit status {run.exit_status}")
            raise Invalid(f"The {variant} program did not end well: {why}", "network")
        done.append(_ported(riscv, network, variant, with_what, program, run, exact=run.output == expected))
    return done


def _build(network: "Network", data: NDArray[np.int8], variant: str, compiler: compilers.Compiler) -> bytes:
    from yunqi.labs.riscv.engine.port.assemble import assembled
    from yunqi.labs.riscv.engine.port.source import KERNELS, write_source

    vector = variant == "vector"
    source = write_source(network, data, vector=vector)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "network.c").write_text(source.c, "utf-8")
        (folder / "weights.s").write_text(source.assembler, "utf-8")
        (folder / "weights.bin").write_bytes(source.weights)
        files = [KERNELS / "start.c", KERNELS / "rest.c", folder / "network.c", folder / "weights.s"]
        if vector:
            (folder / "vector.s").write_text(assembled((KERNELS / "vector.s").read_text("utf-8")), "utf-8")
            files += [KERNELS / "vector.c", folder / "vector.s"]
        else:
            files += [KERNELS / "products.c", KERNELS / "depthwise.c"]
        flags = {"scalar": ("-O3",), "xthead": ("-O3", "-DXTHEAD"), "vector": ("-O3", "-DVECTOR")}[variant]
        arguments = [*flags, f"-I{KERNELS}", f"-Wa,-I{folder}", *map(str, files)]
        return compilers.build(compiler, arguments, folder / "network", thead=variant != "scalar")


def _ported(
    riscv: Riscv,
    network: "Network",
    variant: str,
    compiler: compilers.Compiler,
    program: bytes,
    run: Run,
    *,
    exact: bool,
) -> Ported:
    marks = run.marks if run.timing == "full" else ()
    layers = tuple(
        LayerTime(layer.name, layer.kind.value, network.products(layer), marks[2 * index + 1] - marks[2 * index])
        for index, layer in enumerate(network.layers)
        if 2 * index + 1 < len(marks)
    )
    values = riscv.model().values if run.cycles else {}
    joules = energy(run, values) / 1e3 if run.cycles else 0.0
    return Ported(
        variant, compiler.name, exact, run.instructions, run.cycles, run.seconds * 1e3, joules, run.timing, len(program),
        layers, program,
    )  # fmt: skip


def ported_json(one: Ported) -> dict[str, Any]:
    """Return one as the command line and the API show it, without the program."""
    row = {name: value for name, value in asdict(one).items() if name != "program"}
    products = sum(layer.products for layer in one.layers)
    return row | {"products_per_cycle": round(products / one.cycles, 3) if one.cycles and products else None}
