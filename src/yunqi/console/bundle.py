"""The built pages as they lie in the package: read once, compressed once, named by their content."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

COMPRESSED = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/xml")
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain"}
LEAST = 700


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of the bundle, ready to be sent.

    Parameters
    ----------
    body
        The bytes.
    packed
        The same, gzipped, where that makes it smaller.
    media_type
        Its content type.
    etag
        A strong entity tag of the bytes.
    """

    body: bytes
    packed: bytes | None
    media_type: str
    etag: str


def etag_of(body: bytes) -> str:
    """A strong entity tag: the first half of the SHA-256 of the bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def pack(body: bytes, media_type: str) -> bytes | None:
    """The bytes gzipped, or None where that would not pay."""
    if len(body) < LEAST or not media_type.startswith(COMPRESSED):
        return None
    packed = gzip.compress(body, 6, mtime=0)
    return packed if len(packed) < len(body) else None


class Bundle:
    """The files of the built pages.

    All are read when it is opened: no request can name another file, and an upgrade of the package below a running
    server takes nothing from under it.
    """

    def __init__(self) -> None:
        root = files("yunqi.console") / "dist"
        if not (root / "index.html").is_file():
            raise FileNotFoundError(
                "The built pages are missing from the package: run `npm ci && npm run build` in web/."
            )
        self._files = {f"assets/{entry.name}": entry.read_bytes() for entry in (root / "assets").iterdir()}
        self._files |= {name: (root / name).read_bytes() for name in ("boot.js", "favicon.svg", "licences.txt")}
        self._pages = {name: (root / name).read_text(encoding="utf-8") for name in ("index.html", "console.html")}
        self._read = lru_cache(maxsize=None)(self._load)

    def names(self) -> frozenset[str]:
        """The names of all files that can be asked for."""
        return frozenset(self._files)

    def page(self, name: str) -> str:
        """The text of one of the two HTML pages, ``index.html`` or ``console.html``."""
        return self._pages[name]

    def asset(self, name: str) -> Asset | None:
        """The file of that name, or None."""
        return self._read(name) if name in self._files else None

    def _load(self, name: str) -> Asset:
        body = self._files[name]
        suffix = name[name.rfind(".") :]
        media_type = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        if media_type.startswith("text/"):
            media_type += "; charset=utf-8"
        return Asset(body, pack(body, media_type), media_type, etag_of(body))
