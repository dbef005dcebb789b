"""Opening feed files safely: compressed files are unpacked while they are read, and never past a bound."""

import gzip
import io
import lzma
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, Any, cast

from yunqi.commerce.catalog.model import FeedRefused

_FREE = 16 * 1024 * 1024
"""Unpacked bytes before the ratio counts: small files of repeated text compress absurdly well."""

_BROKEN = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a file may unpack to."""

    file_bytes: int
    ratio: int
    field_bytes: int

    def most_bytes(self, packed_bytes: int) -> int:
        """Return how much a file of a size may unpack to before it is taken for a bomb."""
        return max(_FREE, packed_bytes * self.ratio)


class Bounded(io.RawIOBase):
    """A stream that refuses to unpack more than it may, and says it clearly when its archive is broken."""

    def __init__(self, source: IO[bytes], packed_bytes: int, bounds: Bounds) -> None:
        super().__init__()
        self._source = source
        self._bounds = bounds
        self._ratio_bytes = bounds.most_bytes(packed_bytes)
        self._taken = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, or raise `FeedRefused`."""
        try:
            data = self._source.read(len(buffer))
        except _BROKEN as error:
            raise FeedRefused(
                f"The file is cut off or damaged ({error or 'it ends too early'}). Make and send it again."
            ) from error
        self._taken += len(data)
        if self._taken > self._bounds.file_bytes:
            raise FeedRefused(
                f"The file holds more than {self._bounds.file_bytes:,} bytes. Split it, or raise catalog.file_bytes."
            )
        if self._taken > self._ratio_bytes:
            raise FeedRefused(
                f"The file unpacks to more than {self._bounds.ratio} times its size, as a zip bomb does. "
                "Send it less compressed, or raise catalog.compression_ratio."
            )
        buffer[: len(data)] = data
        return len(data)


@dataclass(frozen=True, slots=True)
class Opened:
    """A feed's bytes and the name that tells its format; ``seekable`` is the plain file for formats that need one."""

    name: str
    stream: io.BufferedReader
    seekable: IO[bytes] | None


def unpack(source: IO[bytes], name: str, size: int, bounds: Bounds) -> Opened:
    """Return the feed inside of a file, which may be plain, gzip, or a zip with one member.

    Parameters
    ----------
    source
        The open, seekable file; the caller closes it.
    name
        Its name, for the format.
    size
        Its size in bytes.

    Raises
    ------
    FeedRefused
        For an empty file or an archive that cannot be read; while reading, for one that unpacks past its bounds.
    """
    head = source.read(4)
    source.seek(0)
    if not head:
        raise FeedRefused(f"{name} is empty. Send a file with a header line and products.")
    if head[:2] == b"\x1f\x8b":
        inner = cast(IO[bytes], gzip.GzipFile(fileobj=source, mode="rb"))
        return Opened(_without(name, ".gz"), _buffered(inner, size, bounds), None)
    if head == b"PK\x03\x04" or head == b"PK\x05\x06":
        return _unzip(source, name, size, bounds)
    return Opened(name, _buffered(source, size, bounds), source)


def _unzip(source: IO[bytes], name: str, size: int, bounds: Bounds) -> Opened:
    try:
        archive = zipfile.ZipFile(source)
    except _BROKEN as error:
        raise FeedRefused(f"{name} is a damaged zip file ({error}). Make and send it again.") from error
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    if len(members) != 1:
        raise FeedRefused(f"{name} holds {len(members)} files. Put exactly one feed into the zip file.")
    member = members[0]
    if member.flag_bits & 0x1:
        raise FeedRefused(f"{name} is encrypted. Send it without a password.")
    if member.filename.lower().endswith((".zip", ".gz")):
        raise FeedRefused(f"{name} holds another archive ({member.filename[:80]}). Zip the feed itself.")
    try:
        inner = archive.open(member)
    except (NotImplementedError, *_BROKEN) as error:
        raise FeedRefused(f"{name} cannot be unpacked ({error}). Use ordinary zip compression.") from error
    return Opened(member.filename, _buffered(inner, size, bounds), None)


def _buffered(source: IO[bytes], size: int, bounds: Bounds) -> io.BufferedReader:
    return io.BufferedReader(Bounded(source, size, bounds), 1 << 16)


def _without(name: str, suffix: str) -> str:
    return name[: -len(suffix)] if name.lower().endswith(suffix) else name
