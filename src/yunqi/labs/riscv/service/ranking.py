"""Sixteen kernels that fitted nothing, by three compilers: whose program is fastest, by the model and by the open RTL.

The RTL's cycles were counted on a developer's machine (OpenC910 b91c909 in Verilator 5.006, the vendor's boot settings, no
translation) and are kept with a hash of each program; what another compiler version builds differently is left out.
"""

import hashlib
import itertools
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from yunqi.kernel.errors import Invalid, Unavailable
from yunqi.labs.riscv.engine.elf import read_program
from yunqi.labs.riscv.model import Program
from yunqi.labs.riscv.service.compilers import THEAD
from yunqi.labs.riscv.service.riscv import Riscv

RANKED = (
    "base64", "bignum", "decimals", "edits", "fft", "hashed", "heap", "huffman", "life", "ordered", "queens", "routes",
    "search", "sha256", "tokens", "unpack",
)  # fmt: skip
"""The kernels: written after the parameters' fit, and none was looked at for it."""
UNSEEN = ("base64", "bignum", "decimals", "life", "ordered", "routes")
"""Those of them that were counted on the RTL after the model's rules were frozen, and have not been looked at since."""
_CLANG = ("--target=riscv64-linux-gnu", "-fuse-ld=lld-19")
_COMPILERS = {
    "gcc12": ("riscv64-linux-gnu-gcc", "-O3", "-march=rv64gc"),
    "clang19": ("clang-19", *_CLANG, "-O3", f"-march={THEAD}", "-fno-vectorize", "-fno-slp-vectorize"),
    "clang16": ("clang-16", *_CLANG, "-O2", "-march=rv64gc"),
}
FLAGS = (
    "-mabi=lp64d", "-ffreestanding", "-fno-builtin", "-fno-pic", "-fno-pie", "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables", "-nostdlib", "-static", "-w", "-Wl,--no-relax", "-Wl,--build-id=none",
    "-Wl,-z,max-page-size=4096",
)  # fmt: skip
"""How all of them are built."""
KERNELS = Path(__file__).resolve().parents[1] / "engine" / "kernels"
"""Where the sources stand."""
BARE = {"cache.tlb_miss": 0}
"""The RTL ran without translation."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One kernel by one compiler: cycles of its second round on the open RTL, and in the model."""

    kernel: str
    compiler: str
    rtl: int
    model: int

    @property
    def error(self) -> float:
        """The model's error as a share of the RTL's cycles."""
        return self.model / self.rtl - 1

    @property
    def unseen(self) -> bool:
        """Whether the kernel was counted on the RTL after the model's rules were frozen."""
        return self.kernel in UNSEEN


def ranking(riscv: Riscv) -> list[Ranked]:
    """Build the kernels with the compilers found and time those programs whose cycles on the RTL are known.

    Raises
    ------
    Unavailable
        None of the three compilers is here, or none builds the programs that were counted.
    """
    counted = json.loads((KERNELS / "rtl.json").read_text("utf-8"))["programs"]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for kernel, compiler in itertools.product(RANKED, _COMPILERS):
            if shutil.which(_COMPILERS[compiler][0]) is None:
                continue
            program = build_ranked(kernel, compiler, Path(folder))
            known = counted.get(f"{kernel}.{compiler}")
            if known is not None and known["program"] == fingerprint(program):
                marks = riscv.run(program, changes=BARE).marks
                found.append(Ranked(kernel, compiler, known["cycles"], marks[3] - marks[2]))
    if not found:
        raise Unavailable(
            "The ranking needs Debian 12's compilers: apt-get install gcc-riscv64-linux-gnu clang-19 lld-19 clang-16."
        )
    return found


def build_ranked(kernel: str, compiler: str, folder: Path) -> Program:
    """Build a kernel by itself with one of the compilers (``gcc12``, ``clang19``, ``clang16``) into a folder."""
    target = folder / f"{kernel}.{compiler}"
    sources = [str(KERNELS / f"{kernel}.c"), str(KERNELS / "ranked.c")]
    done = subprocess.run(
        [*_COMPILERS[compiler], *FLAGS, *sources, "-o", str(target)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Invalid(f"{_COMPILERS[compiler][0]} could not build {kernel}: {done.stderr.strip()[-300:]}", "kernel")
    return read_program(target.read_bytes(), name=target.name)


def fingerprint(program: Program) -> str:
    """Return a hash of what a program loads, without the file's own header."""
    digest = hashlib.sha256()
    for segment in program.segments:
        headers = 64 if segment.offset == 0 else 0
        digest.update(segment.start.to_bytes(8, "little") + segment.data[headers:])
    return digest.hexdigest()[:16]


def right_winners(rows: list[Ranked]) -> tuple[int, int]:
    """Return for how many kernels the model names the RTL's fastest program, and of how many."""
    groups = _by_kernel(rows)
    return sum(min(one, key=_rtl) is min(one, key=_model) for one in groups), len(groups)


def right_pairs(rows: list[Ranked]) -> tuple[int, int]:
    """Return how many pairs of programs of one kernel the model puts in the RTL's order, and of how many."""
    pairs = [pair for one in _by_kernel(rows) for pair in itertools.combinations(one, 2)]
    return sum((a.rtl < b.rtl) == (a.model < b.model) for a, b in pairs), len(pairs)


def _by_kernel(rows: list[Ranked]) -> list[list[Ranked]]:
    return [list(group) for _, group in itertools.groupby(rows, key=lambda row: row.kernel)]


def _rtl(row: Ranked) -> int:
    return row.rtl


def _model(row: Ranked) -> int:
    return row.model
