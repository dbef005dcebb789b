"""`yunqi bench riscv-ranking`: which compiler's program is fastest, by the model and by the open RTL."""

from yunqi.app.bench.model import Row
from yunqi.labs.riscv import Riscv, RiscvConfig, ranking, right_pairs, right_winners

_PEER = "OpenC910's RTL in Verilator, cycles recorded"


def run(runs: int = 1) -> list[Row]:
    """Time the kernels by the compilers found, held against the RTL's recorded cycles; the model is exact, one run does."""
    rows = ranking(Riscv(None, RiscvConfig()))
    errors = [abs(row.error) for row in rows]
    made = [
        Row(f"cycles[{row.kernel}, {row.compiler}]", row.model, "cycles", _PEER, row.rtl, row.model / row.rtl)
        for row in rows
    ]
    winners, kernels = right_winners(rows)
    pairs, count = right_pairs(rows)
    made.append(Row("mean_error", 100 * sum(errors) / len(errors), "% of the RTL's cycles"))
    unseen = [abs(row.error) for row in rows if row.unseen]
    if unseen:
        made.append(Row("mean_error_unseen", 100 * sum(unseen) / len(unseen), "% of the RTL's cycles"))
        made.append(Row("worst_error_unseen", 100 * max(unseen), "% of the RTL's cycles"))
    made.append(Row("worst_error", 100 * max(errors), "% of the RTL's cycles"))
    made.append(Row("right_winners", winners, f"of {kernels} kernels"))
    made.append(Row("right_pairs", pairs, f"of {count} pairs"))
    return made
