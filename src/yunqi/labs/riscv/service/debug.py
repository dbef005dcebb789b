"""A program held for GDB on a loopback port."""

import select
import socket
from collections.abc import Callable

from yunqi.kernel.errors import Invalid, Unavailable
from yunqi.labs.riscv.engine.gdb.debugger import Debugger
from yunqi.labs.riscv.engine.gdb.packets import INTERRUPT, Reader, packed
from yunqi.labs.riscv.engine.process import Process

HOST = "127.0.0.1"


def debug(process: Process, port: int, *, ready: Callable[[int], None]) -> Debugger:
    """Wait for one GDB on a loopback port and serve it until it goes or the program ends.

    Parameters
    ----------
    process
        From `Riscv.process`, not begun.
    port
        0: any free one.
    ready
        Is told the port.

    Returns
    -------
    Debugger
        As it was left.

    Raises
    ------
    Invalid
        A port that is none.
    Unavailable
        The port is taken.
    """
    if not 0 <= port <= 65535:
        raise Invalid(f"{port} is not a port: 0 to 65535.", "port")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise Unavailable(
                f"Port {port} of {HOST} cannot be had: {error.strerror}. Name another with --port."
            ) from None
        listener.listen(1)
        ready(listener.getsockname()[1])
        connection, _ = listener.accept()
    with connection:
        return _Session(process, connection).serve()


class _Session:
    def __init__(self, process: Process, connection: socket.socket) -> None:
        self.connection, self.reader = connection, Reader()
        self.waiting: list[bytes | None] = []
        self.acknowledges = True
        self.debugger = Debugger(process, interrupted=self._interrupted)

    def serve(self) -> Debugger:
        """Answer packets until the other side goes."""
        connection = self.connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while not (self.debugger.detached and not self.waiting):
                if not self.waiting:
                    data = connection.recv(1 << 16)
                    if not data:
                        break
                    self.waiting += self.reader.feed(data)
                    continue
                if not self._one(self.waiting.pop(0)):
                    break
        except (ConnectionError, BrokenPipeError):
            pass
        finally:
            self.debugger.process.files.close_all()
        return self.debugger

    def _one(self, packet: bytes | None) -> bool:
        if packet is None:
            if self.acknowledges:
                self.connection.sendall(b"-")
            return True
        if packet == INTERRUPT:
            return True
        if self.acknowledges:
            self.connection.sendall(b"+")
        reply = self.debugger.answer(packet)
        if packet == b"QStartNoAckMode":
            self.acknowledges = False
        if reply is None:
            return False
        self.connection.sendall(packed(reply))
        return True

    def _interrupted(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        if readable:
            data = self.connection.recv(1 << 16)
            if not data:
                return True
            self.waiting += self.reader.feed(data)
        if INTERRUPT in self.waiting:
            self.waiting.remove(INTERRUPT)
            return True
        return False
