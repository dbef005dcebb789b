"""The folder of model files: one folder an asset, a manifest beside each verified file, nothing half-written.

::

    models/<id>/model.gguf        verified bytes (absent for a file that is used where it lies)
    models/<id>/asset.json        the manifest, written last: an asset is installed exactly when this file is there
    models/<id>/model.gguf.part   bytes so far, with part.json saying how far they are certain
    models/<id>/lock              held by the one installer
"""

import dataclasses
import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from yunqi.cloud.hub.model import AssetState, DiskFull, Installed, InstallRunning

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Certain:
    """How much of the part file is certain: the source, whole parts, and bytes."""

    source: str
    parts: int
    size: int


class Shelf:
    """The files of one asset."""

    def __init__(self, root: Path, name: str, *, file: str = "model.gguf") -> None:
        self.folder = root / name
        self.file = self.folder / file
        self.partial = self.folder / "model.gguf.part"
        self._manifest = self.folder / "asset.json"
        self._certain = self.folder / "part.json"

    def state(self) -> AssetState:
        """Return where the asset stands."""
        if self._manifest.exists():
            return AssetState.INSTALLED
        return AssetState.PARTIAL if self.partial.exists() else AssetState.MISSING

    def installed(self) -> Installed | None:
        """Return the manifest, or None when the asset is not installed or its file is gone."""
        try:
            found = msgspec.json.decode(self._manifest.read_bytes(), type=Installed)
        except FileNotFoundError:
            return None
        if Path(found.path).exists():
            return found
        moved = self.folder / Path(found.path).name  # the data folder was moved or copied with its models
        return dataclasses.replace(found, path=str(moved)) if moved.exists() else None

    def certain(self) -> Certain:
        """Return how far an earlier install got; anything beyond it is thrown away."""
        try:
            found = msgspec.json.decode(self._certain.read_bytes(), type=Certain)
            reached = self.partial.stat().st_size
        except (FileNotFoundError, msgspec.DecodeError):
            return Certain("", 0, 0)
        return found if reached >= found.size else Certain("", 0, 0)

    def mark(self, certain: Certain) -> None:
        """Remember that the bytes so far are on disk."""
        write_whole(self._certain, msgspec.json.encode(certain))

    def publish(self, installed: Installed) -> None:
        """Move the verified part file into place and write the manifest."""
        if self.partial.exists():
            os.replace(self.partial, self.file)
        write_whole(self._manifest, msgspec.json.encode(installed))
        self._certain.unlink(missing_ok=True)

    def discard_partial(self) -> None:
        """Throw away what an install has gathered."""
        self._certain.unlink(missing_ok=True)
        self.partial.unlink(missing_ok=True)

    def remove(self) -> int:
        """Delete the folder; returns the bytes freed."""
        freed = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        self._manifest.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        return freed

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the installer's lock; a killed holder's lock is free again.

        Raises
        ------
        InstallRunning
            When another installer holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a+b") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InstallRunning(
                    f"Another process is installing {self.folder.name}. Wait for it, or stop it and try again."
                ) from None
            for leftover in self.folder.glob("wheel-*"):
                shutil.rmtree(leftover, ignore_errors=True)
            yield


def digest(path: Path, progress: Callable[[int], None] = lambda done: None) -> str:
    """Return the SHA-256 of a file."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
            progress(stream.tell())
    return found.hexdigest()


def require_space(folder: Path, size: int, what: str) -> None:
    """Raise `DiskFull` when fewer than ``size`` bytes are free."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise DiskFull(
            f"{what} needs {size / 1e6:.0f} MB more but {folder} has {free / 1e6:.0f} MB free. "
            "Free some space or set YUNQI_DATA_DIR to a larger disk, then run the install again."
        )


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turn a full disk into `DiskFull`."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DiskFull(
            f"The disk filled up while writing {what}. Free some space and run the install again; it goes on from "
            "the last whole part."
        ) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file so that it is either the old one or the new one, also after a crash."""
    temporary = path.with_suffix(path.suffix + ".new")
    with temporary.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    os.replace(temporary, path)
