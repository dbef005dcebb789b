"""What a program may read and write: its three standard streams, and files below one given folder."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from io import SEEK_CUR, SEEK_END, SEEK_SET
from pathlib import Path
from typing import BinaryIO

from yunqi.kernel.errors import Exhausted

ENOENT, EIO, EBADF, EACCES, EISDIR, EINVAL, EMFILE, EROFS, ESPIPE = 2, 5, 9, 13, 21, 22, 24, 30, 29
_MOST_OPEN = 64
_WRITE_FLAGS = 0o3 | 0o100 | 0o1000 | 0o2000


def _nothing(fd: int, data: bytes) -> None:
    """Take output and show it to nobody."""


@dataclass(slots=True)
class Files:
    """Open files of one program.

    Parameters
    ----------
    stdin
        What standard input gives, as a call for so many bytes.
    show
        Is told everything written to standard output (1) and error (2).
    folder
        Files below it can be read, and written when ``writable``; ``None``: no files at all.
    output_limit
        Bytes of output after which the program is stopped.
    """

    stdin: Callable[[int], bytes]
    show: Callable[[int, bytes], None] = _nothing
    folder: Path | None = None
    writable: bool = False
    output_limit: int = 16 << 20
    output: bytearray = field(default_factory=bytearray)
    errors: bytearray = field(default_factory=bytearray)
    _open: dict[int, BinaryIO] = field(default_factory=dict)
    _closed: set[int] = field(default_factory=set)

    def is_open(self, fd: int) -> bool:
        """Whether a descriptor is open."""
        return (0 <= fd <= 2 and fd not in self._closed) or fd in self._open

    def write(self, fd: int, data: bytes) -> int:
        """Write; returns the count, or minus the error number."""
        if fd in self._open:
            try:
                return self._open[fd].write(data)
            except (OSError, ValueError):
                return -EBADF
        if fd not in (1, 2) or fd in self._closed:
            return -EBADF
        kept = self.output if fd == 1 else self.errors
        if len(kept) + len(data) > self.output_limit:
            raise Exhausted(f"The program wrote more than {self.output_limit} bytes of output.", "max_output")
        kept += data
        self.show(fd, data)
        return len(data)

    def read(self, fd: int, length: int) -> bytes | int:
        """Read; returns bytes, or minus the error number."""
        if fd in self._open:
            try:
                return self._open[fd].read(length)
            except (OSError, ValueError):
                return -EBADF
        return self.stdin(length) if fd == 0 and fd not in self._closed else -EBADF

    def open(self, name: str, flags: int) -> int:
        """Open a file below the folder; returns its descriptor, or minus the error number."""
        path = self._path(name)
        if path is None:
            return -ENOENT
        writes = bool(flags & _WRITE_FLAGS)
        if writes and not self.writable:
            return -EROFS
        if path.is_dir():
            return -EISDIR
        if len(self._open) >= _MOST_OPEN:
            return -EMFILE
        try:
            opened = path.open(_mode(flags, exists=path.exists()))
        except FileNotFoundError:
            return -ENOENT
        except OSError:
            return -EACCES
        fd = next(number for number in range(3, 3 + _MOST_OPEN) if number not in self._open)
        self._open[fd] = opened  # type: ignore[assignment]
        return fd

    def close(self, fd: int) -> int:
        """Close a descriptor."""
        if not self.is_open(fd):
            return -EBADF
        if fd in self._open:
            self._open.pop(fd).close()
        else:
            self._closed.add(fd)
        return 0

    def close_all(self) -> None:
        """Close every file."""
        for fd in list(self._open):
            self._open.pop(fd).close()

    def seek(self, fd: int, offset: int, whence: int) -> int:
        """Move in a file."""
        if fd not in self._open:
            return -ESPIPE if self.is_open(fd) else -EBADF
        if whence not in (SEEK_SET, SEEK_CUR, SEEK_END):
            return -EINVAL
        try:
            return self._open[fd].seek(offset, whence)
        except (OSError, ValueError):
            return -EINVAL

    def contents(self, fd: int, offset: int, length: int) -> bytes | int:
        """Return a file's bytes for a mapping."""
        if fd not in self._open:
            return -EBADF
        try:
            before = self._open[fd].tell()
            self._open[fd].seek(offset)
            data = self._open[fd].read(min(length, 1 << 30))
            self._open[fd].seek(before)
        except (OSError, ValueError):
            return -EINVAL
        return data

    def status(self, fd: int) -> bytes | int:
        """Return the bytes of ``struct stat``."""
        if fd in self._open:
            return _stat(0o100644, Path(self._open[fd].name).stat().st_size)
        return _stat(0o010600, 0) if self.is_open(fd) else -EBADF

    def status_of(self, name: str) -> bytes | int:
        """Return the bytes of ``struct stat`` of a path."""
        path = self._path(name)
        if path is None or not path.exists():
            return -ENOENT
        return _stat(0o040755 if path.is_dir() else 0o100644, path.stat().st_size)

    def _path(self, name: str) -> Path | None:
        if self.folder is None or not name or "\0" in name:
            return None
        root = self.folder.resolve()
        path = (root / name.lstrip("/")).resolve()
        return path if path == root or root in path.parents else None


def _mode(flags: int, *, exists: bool) -> str:
    if flags & 0o3 == 0:
        return "rb"
    if flags & 0o2000:
        return "ab+"
    return "wb+" if flags & 0o1000 or (flags & 0o100 and not exists) else "rb+"


def _stat(mode: int, size: int) -> bytes:
    fields = (1, 1, mode, 1, 1000, 1000, 0, 0, size, 4096, 0, -(-size // 512), 0, 0, 0, 0, 0, 0, 0, 0)
    return struct.pack("<QQIIIIQQqiiqqQqQqQII", *fields)
