"""Read signals of the open RTL cycle by cycle, without building it anew::

    python bench/riscv_rtl/signals.py openc910 PROGRAM --from 10000 --upto 10050 ctrl_is_dis_type_stall if_pc id_inst0_vld

Verilator keeps most signals as members of a C++ object. This writes a main program that prints those whose names end so,
links it with what `run.py build` has made, and runs a bare program on it. Names that are not there were optimised away.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from run import boot, memory_image

INCLUDE = Path("/usr/share/verilator/include")
_MEMBER = re.compile(r"\b(?:CData|SData|IData|QData)/\*\d+:0\*/ (top__DOT__\w+);")
_MAIN = """#include "Vtop.h"
#include "Vtop___024root.h"
#include "verilated.h"
#include <cstdio>
double sc_time_stamp() { return 0; }
int main(int argc, char** argv) {
  VerilatedContext context; context.randReset(0); context.commandArgs(argc, argv);
  Vtop top{&context, "TOP"}; auto* r = top.rootp; top.clk = 0;
  for (long cycle = 0; cycle < UPTO && !context.gotFinish();) {
    context.timeInc(1); top.clk = !top.clk; top.eval();
    if (top.clk && ++cycle >= FROM) { printf("C %ld", cycle); PRINTS puts(""); }
  }
  top.final();
}
"""


def members(header: str, wanted: list[str]) -> list[str]:
    """Return the one member that each name ends; the shortest where several do."""
    names = sorted(set(_MEMBER.findall(header)), key=len)
    found = []
    for name in wanted:
        ending = [member for member in names if member.endswith(f"__DOT__{name}")]
        if not ending:
            sys.exit(f"The simulator keeps no signal {name!r}; another name of it, a port of its module, may be there.")
        found.append(ending[0])
    return found


def main() -> None:
    """Print the signals of the cycles asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rtl", type=Path)
    parser.add_argument("program", type=Path)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--upto", type=int, required=True)
    parser.add_argument("signals", nargs="+")
    given = parser.parse_args()
    made = given.rtl / "obj"
    found = members((made / "Vtop___024root.h").read_text(), given.signals)
    prints = "".join(
        f'printf(" {name} %lx", (unsigned long)r->{m}); ' for name, m in zip(given.signals, found, strict=True)
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, simulator, image = folder / "main.cpp", folder / "simulator", folder / "image.hex"
        source.write_text(
            _MAIN.replace("UPTO", str(given.upto)).replace("FROM", str(given.first)).replace("PRINTS", prints)
        )
        includes = [f"-I{path}" for path in (made, INCLUDE, INCLUDE / "vltstd")]
        objects = [*sorted(made.glob("verilated*.o")), made / "Vtop__ALL.a"]
        subprocess.run(
            ["clang++-19", "-O1", "-std=gnu++17", "-w", *includes, source, *objects, "-lpthread", "-o", simulator],
            check=True,
        )
        image.write_text(memory_image(given.program, boot(folder)))
        subprocess.run([simulator, f"+prog={image}", "+mark=ffffffff", "+stop=ffffffff"], check=True)


if __name__ == "__main__":
    main()
