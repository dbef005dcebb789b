"""The hub's verbs."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

from yunqi.cloud.hub.config import HubConfig
from yunqi.cloud.hub.engine.gguf import Header, read_header
from yunqi.cloud.hub.engine.register import KNOWN
from yunqi.cloud.hub.model import (
    Asset,
    AssetDamaged,
    AssetInstalled,
    AssetMissing,
    AssetState,
    AssetUnknown,
    Installed,
    Listing,
)
from yunqi.cloud.hub.service.installer import Installer, Progress
from yunqi.cloud.hub.service.published import SOURCE, Published
from yunqi.cloud.hub.service.shelf import Shelf, digest, disk_errors, require_space
from yunqi.kernel import Conflict, Invalid, Kernel

__all__ = ["Hub", "Progress"]


def _silent(done: int, total: int, message: str) -> None:
    """Report nothing."""


class Hub:
    """Model assets of this machine, kept in the data folder's ``models``.

    Parameters
    ----------
    known
        The assets that can be installed by name; by default those Yunqi knows by heart.
    """

    def __init__(self, kernel: Kernel, config: HubConfig, *, known: dict[str, Asset] = KNOWN) -> None:
        self._kernel = kernel
        self._config = config
        self._known = known

    def list(self) -> list[Listing]:
        """Return all known and installed assets, by name."""
        names = set(self._known)
        if self._root.exists():
            names |= {entry.parent.name for entry in self._root.glob("*/asset.json")}
        return [self.show(name) for name in sorted(names)]

    def show(self, name: str) -> Listing:
        """Return one asset.

        Raises
        ------
        AssetUnknown
            When no asset of this name is known or installed.
        """
        shelf = self._shelf(name)
        if found := shelf.installed():
            return Listing(found.asset, AssetState.INSTALLED, found.path, found.source)
        state = shelf.state()
        return Listing(self._asset(name), AssetState.MISSING if state is AssetState.INSTALLED else state)

    def file(self, name: str) -> Installed:
        """Return an installed asset.

        Raises
        ------
        AssetMissing
            When it is known but not installed, or its file is gone.
        """
        if found := self._shelf(name).installed():
            return found
        self._asset(name)
        raise AssetMissing(f"Model {name} is not installed. Run `yunqi hub install {name}`.")

    def install(self, name: str, *, progress: Progress = _silent) -> Installed:
        """Install a known asset; one that is installed already is left as it is.

        Parameters
        ----------
        progress
            Called with bytes done, bytes in all and a message; what it raises stops the install between chunks.

        Raises
        ------
        AssetUnknown, InstallRunning, AssetDamaged, AssetUnreachable, DiskFull
            Nothing half-written is ever visible; whole parts are kept, so that another run goes on from them.
        """
        asset = self._asset(name)
        shelf = self._shelf(name)
        if found := shelf.installed():
            return found
        with shelf.locked():
            if found := shelf.installed():
                return found
            source = Installer(asset, shelf, self._config, progress).gather()
            return self._publish(shelf, asset, str(shelf.file.resolve()), source)

    def add(self, path: Path, *, name: str | None = None, licence: str = "", copy: bool = False) -> Installed:
        """Register a GGUF file of your own.

        Parameters
        ----------
        name
            Defaults to the file's name without its ending.
        licence
            Defaults to what the file's header states.
        copy
            Copy the file into the data folder instead of using it where it lies.

        Raises
        ------
        Invalid
            When the file is not GGUF or the name cannot be used.
        Conflict
            When the name is taken by other bytes.
        """
        path = path.resolve()
        asset = self._describe(path, name or path.stem.lower(), licence)
        shelf = self._shelf(asset.id)
        taken = shelf.installed() or self._known.get(asset.id)
        known = taken.asset if isinstance(taken, Installed) else taken
        if known is not None and known.sha256 != asset.sha256:
            raise Conflict(f"The name {asset.id} belongs to other bytes. Choose another with --id.", param="id")
        with shelf.locked(), disk_errors(asset.id):
            if copy:
                require_space(shelf.folder, asset.size, asset.id)
                shutil.copyfile(path, shelf.partial)
            return self._publish(shelf, asset, str(shelf.file.resolve() if copy else path), "file")

    def publish(
        self, path: Path, *, name: str, licence: str, card: str, lineage: dict[str, Any], checkpoint: Path | None = None
    ) -> Installed:
        """Publish a model that was made here: its GGUF file is copied in, with its card and where it comes from.

        Parameters
        ----------
        path
            The GGUF file that is served.
        card
            The model card, as Markdown.
        lineage
            Data, recipe, metrics and parents, as JSON.
        checkpoint
            Folder in the official layout, kept beside the file so that others can train on from it.

        Raises
        ------
        Invalid
            When the file is not GGUF or the name cannot be used.
        Conflict
            When the name belongs to an asset that was not made here.
        """
        asset = self._describe(path.resolve(), name, licence)
        shelf = self._shelf(asset.id)
        return self._made(shelf, asset, path, SOURCE, card=card, lineage=lineage, checkpoint=checkpoint)

    def publish_compiled(self, path: Path, *, asset: Asset, card: str, lineage: dict[str, Any]) -> Installed:
        """Publish a network that was compiled here: one archive, copied in, with its card and where it comes from.

        Parameters
        ----------
        asset
            What the archive holds; its size and digest are taken from the file.

        Raises
        ------
        Conflict
            When the name belongs to an asset that was not compiled here.
        """
        asset = dataclasses.replace(asset, size=path.stat().st_size, sha256=digest(path))
        self._shelf(asset.id)
        shelf = Shelf(self._root, asset.id, file=f"model.{asset.form}.zip")
        return self._made(shelf, asset, path, "compiled", card=card, lineage=lineage, checkpoint=None)

    def publish_adapter(
        self, path: Path, *, name: str, base: str, licence: str, card: str, lineage: dict[str, Any], folder: Path
    ) -> Installed:
        """Publish an adapter of an installed model: its GGUF file is copied in, and the folder it was made of.

        Parameters
        ----------
        base
            The model that it belongs to.
        folder
            In the layout of `peft`.

        Raises
        ------
        AssetMissing
            When the model is not installed.
        Invalid
            When the model is no language model, or the name cannot be used.
        Conflict
            When the name belongs to an asset that is no adapter.
        """
        model = self.file(base).asset
        if model.form != "gguf":
            raise Invalid(f"{base} is no language model, so it takes no adapters.", param="base")
        asset = dataclasses.replace(
            model, id=name, base=base, form="lora", licence=licence, licence_source="given when added", repository="",
            filename=path.name, parts=(), size=path.stat().st_size, sha256=digest(path), quantisation="F32",
        )  # fmt: skip
        shelf = self._shelf(name)
        return self._made(shelf, asset, path, "adapter", card=card, lineage=lineage, checkpoint=folder)

    def adapter(self, name: str) -> Path | None:
        """Return the folder of an adapter in the layout of `peft`, or None when the asset is none."""
        return Published(self._shelf(self.show(name).asset.id)).adapter

    def require_free(self, name: str) -> None:
        """Refuse a name that a network compiled here cannot have, before the work of making it.

        Raises
        ------
        Invalid, Conflict
            When it is no name, or belongs to an asset of another kind.
        """
        Asset(name, "", "", 0, "", 0, "", "", size=1, sha256="0" * 64)  # checks the name
        self._refuse_taken(self._shelf(name), name, "compiled")

    def card(self, name: str) -> str:
        """Return the card of a model that was made here, as Markdown.

        Raises
        ------
        AssetMissing
            When the asset has none.
        """
        if (card := Published(self._shelf(self.show(name).asset.id)).card) is None:
            raise AssetMissing(f"Model {name} has no card: only models that were made here have one.")
        return card

    def lineage(self, name: str) -> dict[str, Any]:
        """Return data, recipe, metrics and parents of a model that was made here; empty for others."""
        return Published(self._shelf(self.show(name).asset.id)).lineage

    def checkpoint(self, name: str) -> Path | None:
        """Return the folder of a model's checkpoint in the official layout, or None when only its GGUF file is here."""
        return Published(self._shelf(self.show(name).asset.id)).checkpoint

    def verify(self, name: str, *, progress: Progress = _silent) -> Installed:
        """Read an installed file again and compare its digest.

        Raises
        ------
        AssetDamaged
            When the bytes have changed.
        """
        found = self.file(name)
        size = found.asset.size
        seen = digest(Path(found.path), lambda done: progress(done, size, "verifying"))
        if seen != found.asset.sha256:
            raise AssetDamaged(
                f"{found.path} has SHA-256 {seen}, not {found.asset.sha256}: the file changed after it was installed. "
                f"Run `yunqi hub remove {name}` and install it again."
            )
        return found

    def remove(self, name: str) -> int:
        """Remove an asset from this machine and return the bytes freed; a file used where it lay is left alone.

        Raises
        ------
        AssetMissing
            When nothing of it is here.
        """
        shelf = self._shelf(name)
        if shelf.state() is AssetState.MISSING:
            raise AssetMissing(f"Model {name} is not installed, so there is nothing to remove.")
        with shelf.locked():
            return shelf.remove()

    @property
    def _root(self) -> Path:
        return self._kernel.config.data_dir / "models"

    def _shelf(self, name: str) -> Shelf:
        if "/" in name or name.startswith("."):
            raise AssetUnknown(f"There is no model asset {name!r}. `yunqi hub list` shows them.")
        return Shelf(self._root, name)

    def _asset(self, name: str) -> Asset:
        try:
            return self._known[name]
        except KeyError:
            raise AssetUnknown(f"There is no model asset {name!r}. `yunqi hub list` shows them.") from None

    def _made(
        self, shelf: Shelf, asset: Asset, path: Path, source: str, *, card: str, lineage: dict[str, Any],
        checkpoint: Path | None,
    ) -> Installed:  # fmt: skip
        self._refuse_taken(shelf, asset.id, source)
        with shelf.locked(), disk_errors(asset.id):
            require_space(shelf.folder, asset.size, asset.id)
            shutil.copyfile(path, shelf.partial)
            Published(shelf).keep(card=card, lineage=lineage, checkpoint=checkpoint)
            return self._publish(shelf, asset, str(shelf.file.resolve()), source)

    def _refuse_taken(self, shelf: Shelf, name: str, source: str) -> None:
        found = shelf.installed()
        if name in self._known or (found is not None and found.source != source):
            raise Conflict(f"The name {name} belongs to a model that was not made so here. Choose another.", "name")

    def _publish(self, shelf: Shelf, asset: Asset, path: str, source: str) -> Installed:
        moment = self._kernel.clock().isoformat()
        installed = Installed(asset, path, source, moment)
        shelf.publish(installed)
        with self._kernel.store.begin() as tx:
            event = AssetInstalled(asset.id, asset.sha256, asset.size, source)
            self._kernel.events.announce(tx, "default", event, key=f"{asset.id}:{moment}")
        return installed

    def _describe(self, path: Path, name: str, licence: str) -> Asset:
        header = _header(path)
        return Asset(
            id=name,
            family=header.name,
            architecture=header.architecture,
            parameters=header.parameters,
            quantisation=header.quantisation,
            context=header.context,
            licence=licence or header.licence or "not stated",
            licence_source="given when added" if licence else "the file's header",
            size=path.stat().st_size,
            sha256=digest(path),
            filename=path.name,
            chat=bool(header.chat_template),
            tools=header.tools,
        )


def _header(path: Path) -> Header:
    try:
        with path.open("rb") as stream:
            return read_header(stream)
    except OSError as error:
        raise Invalid(
            f"{path} cannot be read: {error.strerror}. Give the path of a GGUF file.", param="file"
        ) from error
