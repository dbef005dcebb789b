"""Blobs: large values kept by the hash of their content, in a folder or any fsspec file system."""

import hashlib
import os
import shutil
import uuid
from pathlib import Path
from typing import IO, Any

from yunqi.kernel.errors import Invalid, NotFound


class Blobs:
    """A content-addressed store.

    Parameters
    ----------
    folder
        The local folder, used when ``url`` is empty.
    url
        An fsspec URL such as ``s3://bucket/path``; needs that file system's package.
    """

    def __init__(self, folder: Path, url: str = "") -> None:
        self._folder = folder
        self._url = url.rstrip("/")

    def put(self, data: bytes | IO[bytes]) -> str:
        """Keep the bytes and return their reference ``sha256:…``; writing the same bytes again changes nothing."""
        temporary = self._folder / "incoming" / uuid.uuid4().hex
        temporary.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        try:
            with temporary.open("wb") as out:
                for chunk in [data] if isinstance(data, bytes) else iter(lambda: data.read(1 << 20), b""):
                    digest.update(chunk)
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            self._keep(temporary, digest.hexdigest())
        finally:
            temporary.unlink(missing_ok=True)
        return f"sha256:{digest.hexdigest()}"

    def open(self, ref: str) -> IO[bytes]:
        """Open a blob for reading.

        Raises
        ------
        NotFound
            When there is none with this reference.
        """
        try:
            if self._url:
                return self._remote().open(self._remote_path(ref), "rb")  # type: ignore[no-any-return]
            return self._path(ref).open("rb")
        except FileNotFoundError as error:
            raise NotFound(f"There is no blob {ref}.") from error

    def read(self, ref: str) -> bytes:
        """Return a blob whole."""
        with self.open(ref) as stream:
            return stream.read()

    def exists(self, ref: str) -> bool:
        """Whether the blob is kept."""
        if self._url:
            return bool(self._remote().exists(self._remote_path(ref)))
        return self._path(ref).exists()

    def delete(self, ref: str) -> None:
        """Forget a blob; one that is not there is no error."""
        if not self.exists(ref):
            return
        if self._url:
            self._remote().rm(self._remote_path(ref))
        else:
            self._path(ref).unlink(missing_ok=True)

    def _keep(self, temporary: Path, digest: str) -> None:
        ref = f"sha256:{digest}"
        if self._url:
            self._remote().put(str(temporary), self._remote_path(ref))
            return
        path = self._path(ref)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(temporary, path)

    def _path(self, ref: str) -> Path:
        digest = _digest(ref)
        return self._folder / digest[:2] / digest

    def _remote_path(self, ref: str) -> str:
        digest = _digest(ref)
        return f"{self._url}/{digest[:2]}/{digest}"

    def _remote(self) -> Any:
        import fsspec

        return fsspec.core.url_to_fs(self._url)[0]


def _digest(ref: str) -> str:
    kind, _, digest = ref.partition(":")
    if kind != "sha256" or len(digest) != 64 or not all(c in "0123456789abcdef" for c in digest):
        raise Invalid(f"{ref!r} is not a blob reference; it looks like sha256:<64 hex digits>.")
    return digest
