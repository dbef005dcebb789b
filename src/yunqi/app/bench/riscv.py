"""`yunqi bench riscv`: CoreMark on the modelled core beside the published figure, and kernels of our own."""

import os
import statistics
import sys
import time
from pathlib import Path

from yunqi.app.bench.model import Row
from yunqi.labs.riscv import HOW_COREMARK, PUBLISHED_COREMARK, Riscv, RiscvConfig, coremark, own_mix

_PEER = "Xuantie 910, published by its vendor"


def run(runs: int = 3) -> list[Row]:
    """Run CoreMark where its source or a program of it is at hand (YUNQI_RISCV_COREMARK), and always our own mix.

    The mix (list, matrix, state machine, checksum) is not CoreMark, and its figures are not CoreMark's.
    """
    riscv = Riscv(None, RiscvConfig())
    riscv.warm()
    rows = []
    if not os.environ.get("YUNQI_RISCV_COREMARK"):
        print(HOW_COREMARK, file=sys.stderr)
    source = os.environ.get("YUNQI_RISCV_COREMARK", "")
    for index, found in enumerate(coremark(riscv, Path(source)) if source else ()):
        name = "coremark_per_mhz" if index == 0 else f"coremark_per_mhz[{found.compiler}]"
        peer = (_PEER, PUBLISHED_COREMARK, found.per_mhz / PUBLISHED_COREMARK)
        rows.append(Row(name, found.per_mhz, "CoreMark/MHz", *peer))
        rows.append(Row(f"coremark_ipc[{found.compiler}]", found.instructions / found.cycles, "instructions/cycle"))
    mix = own_mix(riscv)
    rows.append(Row("own_mix_cycles", float(sum(mix.values())), "cycles a round, not CoreMark"))
    rows += [Row(f"own_mix_cycles[{name}]", float(cycles), "cycles") for name, cycles in mix.items()]
    return [*rows, *_speeds(riscv, runs)]


def _speeds(riscv: Riscv, runs: int) -> list[Row]:
    rows = []
    for metric, timing in (("interpreter_mips", False), ("timed_mips", True)):
        figures = []
        for _ in range(max(1, runs)):
            started = time.process_time()
            count = riscv.spin(2_000_000 if timing else 40_000_000, timing=timing)
            figures.append(count / (time.process_time() - started) / 1e6)
        median = statistics.median(figures)
        spread = (max(figures) - min(figures)) / median
        rows.append(Row(metric, median, "million instructions per CPU second", runs=len(figures), spread=spread))
    return rows
