"""Which engine runs an installed model, with which graph, and which adapters it carries."""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from yunqi.cloud.hub import AssetState, Hub
from yunqi.cloud.models.config import ModelsConfig
from yunqi.cloud.models.model import EngineLost
from yunqi.cloud.models.service.paged import compiled
from yunqi.kernel import Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Attached:
    """An adapter that a model carries: llama.cpp's file, and the folder it was made of."""

    name: str
    file: str
    folder: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A smaller model that guesses: its name and file, and the graph that openvino runs."""

    name: str
    model: str
    engine: str = "llama.cpp"
    graph: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What runs a model: ``engine`` reads ``graph``, or makes it there first, unless it is llama.cpp.

    Parameters
    ----------
    remark
        A word about why this engine, shown with its health.
    """

    engine: str = "llama.cpp"
    graph: str = ""
    remark: str = ""
    adapters: tuple[Attached, ...] = ()
    draft: Draft | None = None

    def weights(self, adapter: str) -> tuple[float, ...]:
        """Return the weight of each adapter for a request to one of them, or to the model itself (an empty name)."""
        return tuple(float(one.name == adapter) for one in self.adapters)


class Runners:
    """Chooses for the models of a hub, by the settings and what this machine can do.

    Parameters
    ----------
    data_dir
        Where graphs are kept unless the settings name another folder.
    """

    def __init__(self, hub: Hub, config: ModelsConfig, data_dir: Path) -> None:
        self._hub, self._config, self._data_dir = hub, config, data_dir

    def adapters(self, name: str) -> tuple[Attached, ...]:
        """Return the installed adapters of a model, by name."""
        found = []
        for listing in self._hub.list():
            asset = listing.asset
            if asset.base != name or listing.state is not AssetState.INSTALLED:
                continue
            folder = self._hub.adapter(asset.id)
            if listing.path is not None and folder is not None:
                found.append(Attached(asset.id, listing.path, str(folder)))
        return tuple(found)

    def choose(self, name: str) -> Choice:
        """Return what runs a model now.

        Raises
        ------
        Invalid
            When the settings want an engine that cannot run here, or a draft that is not installed.
        """
        choice, draft = self._alone(name), drafted(self._config.draft, name)
        if not draft:
            return choice
        try:
            file = Path(self._hub.file(draft).path)
        except NotFound as error:
            raise Invalid(f"models.draft: {name}={draft}: {error.message}", param="draft") from error
        if choice.engine == "llama.cpp":
            return replace(choice, draft=Draft(draft, str(file)))
        places = {kind: self._place(file, kind, ()) for kind in reversed(compiled.KINDS)}  # the quickest first
        made = [kind for kind, folder in places.items() if compiled.is_made(folder)]
        if not made and compiled.chosen(self._config.engine, name) == "auto":
            return replace(choice, remark=f"Answers without its draft: `yunqi models compile {draft}` makes its graph.")
        kind = made[0] if made else compiled.KINDS[0]
        return replace(choice, draft=Draft(draft, str(file), kind, str(places[kind])))

    def _alone(self, name: str) -> Choice:
        file, adapters = Path(self._hub.file(name).path), self.adapters(name)
        wanted = compiled.chosen(self._config.engine, name)
        if wanted == "llama.cpp":
            return Choice(adapters=adapters)
        reason = compiled.hindrance()
        if wanted != "auto":
            if reason:
                raise Invalid(f"Model {name} cannot run in {wanted}: {reason}.", param="engine")
            return Choice(wanted, str(self._place(file, wanted, adapters)), adapters=adapters)
        places = {kind: self._place(file, kind, adapters) for kind in compiled.KINDS}
        made = [kind for kind, folder in places.items() if compiled.is_made(folder)]
        if not compiled.is_quick_here():
            reason = reason or "this processor has neither AVX-512 VNNI nor AMX"
        elif not reason and not made:
            reason = f"its graph is not made: `yunqi models compile {name}`"
        if reason:
            return Choice(remark=f"Runs in llama.cpp: {reason}.", adapters=adapters)
        return Choice(made[0], str(places[made[0]]), adapters=adapters)

    def compile(self, name: str, engine: str) -> Path:
        """Make the graph of a model with its adapters, and return its folder; one that is there is kept.

        Raises
        ------
        EngineLost
            When the machine or the model does not allow it; the message says why.
        """
        file, adapters = Path(self._hub.file(name).path), self.adapters(name)
        if reason := compiled.hindrance():
            raise EngineLost(f"Model {name} cannot be compiled: {reason}.")
        folder = self._place(file, engine, adapters)
        if not compiled.is_made(folder):
            compiled.make(file, folder, engine, [one.folder for one in adapters])
            self._clear(folder)
        return folder

    def compile_again(self, name: str) -> list[Path]:
        """Make the graphs anew that were made before the model got the adapters that it has now."""
        file = Path(self._hub.file(name).path)
        root = self._graphs()
        made = [kind for kind in compiled.KINDS if any(map(compiled.is_made, compiled.siblings(file, root, kind)))]
        return [self.compile(name, kind) for kind in made]

    def _place(self, file: Path, engine: str, adapters: tuple[Attached, ...]) -> Path:
        return compiled.place(file, self._graphs(), engine, [one.folder for one in adapters])

    def _graphs(self) -> Path:
        return compiled.writable_root(self._config.compiled_dir, self._data_dir)

    @staticmethod
    def _clear(made: Path) -> None:
        """Remove graphs of the same file with adapters that it no longer has; the one without any stays."""
        stem = made.name.rpartition("-")[0]
        for other in made.parent.glob(f"{stem}-*"):
            if other == made or not compiled.is_made(other):
                continue
            if json.loads((other / compiled.ABOUT).read_text(encoding="utf-8")).get("ranks"):
                shutil.rmtree(other, ignore_errors=True)


def drafted(settings: tuple[str, ...], name: str) -> str:
    """Return the model that the settings let guess for another, or nothing.

    Raises
    ------
    Invalid
        When one of them is not NAME=DRAFT.
    """
    pairs = [setting.strip().partition("=") for setting in settings]
    for setting, (model, _, draft) in zip(settings, pairs, strict=True):
        if not model or not draft:
            raise Invalid(f"models.draft: {setting!r} is not of the form NAME=DRAFT.", param="draft")
    return next((draft for model, _, draft in pairs if model == name), "")
