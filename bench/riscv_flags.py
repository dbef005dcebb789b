"""What each flag that stands for one of the vendor's does to CoreMark, by the model: the tables of docs/explanation/riscv.md.

CoreMark's source as for `yunqi bench riscv`, compilers of `bench/riscv_gcc.py` on the PATH, some ten CPU seconds a row::

    python bench/riscv_flags.py coremark "gcc 16 XThead"

Rows: none of them, each alone, all but each, all; then none and all with other alignments, which say how much of a figure
is due to where code happens to lie. Columns: CoreMark/MHz, and cycles an iteration in each of the four parts.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from yunqi.labs.riscv import Limits, Program, Riscv, RiscvConfig
from yunqi.labs.riscv.service.coremark import CHECKS, STAND_INS, build, compilers, words
from yunqi.labs.riscv.service.profile import profile

PARTS = {
    "lists": ("core_list", "core_bench_list", "cmp_", "calc_func"),
    "state machine": ("core_bench_state", "core_state"),
    "matrices": ("core_bench_matrix", "matrix_"),
    "checksums": ("crc",),
}
SHIFTS = ("functions=8", "functions=32", "functions=64", "loops=4", "loops=16", "jumps=8")
FEW, MORE = 2, 12


def rows(command: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the names of the rows and the commands that build their programs."""
    present = {one: flags for one, flags in STAND_INS.items() if set(flags) <= set(command)}
    plain = [flag for flag in command if not any(flag in flags for flags in present.values())]
    yield "none", plain
    for one, flags in present.items():
        yield f"for {one} alone", [*plain, *flags]
    for one, flags in present.items():
        yield f"all but for {one}", [flag for flag in command if flag not in flags]
    yield "all", command
    for shift in SHIFTS:
        yield f"none, -falign-{shift}", [*plain, f"-falign-{shift}"]
    for shift in SHIFTS:
        yield f"all, -falign-{shift}", [*command, f"-falign-{shift}"]


def measured(riscv: Riscv, program: Program) -> tuple[float, list[float]]:
    """Return CoreMark/MHz, and the cycles an iteration spent in each of the parts."""
    runs = [profile(riscv, program, words(n), limits=Limits(instructions=100_000_000)) for n in (FEW, MORE)]
    if not all(check in run["stdout"] for check in CHECKS for run in runs):
        sys.exit(f"{program.name} did not run CoreMark to its end with the right checksums.")
    sums = [
        [sum(spot["cycles"] for spot in run["functions"] if spot["name"].startswith(names)) for names in PARTS.values()]
        for run in runs
    ]
    turns = MORE - FEW
    return 1e6 * turns / (runs[1]["cycles"] - runs[0]["cycles"]), [(b - a) / turns for a, b in zip(*sums, strict=True)]


def main() -> None:
    """Build and run each row's program, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("compiler", choices=sorted(compilers()))
    given = parser.parse_args()
    riscv = Riscv(None, RiscvConfig())
    print("| flags | CoreMark/MHz |", " | ".join(PARTS), "|")
    with tempfile.TemporaryDirectory() as folder:
        for name, command in rows(compilers()[given.compiler]):
            per_mhz, parts = measured(riscv, build(command, given.source, Path(folder) / "coremark"))
            print(f"| {name} | {per_mhz:.2f} |", " | ".join(f"{cycles:,.0f}" for cycles in parts), "|")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
