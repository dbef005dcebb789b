"""CoreMark on the modelled core: from a folder with its public source, or from a program built of it.

The source is not part of this package and never will be; where it is not at hand, that is said with the way to get it.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from yunqi.kernel.errors import Invalid, Unavailable
from yunqi.labs.riscv.engine.elf import read_program
from yunqi.labs.riscv.model import Limits, Program
from yunqi.labs.riscv.service.compilers import THEAD
from yunqi.labs.riscv.service.input import file_bytes
from yunqi.labs.riscv.service.riscv import Riscv

PUBLISHED = 7.1
"""CoreMark/MHz that the vendor publishes for the Xuantie 910."""
HOW = (
    "CoreMark's source is not at hand. Fetch it from github.com/eembc/coremark and name its folder, "
    "or a static RV64 program built of it, in YUNQI_RISCV_COREMARK."
)
_FILES = ("core_list_join.c", "core_main.c", "core_matrix.c", "core_state.c", "core_util.c")
CHECKS = ("0xe714", "0x1fd7", "0x8e3a")
"""Checksums of lists, matrices and state machine, which a right run prints."""
_FEW, _MORE = 2, 12
_VENDOR = (
    "-O3", "-funroll-all-loops", "-finline-limit=500", "-fgcse-sm", "-fno-schedule-insns",
    "--param", "max-rtl-if-conversion-unpredictable-cost=100", "-fno-code-hoisting",
)  # fmt: skip
"""The vendor's own flags (openC910, smart_run/tests/lib/Makefile) as far as a GCC without its changes has them."""
_THEIRS = (
    "-msignedness-cmpiv", "-mno-thread-jumps1", "-mno-iv-adjust-addr-cost", "-mno-expand-split-imm",
    "-march=rv64imafdcxtheadc", "-mabi=lp64d", "-mtune=c910",
)  # fmt: skip
"""The rest of them, which only the vendor's compiler knows."""
STAND_INS = {
    "-mtune=c910": ("-falign-functions=16", "-falign-jumps=4", "-falign-loops=8"),
    "-mno-thread-jumps1": ("-fdisable-tree-thread1",),
    "-msignedness-cmpiv": ("-fdisable-tree-dom2",),
    "-mno-expand-split-imm": ("-fno-rerun-cse-after-loop", "-fdisable-rtl-split1", "-flive-range-shrinkage"),
}
"""What has the effect of the vendor's own flags in a GCC without its changes (ADR 29); the rest has no counterpart."""
_NO_CRC = "-fno-optimize-crc"
"""GCC knows checksums by their loops from 15 on; the vendor's compiler leaves CoreMark's loops as they are written."""
_NEWER = {16: (_NO_CRC, "-mcpu=xt-c910"), 15: (_NO_CRC, f"-march={THEAD}"), 14: (f"-march={THEAD}",)}
_BREAKS = {14: "-mno-expand-split-imm"}
"""GCC 14's scheduler stops at whole constants."""


@dataclass(frozen=True, slots=True)
class CoreMark:
    """CoreMark of one program: the compiler, cycles and instructions per iteration."""

    compiler: str
    cycles: float
    instructions: float

    @property
    def per_mhz(self) -> float:
        """Iterations per second and MHz."""
        return 1e6 / self.cycles


def measure(riscv: Riscv, source: Path) -> list[CoreMark]:
    """Run CoreMark.

    Parameters
    ----------
    riscv
        The lab.
    source
        A folder with CoreMark's source (every compiler found is used), or a program.

    Returns
    -------
    list
        One for each program, best first.

    Raises
    ------
    Unavailable
        Neither source nor program, or no compiler for the source.
    Invalid
        The program's checksums are not CoreMark's.
    """
    if source.is_file():
        return [_run(riscv, read_program(file_bytes(source), name=source.name), source.name)]
    if not (source / "core_main.c").is_file():
        raise Unavailable(HOW)
    with tempfile.TemporaryDirectory() as folder:
        found = [_run(riscv, program, name) for name, program in _all(source, Path(folder))]
    return sorted(found, key=lambda one: one.cycles)


def _run(riscv: Riscv, program: Program, name: str) -> CoreMark:
    runs = []
    for iterations in (_FEW, _MORE):
        run = riscv.run(
            program, words(iterations), limits=Limits(instructions=100_000_000, seconds=riscv.config.deadline_seconds)
        )
        text = run.output.decode("utf-8", "replace")
        if run.exit_status != 0 or not all(check in text for check in CHECKS):
            raise Invalid(f"{name} did not run CoreMark to its end with the right checksums.", "coremark")
        runs.append(run)
    turns = _MORE - _FEW
    return CoreMark(
        name, (runs[1].cycles - runs[0].cycles) / turns, (runs[1].instructions - runs[0].instructions) / turns
    )


def words(iterations: int) -> tuple[str, ...]:
    """Return CoreMark's arguments for a performance run."""
    return "0x0", "0x0", "0x66", str(iterations), "7", "1", "2000"


def _all(source: Path, folder: Path) -> list[tuple[str, Program]]:
    made = [(name, build(command, source, folder / name)) for name, command in compilers().items()]
    if not made:
        raise Unavailable(
            "Building CoreMark needs a compiler: apt-get install gcc-riscv64-linux-gnu, or clang-19 and lld-19 as well."
        )
    return made


def build(command: list[str], source: Path, target: Path) -> Program:
    """Build CoreMark of the source in a folder by one compiler with its options, and return the program.

    Raises
    ------
    Invalid
        The compiler stopped.
    """
    port = source / "posix" if (source / "posix").is_dir() else source
    done = subprocess.run(
        [
            *command, "-static", "-w", "-DPERFORMANCE_RUN=1", "-DITERATIONS=2", '-DFLAGS_STR="yunqi"', f"-I{source}",
            f"-I{port}", *(str(source / name) for name in _FILES), str(port / "core_portme.c"), "-o", str(target),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Invalid(f"{command[0]} could not build CoreMark: {done.stderr.strip()[-300:]}", "coremark")
    return read_program(target.read_bytes(), name=target.name)


def compilers() -> dict[str, list[str]]:
    """Return the compilers found, with the options nearest to the vendor's.

    GCC has T-Head's instructions from 14 on, and the core's name from 16 on; `bench/riscv_gcc.py` brings such ones. The
    vendor's own (``riscv64-unknown-linux-gnu-gcc`` of the Xuantie toolchain) gets all of the vendor's flags, the others
    those that they know and `STAND_INS`.
    """
    found = {}
    theirs = shutil.which("riscv64-unknown-linux-gnu-gcc")
    if (
        theirs
        and "Xuantie" in subprocess.run([theirs, "--version"], capture_output=True, text=True, check=False).stdout
    ):
        found["Xuantie gcc"] = [theirs, *_VENDOR, *_THEIRS]
    for version, target in _NEWER.items():
        gcc = shutil.which(f"riscv64-linux-gnu-gcc-{version}")
        if gcc:
            stand_ins = [flag for one, flags in STAND_INS.items() if one != _BREAKS.get(version) for flag in flags]
            found[f"gcc {version} XThead"] = [gcc, *_VENDOR, *target, *stand_ins]
    if shutil.which("riscv64-linux-gnu-gcc"):
        found["gcc -O3 rv64gc"] = ["riscv64-linux-gnu-gcc", *_VENDOR, "-march=rv64gc"]
        clang = shutil.which("clang-19") or shutil.which("clang")
        if clang and shutil.which("ld.lld-19"):
            found["clang -O3 XThead"] = [
                clang, "--target=riscv64-linux-gnu", "--sysroot=/usr/riscv64-linux-gnu", "--gcc-toolchain=/usr",
                f"-march={THEAD}", "-O3", "-funroll-loops", "-fuse-ld=lld-19",
            ]  # fmt: skip
    return found
