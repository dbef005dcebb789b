"""The debugger through its protocol: a client of our own, and GDB where it is installed."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("numba")

from tests.labs.riscv.assembler import EXIT, elf, words

from yunqi.labs.riscv import Limits, Riscv, RiscvConfig, read_program
from yunqi.labs.riscv.engine.gdb.packets import INTERRUPT, Reader, packed
from yunqi.labs.riscv.service.debug import debug

LAB = Riscv(None, RiscvConfig())
# lui a1, 0x20; li a0, 1; sw a0, 0(a1); addi a0, a0, 41; lw a2, 0(a1); exit(a0)
PROGRAM = words(0x000205B7, 0x00100513, 0x00A5A023, 0x02950513, 0x0005A603, *EXIT)


@pytest.fixture(autouse=True, scope="module")
def _compiled() -> None:
    """Compile the inner loops before any clock runs."""
    LAB.warm()


class Client:
    """As much of a GDB as the tests need."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.reader = Reader()

    def send(self, text: str | bytes) -> None:
        self.socket.sendall(packed(text.encode() if isinstance(text, str) else text))

    def ask(self, text: str | bytes) -> str:
        self.send(text)
        return self.hear()

    def hear(self) -> str:
        while True:
            for packet in self.reader.feed(self.socket.recv(1 << 16)):
                assert packet is not None
                self.socket.sendall(b"+")
                return packet.decode("latin-1")

    def register(self, number: int) -> int:
        return int.from_bytes(bytes.fromhex(self.ask(f"p{number:x}")), "little")


@contextmanager
def held(code: bytes = PROGRAM, data: bytes = bytes(64)) -> Iterator[tuple[Client, int]]:
    process = LAB.process(read_program(elf(code, data=data)), limits=Limits(memory=1 << 24))
    ports: list[int] = []
    there = threading.Event()

    def ready(port: int) -> None:
        ports.append(port)
        there.set()

    thread = threading.Thread(target=lambda: debug(process, 0, ready=ready), daemon=True)
    thread.start()
    assert there.wait(60)
    client = Client(ports[0])
    try:
        yield client, ports[0]
    finally:
        client.socket.close()
        thread.join(60)


def test_registers_memory_and_steps() -> None:
    with held() as (gdb, _):
        assert "PacketSize" in gdb.ask("qSupported:swbreak+")
        assert gdb.ask("?") == "T05thread:1;"
        assert gdb.register(32) == 0x10000
        assert gdb.ask("s") == "T05thread:1;"
        assert (gdb.register(32), gdb.register(11)) == (0x10004, 0x20000)
        assert gdb.ask("P0a=2a00000000000000") == "OK"
        assert gdb.register(10) == 42
        assert gdb.ask("m10000,4") == "b7050200"
        assert gdb.ask("M20010,2:beef") == "OK"
        assert gdb.ask("m20010,2") == "beef"
        assert gdb.ask("m0,4") == "E0e"
        assert len(gdb.ask("g")) == 2 * (33 * 8 + 32 * 8 + 3 * 4 + 32 * 16)


def test_a_breakpoint_stops_and_is_not_seen_in_memory_and_the_program_ends() -> None:
    with held() as (gdb, _):
        before = gdb.ask("m10008,8")
        assert gdb.ask("Z0,1000c,4") == "OK"
        assert gdb.ask("m10008,8") == before
        assert gdb.ask("c") == "T05thread:1;swbreak:;"
        assert gdb.register(32) == 0x1000C
        assert gdb.ask("s") == "T05thread:1;"
        assert gdb.register(10) == 42
        assert gdb.ask("z0,1000c,4") == "OK"
        assert gdb.ask("c") == "W2a"


def test_watchpoints_see_writes_and_reads() -> None:
    with held() as (gdb, _):
        assert gdb.ask("Z2,20000,4") == "OK"
        assert gdb.ask("c") == "T05thread:1;watch:20000;"
        assert gdb.register(32) == 0x1000C
        assert gdb.ask("z2,20000,4") == "OK"
        assert gdb.ask("Z3,20002,1") == "OK"
        assert gdb.ask("c") == "T05thread:1;rwatch:20002;"
        assert gdb.register(32) == 0x10014
        assert gdb.ask("z3,20002,1") == "OK"
        assert gdb.ask("vCont;c") == "W2a"


def test_an_endless_loop_is_interrupted() -> None:
    with held(words(0x0000006F)) as (gdb, _):
        gdb.send("c")
        gdb.socket.sendall(INTERRUPT)
        assert gdb.hear() == "T02thread:1;"


def test_a_fault_is_told_with_its_signal() -> None:
    with held(words(0x00003503)) as (gdb, _):
        assert gdb.ask("c") == "T0bthread:1;"


@pytest.mark.parametrize(
    "packet", ["m", "mzz,1", "P", "p99999", "Zx", "Z0,1,2", "X1", "qXfer:features:read:target.xml:", "", "M1,4:00"]
)
def test_what_makes_no_sense_is_answered_and_harms_nothing(packet: str) -> None:
    with held() as (gdb, _):
        gdb.ask(packet)
        gdb.socket.sendall(b"$bad#00+garbage")
        assert gdb.ask("c") in ("W2a", "")


@pytest.mark.skipif(shutil.which("gdb-multiarch") is None, reason="needs Debian's gdb-multiarch")
@pytest.mark.slow
def test_gdb_itself_breaks_steps_and_reads(tmp_path: Path) -> None:
    target = tmp_path / "program"
    target.write_bytes(elf(PROGRAM, data=bytes(64)))
    process = LAB.process(LAB.read(target), limits=Limits(memory=1 << 24))
    ports: list[int] = []
    there = threading.Event()
    thread = threading.Thread(
        target=lambda: debug(process, 0, ready=lambda port: (ports.append(port), there.set())), daemon=True
    )
    thread.start()
    assert there.wait(60)
    commands = (
        f"target remote 127.0.0.1:{ports[0]}", "break *0x1000c", "continue", "info registers a0 pc", "stepi", "print $a0",
        "x/2xw 0x20000", "watch *(int*)0x20000", "print $v0", "delete", "continue",
    )  # fmt: skip
    arguments = [part for command in commands for part in ("-ex", command)]
    done = subprocess.run(
        ["gdb-multiarch", "-nx", "-batch", *arguments, str(target)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Breakpoint 1, 0x000000000001000c" in done.stdout
    assert "$1 = 42" in done.stdout
    assert "0x20000:\t0x00000001" in done.stdout
    assert "exited with code 052" in done.stdout
    thread.join(60)
