"""What GDB asks of a process, answered: registers, memory, breakpoints, watchpoints, steps."""

from collections.abc import Callable
from dataclasses import dataclass, field

from yunqi.labs.riscv.engine.gdb import target
from yunqi.labs.riscv.engine.gdb.packets import MOST
from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.linux import Exited
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.process import Ended, Process

_EBREAK = (0x9002).to_bytes(2, "little")
_BURST = 2_000_000
_FOREVER = float("inf")
_MOST_BREAKPOINTS = 4096


@dataclass(slots=True)
class Debugger:
    """A process under GDB's hand.

    Parameters
    ----------
    process
        What is debugged; it keeps no trace.
    interrupted
        Is asked now and then while the program runs; True stops it.
    """

    process: Process
    interrupted: Callable[[], bool] = lambda: False
    breakpoints: dict[int, bytes] = field(default_factory=dict)
    watched: set[tuple[int, int, int]] = field(default_factory=set)
    last: bytes = b"T05thread:1;"
    over: bool = False
    detached: bool = False

    def answer(self, packet: bytes) -> bytes | None:
        """Return the reply to a packet; None when there is none (the connection ends)."""
        text = packet.decode("latin-1")
        try:
            return self._answer(text, packet)
        except (ValueError, IndexError):
            return b"E01"

    def _answer(self, text: str, packet: bytes) -> bytes | None:
        kind = text[:1]
        if kind == "k":
            self.over = True
            return None
        if text.startswith("D"):
            self.detached = True
            self._remove_all()
            return b"OK"
        simple = {"?": self.last, "H": b"OK", "T": b"OK", "!": b"OK"}
        if kind in simple:
            return simple[kind]
        handlers: dict[str, Callable[[], bytes]] = {
            "g": lambda: b"".join(target.read(self.process.hart, n) for n in range(target.COUNT)).hex().encode(),
            "G": lambda: self._write_all(bytes.fromhex(text[1:])),
            "p": lambda: self._read_register(int(text[1:], 16)),
            "P": lambda: self._write_register(text[1:]),
            "m": lambda: self._read_memory(text[1:]),
            "M": lambda: self._write_memory(text[1:].split(":")[0], bytes.fromhex(text.split(":")[1])),
            "X": lambda: self._write_memory(text[1:].split(":")[0], packet[packet.index(b":") + 1 :]),
            "c": lambda: self._resume(text[1:], step=False),
            "s": lambda: self._resume(text[1:], step=True),
            "Z": lambda: self._point(text[1:], adds=True),
            "z": lambda: self._point(text[1:], adds=False),
            "q": lambda: self._query(text),
            "Q": lambda: b"OK" if text.startswith("QStartNoAckMode") else b"",
            "v": lambda: self._verbose(text),
        }
        return handlers[kind]() if kind in handlers else b""

    def _query(self, text: str) -> bytes:
        if text.startswith("qSupported"):
            return b"PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;swbreak+;vContSupported+" % (MOST // 2)
        if text.startswith("qXfer:features:read:target.xml:"):
            start, length = (int(part, 16) for part in text.rsplit(":", 1)[1].split(","))
            whole = target.description().encode()
            piece = whole[start : start + length]
            return (b"m" if start + length < len(whole) else b"l") + piece
        fixed = {"qC": b"QC1", "qAttached": b"1", "qfThreadInfo": b"m1", "qsThreadInfo": b"l", "qOffsets": b""}
        if text.startswith("qSymbol"):
            return b"OK"
        return fixed.get(text.split(":")[0], b"")

    def _verbose(self, text: str) -> bytes:
        if text == "vCont?":
            return b"vCont;c;C;s;S"
        if text.startswith("vCont;"):
            action = text[6:7]
            if action in ("c", "C", "s", "S"):
                return self._resume("", step=action in "sS")
        if text.startswith("vKill"):
            self.over = True
            return b"OK"
        return b""

    def _read_register(self, number: int) -> bytes:
        return target.read(self.process.hart, number).hex().encode() if 0 <= number < target.COUNT else b"E02"

    def _write_register(self, text: str) -> bytes:
        number, value = text.split("=")
        if not 0 <= int(number, 16) < target.COUNT:
            return b"E02"
        target.write(self.process.hart, int(number, 16), bytes.fromhex(value))
        return b"OK"

    def _write_all(self, data: bytes) -> bytes:
        for number in range(target.COUNT):
            size = target.size_of(number)
            if len(data) < size:
                break
            target.write(self.process.hart, number, data[:size])
            data = data[size:]
        return b"OK"

    def _read_memory(self, text: str) -> bytes:
        address, length = (int(part, 16) for part in text.split(","))
        data = self.process.memory.read(address, min(length, MOST // 4))
        if data is None:
            return b"E0e"
        shown = bytearray(data)
        for place, kept in self.breakpoints.items():
            for index, byte in enumerate(kept):
                if 0 <= place + index - address < len(shown):
                    shown[place + index - address] = byte
        return shown.hex().encode()

    def _write_memory(self, place: str, data: bytes) -> bytes:
        address, length = (int(part, 16) for part in place.split(","))
        if len(data) != length:
            return b"E01"
        put = list(self.breakpoints)
        self._remove_all()
        done = not data or self.process.memory.write(address, data, right=at.READ | at.WRITE | at.EXECUTE)
        for point in put:
            self._insert(point)
        return b"OK" if done else b"E0e"

    def _insert(self, address: int) -> bool:
        kept = self.process.memory.read(address, 2)
        if kept is None or address & 1 or not self.process.memory.write(address, _EBREAK, right=at.EXECUTE):
            return False
        self.breakpoints[address] = kept
        return True

    def _remove(self, address: int) -> None:
        kept = self.breakpoints.pop(address, None)
        if kept is not None:
            self.process.memory.write(address, kept, right=at.EXECUTE)

    def _remove_all(self) -> None:
        for address in list(self.breakpoints):
            self._remove(address)

    def _point(self, text: str, *, adds: bool) -> bytes:
        kind, address, length = (int(part.split(";")[0], 16) for part in text.split(",")[:3])
        if kind in (0, 1):
            if not adds:
                self._remove(address)
            elif address not in self.breakpoints:
                if len(self.breakpoints) >= _MOST_BREAKPOINTS or not self._insert(address):
                    return b"E0e"
            return b"OK"
        if kind in (2, 3, 4):
            (self.watched.add if adds else self.watched.discard)((kind, address, max(1, length)))
            return b"OK"
        return b""

    def _resume(self, text: str, *, step: bool) -> bytes:
        if self.over:
            return self.last
        if text:
            self.process.hart.control[at.PC] = int(text, 16)
        try:
            self.last = self._go(step=step)
        except Exited as exited:
            self.over = True
            self.last = b"X%02x" % exited.signal if exited.signal else b"W%02x" % exited.status
        return self.last

    def _go(self, *, step: bool) -> bytes:
        process = self.process
        here = process.hart.pc
        kept = self.breakpoints.get(here)
        if kept is not None or step or self.watched:
            found = self._one(kept is not None)
            if found is not None or step:
                return found or b"T05thread:1;"
        while True:
            if self.watched:
                if process.hart.pc in self.breakpoints:
                    return b"T05thread:1;swbreak:;"
                found = self._one(inserted=False)
                if found is not None:
                    return found
                if process.hart.retired % 4096 == 0 and self.interrupted():
                    return b"T02thread:1;"
                continue
            ended = process.step(_FOREVER, most=_BURST)
            if ended is not None:
                return self._stopped(ended)
            if self.interrupted():
                return b"T02thread:1;"

    def _one(self, inserted: bool) -> bytes | None:
        """Carry out one instruction; returns why to stop, if it is one."""
        process, hart = self.process, self.process.hart
        here = hart.pc
        if inserted:
            self._remove(here)
        before = hart.retired
        while hart.retired == before:
            ended = process.step(_FOREVER, most=1, traced=True)
            if ended is not None:
                break
        if inserted:
            self._insert(here)
        if ended is not None:
            return self._stopped(ended)
        return self._touched() if self.watched else None

    def _touched(self) -> bytes | None:
        """Return a stop when the instruction just carried out touched something watched."""
        hart = self.process.hart
        if not int(hart.control[at.TRACED]):
            return None
        op, address = int(hart.memory.code[2 * int(hart.slots[0])]) & 1023, int(hart.addresses[0])
        loads = ops.INTEGER_END <= op < ops.LOAD_END or ops.LWPAIR <= op <= ops.LDPAIR
        stores = ops.LOAD_END <= op < ops.STORE_END or ops.LDPAIR < op < ops.PAIR_END
        atomic = ops.LRW <= op < ops.ATOMIC_END
        for kind, start, length in sorted(self.watched):
            wanted = ((stores or atomic) and kind in (2, 4)) or ((loads or atomic) and kind in (3, 4))
            if wanted and address < start + length and start < address + 8 and self._reaches(op, address, start):
                name = {2: b"watch", 3: b"rwatch", 4: b"awatch"}[kind]
                return b"T05thread:1;%s:%x;" % (name, start)
        return None

    @staticmethod
    def _reaches(op: int, address: int, start: int) -> bool:
        return address + _SIZES.get(op, 8) > start

    def _stopped(self, ended: Ended) -> bytes:
        if ended.fault is not None:
            if ended.fault.kind == "breakpoint":
                return b"T05thread:1;swbreak:;" if self.process.hart.pc in self.breakpoints else b"T05thread:1;"
            return b"T%02xthread:1;" % ended.fault.signal
        self.over = True
        return b"X%02x" % 9


_SIZES = {
    ops.LB: 1, ops.LBU: 1, ops.SB: 1, ops.LH: 2, ops.LHU: 2, ops.SH: 2, ops.LW: 4, ops.LWU: 4, ops.SW: 4, ops.FLW: 4,
    ops.FSW: 4,
}  # fmt: skip
