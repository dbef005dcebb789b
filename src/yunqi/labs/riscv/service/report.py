"""Where the cycles went: by function, by instruction, top-down, and as a pipeline log."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yunqi.labs.riscv.engine.disassemble import text_at
from yunqi.labs.riscv.engine.machine.memory import Memory
from yunqi.labs.riscv.engine.timing import words
from yunqi.labs.riscv.engine.timing.model import TimingModel
from yunqi.labs.riscv.model import Program

_TOP_DOWN = {
    "retiring": ("base",),
    "bad_speculation": ("misprediction",),
    "frontend_bound": ("fetch", "instruction_cache"),
    "memory_bound": ("load_latency", "l1_miss", "l2_miss"),
    "core_bound": ("dependency", "long_operation", "resource", "serialising"),
}


@dataclass(frozen=True, slots=True)
class Spot:
    """A function or an instruction: executions, cycles at which retirement stood there, and their share of all."""

    name: str
    address: int
    executions: int
    cycles: int
    share: float


def functions(program: Program, counts: Mapping[int, tuple[int, int]], *, most: int = 30) -> list[Spot]:
    """Return the functions by cycles, most first."""
    starts = [symbol.address for symbol in program.symbols]
    sums: dict[int, list[int]] = {}
    for pc, (times, cycles) in counts.items():
        at = bisect_right(starts, pc) - 1
        entry = sums.setdefault(at, [0, 0])
        entry[0] += times
        entry[1] += cycles
    whole = sum(cycles for _, cycles in sums.values()) or 1
    rows = []
    for at, (times, cycles) in sums.items():
        name, address = (program.symbols[at].name, starts[at]) if at >= 0 else ("(no symbol)", program.entry)
        rows.append(Spot(name, address, times, cycles, cycles / whole))
    return sorted(rows, key=lambda row: -row.cycles)[:most]


def instructions(memory: Memory, counts: Mapping[int, tuple[int, int]], *, most: int = 30) -> list[Spot]:
    """Return the instructions by cycles, most first."""
    whole = sum(cycles for _, cycles in counts.values()) or 1
    top = sorted(counts.items(), key=lambda item: -item[1][1])[:most]
    return [Spot(text_at(memory, pc), pc, times, cycles, cycles / whole) for pc, (times, cycles) in top]


def top_down(stack: Mapping[str, int], instructions_retired: int, width: int) -> dict[str, float]:
    """Return the shares of the first level of a top-down analysis, which sum up to 1.

    Parameters
    ----------
    stack
        Cycles by cause.
    instructions_retired, width
        What ideal retirement would take; base cycles beyond it count as bound by the core.
    """
    whole = sum(stack.values()) or 1
    shares = {name: sum(stack.get(cause, 0) for cause in causes) / whole for name, causes in _TOP_DOWN.items()}
    ideal = min(shares["retiring"], instructions_retired / max(1, width) / whole)
    shares["core_bound"] += shares["retiring"] - ideal
    shares["retiring"] = ideal
    return shares


def pipeline(model: TimingModel, memory: Memory) -> list[dict[str, int | str]]:
    """Return the kept instructions' way through the pipeline as rows, in program order.

    Each row has ``number``, ``pc``, ``text``, and the cycles ``fetched``, ``decoded``, ``issued``, ``done``, ``retired``.
    """
    rows = model.log[: int(model.t[words.LOGGED])].tolist()
    names = ("fetched", "decoded", "issued", "done", "retired")
    return [
        {"number": number, "pc": row[6], "text": text_at(memory, row[6]), **dict(zip(names, row[1:6], strict=True))}
        for number, row in enumerate(rows)
    ]


def konata(model: TimingModel, memory: Memory) -> str:
    """Return the kept instructions' way through the pipeline in Konata's text format (version 4)."""
    rows = model.log[: int(model.t[words.LOGGED])]
    events: list[tuple[int, int, str]] = []
    for number, (_, fetched, decoded, issued, done, retired, pc) in enumerate(rows.tolist()):
        label = text_at(memory, pc)
        events += [
            (fetched, 0, f"I\t{number}\t{number}\t0\nL\t{number}\t0\t{pc:x}: {label}\nS\t{number}\t0\tF"),
            (decoded, 1, f"S\t{number}\t0\tD"),
            (issued, 2, f"S\t{number}\t0\tX"),
            (done, 3, f"S\t{number}\t0\tW"),
            (retired, 4, f"R\t{number}\t{number}\t0"),
        ]
    events.sort(key=lambda event: event[:2])
    return "\n".join(_lines(events)) + "\n"


def _lines(events: Sequence[tuple[int, int, str]]) -> list[str]:
    lines = ["Kanata\t0004"]
    now = events[0][0] if events else 0
    lines.append(f"C=\t{now}")
    for cycle, _, text in events:
        if cycle > now:
            lines.append(f"C\t{cycle - now}")
            now = cycle
        lines.append(text)
    return lines
