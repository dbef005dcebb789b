"""The part of Linux that a static user program needs, inside a sandbox: no file, no network, no clock of the host.

Time is that of the modelled core; randomness is a seeded stream; files are only those below a folder that was given.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from yunqi.labs.riscv.engine.files import Files
from yunqi.labs.riscv.engine.machine.layout import EXECUTE, PAGE, READ, WRITE
from yunqi.labs.riscv.engine.machine.memory import TOP, Memory
from yunqi.labs.riscv.engine.signals import SIGNALS

EBADF, ECHILD, EAGAIN, ENOMEM, EFAULT, EEXIST, EINVAL, ENOTTY, ENOSYS = 9, 10, 11, 12, 14, 17, 22, 25, 38
_CHUNK = 1 << 20


class Exited(Exception):
    """The program ended with a status, or died of a signal."""

    def __init__(self, status: int, signal: int = 0) -> None:
        super().__init__(status, signal)
        self.status, self.signal = status, signal


@dataclass(slots=True)
class Linux:
    """The operating system's side of one process.

    Parameters
    ----------
    memory
        The process's memory.
    files
        What it may read and write.
    now
        Nanoseconds since the process began, of the modelled core.
    """

    memory: Memory
    files: Files
    now: Callable[[], int]
    seed: int = 1
    brk_start: int = 0
    brk: int = 0
    mmap_top: int = TOP - (64 << 20)
    unknown: set[int] = field(default_factory=set)

    def call(self, x: list[int]) -> int:
        """Carry out the system call ``x[7]`` with arguments ``x[0..5]``; return what goes to ``a0``."""
        handler = _CALLS.get(x[7])
        if handler is None:
            self.unknown.add(x[7])
            return -ENOSYS
        return handler(self, *x[:6])

    def exit(self, status: int, *_: int) -> int:
        """exit, exit_group."""
        raise Exited(status & 255)

    def kill(self, _pid: int, signal: int, third: int, *_: int) -> int:
        """kill, tgkill, tkill at itself: only death is known."""
        number = third if third in SIGNALS and signal == 1 else signal
        if number == 0:
            return 0
        raise Exited(128 + number, number)

    def write(self, fd: int, address: int, length: int, *_: int) -> int:
        """write."""
        data = self.memory.read(address, min(length, _CHUNK)) if length > 0 else b""
        return -EFAULT if data is None else self.files.write(fd, data)

    def writev(self, fd: int, vector: int, count: int, *_: int) -> int:
        """writev."""
        done = 0
        for address, length in self._vector(vector, count):
            wrote = self.write(fd, address, length)
            if wrote < 0:
                return done or wrote
            done += wrote
        return done

    def read(self, fd: int, address: int, length: int, *_: int) -> int:
        """read."""
        data = self.files.read(fd, min(max(length, 0), _CHUNK))
        if isinstance(data, int):
            return data
        return len(data) if self.memory.write(address, data) else -EFAULT

    def readv(self, fd: int, vector: int, count: int, *_: int) -> int:
        """readv."""
        done = 0
        for address, length in self._vector(vector, count):
            got = self.read(fd, address, length)
            if got < 0:
                return done or got
            done += got
            if got < length:
                break
        return done

    def _vector(self, vector: int, count: int) -> list[tuple[int, int]]:
        raw = self.memory.read(vector, 16 * max(0, min(count, 1024))) or b""
        return [row for row in struct.iter_unpack("<QQ", raw) if row[1]]

    def openat(self, _folder: int, path: int, flags: int, *_: int) -> int:
        """openat."""
        return self.files.open(self.text(path), flags)

    def close(self, fd: int, *_: int) -> int:
        """close."""
        return self.files.close(fd)

    def lseek(self, fd: int, offset: int, whence: int, *_: int) -> int:
        """lseek."""
        return self.files.seek(fd, offset, whence)

    def fstat(self, fd: int, buffer: int, *_: int) -> int:
        """fstat."""
        found = self.files.status(fd)
        return found if isinstance(found, int) else self._put(buffer, found)

    def newfstatat(self, fd: int, path: int, buffer: int, flags: int, *_: int) -> int:
        """newfstatat."""
        name = self.text(path)
        if not name and flags & 0x1000:
            return self.fstat(fd, buffer)
        found = self.files.status_of(name)
        return found if isinstance(found, int) else self._put(buffer, found)

    def set_brk(self, wanted: int, *_: int) -> int:
        """brk."""
        if wanted < self.brk_start or wanted > self.brk_start + self.memory.limit:
            return self.brk
        before, after = -(-self.brk // PAGE) * PAGE, -(-wanted // PAGE) * PAGE
        if after > before:
            if not self.memory.is_free(before, after - before):
                return self.brk
            self.memory.map(before, after - before, READ | WRITE)
        elif after < before:
            self.memory.unmap(after, before - after)
        self.brk = wanted
        return wanted

    def mmap(self, address: int, length: int, rights: int, flags: int, fd: int, offset: int) -> int:
        """mmap: anonymous memory, and private copies of given files."""
        if length <= 0 or address & (PAGE - 1):
            return -EINVAL
        size = -(-length // PAGE) * PAGE
        if size > TOP:
            return -ENOMEM
        if not flags & 0x10 or address == 0:
            address = self._place(size)
            if address == 0:
                return -ENOMEM
        elif address + size > TOP or address < PAGE:
            return -ENOMEM
        self.memory.map(address, size, _rights(rights) | (WRITE if not flags & 0x20 else 0))
        if not flags & 0x20:
            data = self.files.contents(fd, offset, length)
            if isinstance(data, int):
                self.memory.unmap(address, size)
                return data
            self.memory.write(address, data)
            self.memory.protect(address, size, _rights(rights))
        return address

    def _place(self, size: int) -> int:
        top = self.mmap_top
        while top - size > self.brk + (1 << 24):
            if self.memory.is_free(top - size, size):
                return top - size
            top = min(a * PAGE for a, b, _ in self.memory.areas if b * PAGE > top - size and a * PAGE < top)
        return 0

    def munmap(self, address: int, length: int, *_: int) -> int:
        """munmap."""
        if address & (PAGE - 1) or length <= 0:
            return -EINVAL
        self.memory.unmap(address, min(length, TOP))
        return 0

    def mprotect(self, address: int, length: int, rights: int, *_: int) -> int:
        """mprotect."""
        if address & (PAGE - 1):
            return -EINVAL
        return 0 if self.memory.protect(address, length, _rights(rights)) else -ENOMEM

    def mremap(self, old: int, old_size: int, new_size: int, flags: int, *_: int) -> int:
        """mremap: by copying."""
        old_size, new_size = -(-old_size // PAGE) * PAGE, -(-new_size // PAGE) * PAGE
        if new_size <= old_size:
            self.memory.unmap(old + new_size, old_size - new_size)
            return old
        if self.memory.is_free(old + old_size, new_size - old_size):
            self.memory.map(old + old_size, new_size - old_size, READ | WRITE)
            return old
        place = self._place(new_size) if flags & 1 else 0
        data = self.memory.read(old, old_size) if place else None
        if data is None:
            return -ENOMEM
        self.memory.map(place, new_size, READ | WRITE)
        self.memory.write(place, data)
        self.memory.unmap(old, old_size)
        return place

    def text(self, address: int) -> str:
        """Read a string that ends with a zero."""
        found = b""
        while len(found) < 4096:
            piece = self.memory.read(address + len(found), 1)
            if not piece or piece == b"\0":
                break
            found += piece
        return found.decode("utf-8", "surrogateescape")

    def clock(self, _which: int, buffer: int, *_: int) -> int:
        """clock_gettime, of the modelled core."""
        return self._put(buffer, struct.pack("<qq", *divmod(self.now(), 10**9)))

    def gettimeofday(self, buffer: int, *_: int) -> int:
        """gettimeofday."""
        seconds, nanoseconds = divmod(self.now(), 10**9)
        return self._put(buffer, struct.pack("<qq", seconds, nanoseconds // 1000))

    def times(self, buffer: int, *_: int) -> int:
        """times: hundredths of a second."""
        ticks = self.now() // 10**7
        if buffer:
            self._put(buffer, struct.pack("<qqqq", ticks, 0, 0, 0))
        return ticks

    def getrusage(self, _who: int, buffer: int, *_: int) -> int:
        """getrusage."""
        seconds, nanoseconds = divmod(self.now(), 10**9)
        return self._put(buffer, struct.pack("<qq", seconds, nanoseconds // 1000) + bytes(128))

    def getrandom(self, buffer: int, length: int, *_: int) -> int:
        """getrandom: the same bytes in every run."""
        length = min(max(length, 0), 256)
        data = bytearray()
        while len(data) < length:
            self.seed = (self.seed * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
            data += struct.pack("<I", self.seed >> 32)
        return length if self.memory.write(buffer, bytes(data[:length])) else -EFAULT

    def uname(self, buffer: int, *_: int) -> int:
        """uname."""
        words = (b"Linux", b"yunqi", b"6.1.0-yunqi", b"#1 modelled", b"riscv64", b"")
        return self._put(buffer, b"".join(word.ljust(65, b"\0") for word in words))

    def prlimit(self, _pid: int, which: int, _new: int, old: int, *_: int) -> int:
        """prlimit64."""
        limit = (8 << 20) if which == 3 else 0xFFFFFFFFFFFFFFFF
        return self._put(old, struct.pack("<QQ", limit, limit)) if old else 0

    def sysinfo(self, buffer: int, *_: int) -> int:
        """sysinfo."""
        free = max(0, self.memory.limit - self.memory.used())
        fields = struct.pack(
            "<q3Q6QHHxxxxQQI", self.now() // 10**9, 0, 0, 0, self.memory.limit, free, 0, 0, 0, 0, 1, 0, 0, 0, 1
        )
        return self._put(buffer, fields)

    def getcwd(self, buffer: int, length: int, *_: int) -> int:
        """getcwd."""
        return 2 if length >= 2 and self.memory.write(buffer, b"/\0") else -34

    def affinity(self, _pid: int, length: int, buffer: int, *_: int) -> int:
        """sched_getaffinity: one core."""
        return 8 if length >= 8 and self.memory.write(buffer, struct.pack("<Q", 1)) else -EINVAL

    def ioctl(self, fd: int, *_: int) -> int:
        """ioctl: nothing is a terminal."""
        return -ENOTTY if self.files.is_open(fd) else -EBADF

    def clear_old(self, _signal: int, _new: int, old: int, size: int, *_: int) -> int:
        """rt_sigaction, rt_sigprocmask: taken note of by nobody; the old state is empty."""
        if old and not self.memory.write(old, bytes(24 if size == 8 else 8)):
            return -EFAULT
        return 0

    def old_mask(self, _how: int, _new: int, old: int, size: int, *_: int) -> int:
        """rt_sigprocmask."""
        return 0 if not old or self.memory.write(old, bytes(min(size & 127, 128))) else -EFAULT

    def fine(self, *_: int) -> int:
        """Calls that succeed without an effect."""
        return 0

    def one(self, *_: int) -> int:
        """Calls that return a process number."""
        return 1000

    def root(self, *_: int) -> int:
        """Calls that return a user."""
        return 1000

    def absent(self, *_: int) -> int:
        """Calls about paths that do not exist here."""
        return -2

    def _put(self, address: int, data: bytes) -> int:
        return 0 if self.memory.write(address, data) else -EFAULT


def _rights(given: int) -> int:
    rights = (READ if given & 1 else 0) | (WRITE | READ if given & 2 else 0) | (EXECUTE if given & 4 else 0)
    return rights | (READ if given & 4 else 0)


_Call = Callable[..., int]
_CALLS: dict[int, _Call] = {
    17: Linux.getcwd, 25: Linux.fine, 29: Linux.ioctl, 48: Linux.absent, 56: Linux.openat, 57: Linux.close, 62: Linux.lseek,
    63: Linux.read, 64: Linux.write, 65: Linux.readv, 66: Linux.writev, 78: Linux.absent, 79: Linux.newfstatat,
    80: Linux.fstat, 93: Linux.exit, 94: Linux.exit, 96: Linux.one, 98: Linux.fine, 99: Linux.fine, 101:
    Linux.fine, 113: Linux.clock,
    115: Linux.fine, 123: Linux.affinity, 124: Linux.fine, 129: Linux.kill, 130: Linux.kill, 131: Linux.kill, 132: Linux.fine,
    134: Linux.clear_old, 135: Linux.old_mask, 153: Linux.times, 160: Linux.uname, 165: Linux.getrusage, 169:
    Linux.gettimeofday,
    172: Linux.one, 173: Linux.one, 174: Linux.root, 175: Linux.root, 176: Linux.root, 177: Linux.root, 178: Linux.one,
    179: Linux.sysinfo, 214: Linux.set_brk, 215: Linux.munmap, 216: Linux.mremap, 222: Linux.mmap, 226: Linux.mprotect,
    233: Linux.fine, 261: Linux.prlimit, 278: Linux.getrandom, 293: Linux.fine,
}  # fmt: skip
"""The system calls by number (asm-generic)."""
