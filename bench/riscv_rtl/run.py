"""Count the cycles of the ranking's programs on the open RTL of the C910: what `engine/kernels/rtl.json` holds.

Needs Debian's verilator, clang++-19, the three compilers, some 4 GiB and half an hour of one core::

    git clone https://github.com/XUANTIE-RV/openc910 (commit b91c909)
    python bench/riscv_rtl/run.py build openc910
    python bench/riscv_rtl/run.py count openc910
    python bench/riscv_rtl/run.py probe openc910   (order.c and border.c here: a rule each, by the RTL and by the model)

``build`` leaves out the second core and puts our memory in the place of the vendor's. The RTL is not part of this package.
"""

import argparse
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from yunqi.labs.riscv import Riscv, RiscvConfig
from yunqi.labs.riscv.engine.elf import read_program
from yunqi.labs.riscv.service.ranking import BARE, FLAGS, KERNELS, RANKED, build_ranked, fingerprint

HERE = Path(__file__).resolve().parent
_ENTRY = struct.pack("<Q", 0x1122334455667788)
_SOURCE = "OpenC910 b91c909, one core, Verilator 5.006; vendor's boot settings, machine mode, no translation; the second round"


def build(rtl: Path) -> None:
    """Turn the RTL and our bench into a simulator, ``obj/Vtop`` beside the sources."""
    core = rtl / "C910_RTL_FACTORY/gen_rtl/cpu/rtl/openC910.v"
    text = core.read_text()
    if "ct_top  x_ct_top_1 (" in text:
        begin = text.index("ct_top  x_ct_top_1 (")
        core.write_text(text[:begin] + text[text.index(");", begin) + 2 :])
    shutil.copy(HERE / "memory.v", rtl / "smart_run/logical/mem/f_spsram_large.v")
    work, made = rtl / "smart_run/work", rtl.resolve() / "obj"
    work.mkdir(exist_ok=True)
    subprocess.run(
        [
            "verilator", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--no-timing", "-Wno-fatal", "-Wno-lint",
            "-Wno-style",
            "--output-split", "30000", "--output-split-cfuncs", "30000", "-cc", "--exe", "--top-module", "top",
            HERE / "testbench.v", "-f", "../logical/filelists/ip.fl", "-f", "../logical/filelists/smart.fl", HERE / "main.cpp",
            "--Mdir", made,
        ],
        cwd=work, check=True, env=os.environ | {"CODE_BASE_PATH": str(rtl.resolve() / "C910_RTL_FACTORY")},
    )  # fmt: skip
    options = ["CXX=clang++-19", "LINK=clang++-19", "OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O1"]
    subprocess.run(["make", "-C", made, "-f", "Vtop.mk", "Vtop", *options], check=True)


def count(rtl: Path, program: Path, folder: Path) -> int:
    """Return the cycles between the third and the fourth mark of a program."""
    listing = subprocess.run(["llvm-objdump-19", "-d", program], capture_output=True, text=True, check=True).stdout
    [mark] = re.findall(r"^\s*([0-9a-f]+):.*\brdcycle", listing, re.MULTILINE)
    stop = re.findall(r"^\s*([0-9a-f]+):.*\becall", listing, re.MULTILINE)[0]
    image = folder / "image.hex"
    image.write_text(memory_image(program, boot(folder)))
    done = subprocess.run(
        [rtl / "obj/Vtop", f"+prog={image}", f"+mark={mark}", f"+stop={stop}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    at = [int(line.split()[1]) for line in done.splitlines() if line.startswith("M ")]
    return at[3] - at[2]


def probe(rtl: Path) -> None:
    """Print the cycles of our small programs that show one rule of the core each, by the RTL and by the model."""
    lab = Riscv(None, RiscvConfig())
    for source in sorted(HERE.glob("*.c")):
        with tempfile.TemporaryDirectory() as name:
            target = Path(name) / source.stem
            flags = ["-O2", "-march=rv64gc", f"-I{KERNELS}", *FLAGS]
            subprocess.run(["riscv64-linux-gnu-gcc", *flags, source, KERNELS / "ranked.c", "-o", target], check=True)
            marks = lab.run(lab.read(target), changes=BARE).marks
            print(source.stem, count(rtl, target, Path(name)), marks[3] - marks[2])


def boot(folder: Path) -> bytes:
    """Assemble our start."""
    parts = folder / "boot.o", folder / "boot.elf", folder / "boot.bin"
    subprocess.run(["clang-19", "--target=riscv64", "-march=rv64gc", "-c", HERE / "boot.s", "-o", parts[0]], check=True)
    subprocess.run(["ld.lld-19", "-Ttext=0", "-e", "0", parts[0], "-o", parts[1]], check=True)
    subprocess.run(["llvm-objcopy-19", "-O", "binary", "-j", ".text", parts[1], parts[2]], check=True)
    return parts[2].read_bytes()


def memory_image(program: Path, start: bytes) -> str:
    """Return start and program as lines that Verilog's readmemh takes."""
    elf = read_program(program.read_bytes(), name=program.name)
    memory = bytearray(max(one.start + one.size for one in elf.segments) + 16 & ~15)
    memory[: len(start)] = start.replace(_ENTRY, struct.pack("<Q", elf.entry))
    for segment in elf.segments:
        memory[segment.start : segment.start + len(segment.data)] = segment.data
    rows = (memory[at : at + 16] for at in range(0, len(memory), 16))
    return "".join(f"@{index:x}\n{row[::-1].hex()}\n" for index, row in enumerate(rows) if any(row))


def main() -> None:
    """Build the simulator, or count every program of the ranking."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("build", "count", "probe"))
    parser.add_argument("rtl", type=Path)
    given = parser.parse_args()
    if given.what == "build":
        build(given.rtl)
        return
    if given.what == "probe":
        probe(given.rtl)
        return
    programs = {}
    with tempfile.TemporaryDirectory() as name:
        for kernel in RANKED:
            for compiler in ("gcc12", "clang19", "clang16"):
                made = build_ranked(kernel, compiler, Path(name))
                cycles = count(given.rtl, Path(name) / f"{kernel}.{compiler}", Path(name))
                programs[f"{kernel}.{compiler}"] = {"program": fingerprint(made), "cycles": cycles}
    print(json.dumps({"source": _SOURCE, "programs": programs}, indent=1))


if __name__ == "__main__":
    main()
