"""The compilers found on this machine that make programs for the core."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yunqi.kernel.errors import Invalid, Unavailable

THEAD = "rv64gc_xtheadba_xtheadbb_xtheadbs_xtheadmac_xtheadmemidx_xtheadmempair_xtheadcondmov"
"""What LLVM calls the core's scalar instructions, T-Head's included."""
HINT = "apt-get install gcc-riscv64-linux-gnu, or clang-19 and lld-19"
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Compiler:
    """A compiler: its short name, the command, and whether it knows T-Head's instructions."""

    name: str
    command: tuple[str, ...]
    knows_thead: bool

    def march(self, thead: bool) -> str:
        """Return the instruction set that it is asked for."""
        return THEAD if thead and self.knows_thead else "rv64gc"


def find() -> list[Compiler]:
    """Return the compilers found, GCC first."""
    found = []
    gcc = shutil.which("riscv64-linux-gnu-gcc")
    if gcc:
        found.append(Compiler("gcc", (gcc,), False))
    clang = shutil.which("clang-19") or shutil.which("clang")
    if clang and (shutil.which("ld.lld-19") or shutil.which("ld.lld")):
        linker = "lld-19" if shutil.which("ld.lld-19") else "lld"
        found.append(Compiler("clang", (clang, "--target=riscv64-linux-gnu", f"-fuse-ld={linker}"), True))
    return found


def chosen(name: str) -> Compiler:
    """Return a compiler by name; ``auto`` is the first found.

    Raises
    ------
    Unavailable
        It is not installed.
    Invalid
        There is no such name.
    """
    if name not in ("auto", "gcc", "clang"):
        raise Invalid(f"There is no compiler {name!r}: auto, gcc or clang.", "compiler")
    found = [one for one in find() if name in ("auto", one.name)]
    if not found:
        raise Unavailable(f"No compiler for RISC-V is installed ({name} was asked for): {HINT}.")
    return found[0]


def build(compiler: Compiler, arguments: Sequence[str], target: Path, *, thead: bool = False) -> bytes:
    """Compile and link a program without a library; return the file.

    Raises
    ------
    Invalid
        The compiler refused; its last words are in the message.
    """
    shared = (
        f"-march={compiler.march(thead)}", "-mabi=lp64d", "-mcmodel=medany", "-static", "-nostdlib", "-nostartfiles",
        "-ffreestanding", "-fno-pic", "-fno-pie", "-fno-stack-protector", "-fno-asynchronous-unwind-tables",
        "-Wl,--build-id=none",
    )  # fmt: skip
    command = [*compiler.command, *shared, *arguments, "-o", str(target)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise Invalid(f"{compiler.name} did not end within {_SECONDS} seconds.", "compiler") from None
    if done.returncode:
        raise Invalid(f"{compiler.name} could not build the program: {done.stderr.strip()[-400:]}", "compiler")
    return target.read_bytes()
