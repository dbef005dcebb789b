"""The vendor's emulator as a second, faster engine: a separate program (GPL-2) that whoever wants it installs.

It has no sandbox: a program run by it can touch what its user can. Instructions are counted by a plugin of our own, built
from `engine/emulator/plugin.c` at first use; the same plugin's trace feeds the timing model.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel.errors import Invalid, Unavailable
from yunqi.labs.riscv.model import Fault, Limits, Program, Run
from yunqi.labs.riscv.service.riscv import Riscv

if TYPE_CHECKING:
    from yunqi.labs.riscv.engine.process import Process
    from yunqi.labs.riscv.engine.timing.model import TimingModel

VARIABLE = "YUNQI_XUANTIE_QEMU"
CORES = ("c910", "c910v")
_SOURCE = Path(__file__).resolve().parents[1] / "engine" / "emulator" / "plugin.c"
_CHUNK = 1 << 16
_WINDOW = 1_000_000


def find() -> Path:
    """Return the emulator: named by the variable, or inside the package xuantie-qemu.

    Raises
    ------
    Unavailable
        Neither is there.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if not Path(named).is_file():
            raise Unavailable(f"{VARIABLE} names {named}, which is no file.")
        return Path(named)
    found = importlib.util.find_spec("qemu")
    inside = Path(found.origin).with_name("qemu-riscv64") if found and found.origin else None
    if inside is None or not inside.is_file():
        raise Unavailable(
            f"The emulator is not installed: pip install xuantie-qemu (GPL-2, a separate program), or name it in {VARIABLE}. "
            "--engine own needs nothing."
        )
    return inside


def build_plugin(folder: Path) -> Path | None:
    """Return the plugin, built into a folder; None where no C compiler is there or it fails."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    target = folder / "count.so"
    if compiler is None:
        return None
    command = [compiler, "-O2", "-shared", "-fPIC", "-w", "-o", str(target), str(_SOURCE)]
    done = subprocess.run(command, capture_output=True, check=False)
    return target if done.returncode == 0 else None


def emulate(
    riscv: Riscv,
    file: Path,
    arguments: Sequence[str] = (),
    *,
    stdin: BinaryIO | None = None,
    limits: Limits | None = None,
    timing: bool = False,
    changes: Mapping[str, float] | None = None,
    core: str = "c910v",
) -> Run:
    """Run a program in the vendor's emulator.

    Parameters
    ----------
    riscv
        The lab.
    file, arguments
        The program and its ``argv``; it runs with the rights of who runs this.
    stdin
        Its standard input; by default none.
    limits
        Seconds and output are held; instructions only when ``timing``.
    timing
        Whether the trace is timed by our model. Divisions then take their shortest time, and vector programs are refused.
    changes
        Parameters of the core that differ.
    core
        The emulator's name of it.

    Raises
    ------
    Unavailable
        No emulator; with ``timing`` no C compiler for the plugin.
    """
    emulator, bounds = find(), limits or riscv.limits()
    if core not in CORES:
        raise Invalid(f"There is no core {core!r} here: {', '.join(CORES)}.", "core")
    program = riscv.read(file)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plugin = build_plugin(folder)
        if timing and plugin is None:
            raise Unavailable("Timing the emulator's trace needs a C compiler for its plugin: apt-get install gcc.")
        counted, pipe = folder / "count", folder / "trace"
        command = [str(emulator), "-cpu", core]
        if plugin is not None:
            more = f",arg={pipe}" if timing else ""
            command += ["-plugin", f"file={plugin},arg={counted}{more}"]
        command += [str(file), *arguments]
        model = riscv.model(changes) if timing else None
        reader = None
        if model is not None:
            os.mkfifo(pipe)
            reader = _Trace(riscv, program, model, bounds)
        status, output, errors, stopped = _run(command, folder, stdin, bounds, reader, pipe)
        count = int(counted.read_text()) if counted.exists() else reader.total if reader else 0
    return _result(program, status, output, errors, stopped, count, model, reader)


def _run(
    command: list[str], folder: Path, stdin: BinaryIO | None, bounds: Limits, reader: "_Trace | None", pipe: Path
) -> tuple[int, bytes, bytes, str | None]:
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=out, stderr=err)
        timer = threading.Timer(bounds.seconds, process.kill)
        timer.start()
        try:
            if reader is not None:
                reader.consume(pipe, process)
            status = process.wait()
        finally:
            late = not timer.is_alive()
            timer.cancel()
            process.kill()
    stopped = f"The program was stopped after {bounds.seconds:g} seconds." if late else None
    if reader is not None and reader.stopped:
        stopped = reader.stopped
    texts = [(folder / name).read_bytes()[: bounds.output] for name in ("out", "err")]
    return status, texts[0], texts[1], stopped


def _result(
    program: Program, status: int, output: bytes, errors: bytes, stopped: str | None, count: int,
    model: "TimingModel | None", reader: "_Trace | None",
) -> Run:  # fmt: skip
    fault = None
    if status < 0 and stopped is None:
        fault = Fault("signal", 0, None, f"The emulator says that the program died of signal {-status}.", -status)
    cycles, kind, seconds, timed = 0, "none", 0.0, None
    if model is not None and reader is not None:
        timed = model.timed()
        cycles, kind = timed.cycles, "full"
        if reader.untimed and timed.instructions:
            cycles, kind = cycles + round(reader.untimed * timed.cycles / timed.instructions), "sampled"
        seconds = cycles / (model.values["core.frequency_mhz"] * 1e6)
    ended = None if stopped else 128 - status if status < 0 else status
    return Run(
        program.name, ended, fault, stopped, count, cycles, kind, seconds, output, errors, timed.stack if timed else {},
        timed.counters if timed else {}, timed.marks if timed else (),
    )  # fmt: skip


class _Trace:
    """Turns the plugin's records into what the timing model takes."""

    def __init__(self, riscv: Riscv, program: Program, model: "TimingModel", bounds: Limits) -> None:
        self.process: Process = riscv.process(program, limits=bounds)
        self.model, self.bounds, self.full = model, bounds, riscv.config.full_timing_instructions
        self.total = self.untimed = 0
        self.stopped: str | None = None
        self._bases: dict[int, int] = {}

    def consume(self, pipe: Path, process: "subprocess.Popen[bytes]") -> None:
        """Read until the emulator ends or the limit is reached."""
        for records in _records(pipe, process):
            inside = self.total < self.full or (self.total - self.full) % (10 * _WINDOW) < _WINDOW
            self.total += len(records)
            if inside:
                self._time(records)
            else:
                self.untimed += len(records)
            if self.total >= self.bounds.instructions:
                self.stopped = f"The program was stopped after {self.bounds.instructions:,} instructions."
                process.kill()
                return

    def _time(self, records: NDArray[np.int64]) -> None:
        from yunqi.labs.riscv.engine.machine import layout as at

        hart = self.process.hart
        pages, where = np.unique(records[:, 0] >> 12, return_inverse=True)
        bases = np.array([self._base(int(page)) for page in pages], np.int64)
        slots = bases[where] + ((records[:, 0] & 4095) >> 1)
        fresh = np.unique(slots[hart.memory.code[2 * slots] == 0], return_index=False)
        for slot in fresh.tolist():
            self._decode(slot, int(records[np.flatnonzero(slots == slot)[0], 0]))
        hart.slots[: len(slots)], hart.addresses[: len(slots)] = slots, records[:, 1]
        hart.control[at.TRACED] = len(slots)
        self.model.consume(hart)

    def _base(self, page: int) -> int:
        from yunqi.labs.riscv.engine.machine import layout as at

        if page not in self._bases:
            memory = self.process.memory
            if not memory.touch(page << 12, at.EXECUTE):
                raise Invalid(
                    "The program runs code that its file does not hold (position-independent, or made while it runs): "
                    "time it with --engine own.", "engine",
                )  # fmt: skip
            memory.decode_page(page << 12)
            self._bases[page] = (len(memory.code_pages) - 1) * at.SLOTS
        return self._bases[page]

    def _decode(self, slot: int, address: int) -> None:
        from yunqi.labs.riscv.engine.isa import ops

        self.process.decode(address, slot)
        if int(self.process.memory.code[2 * slot]) & 1023 >= ops.VECTOR:
            raise Invalid("The program has vector instructions: time it with --engine own.", "engine")


def _records(pipe: Path, process: "subprocess.Popen[bytes]") -> Iterator[NDArray[np.int64]]:
    # Opened without waiting: an emulator that ends at once would never open the other side.
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    held = b""
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        while True:
            piece: Any = stream.read(1 << 20)
            if piece:
                held += piece
            elif piece == b"" and process.poll() is not None:
                break
            else:
                _wait(descriptor)
            while len(held) >= 16 * _CHUNK:
                yield np.frombuffer(held[: 16 * _CHUNK], np.int64).reshape(-1, 2)
                held = held[16 * _CHUNK :]
    if held:
        yield np.frombuffer(held[: len(held) // 16 * 16], np.int64).reshape(-1, 2)


def _wait(descriptor: int) -> None:
    import select
    import time

    ready, _, _ = select.select([descriptor], [], [], 0.05)
    if ready:
        time.sleep(0.002)  # at its end before it is opened, a pipe is always ready
