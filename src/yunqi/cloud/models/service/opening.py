"""`load`: one call for any member of the lineage, from a checkpoint folder, a GGUF file or a name."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yunqi.cloud.hub import Hub, HubConfig
from yunqi.kernel import Invalid, Kernel, KernelConfig, NotFound
from yunqi.kernel.config import load as load_settings

if TYPE_CHECKING:
    from yunqi.cloud.models.service.loaded import LoadedModel
    from yunqi.cloud.models.service.m6_folder import Illustrator


def load(
    ref: str | Path, *, dtype: str = "float32", hub: Hub | None = None, draft: str | Path | None = None
) -> "LoadedModel":
    """Return a model ready to use, whatever its modality.

    Parameters
    ----------
    ref
        A folder in the official checkpoint layout (config.json and safetensors, also GPTQ and AWQ; tokenizer files may
        be absent), a GGUF file, or the name of an installed asset of the hub (`yunqi hub list`).
    dtype
        ``float32``, ``bfloat16``, ``float16``, or ``stored`` to keep, mapped and uncopied, what the files hold.
    hub
        Where names are looked up; by default the hub of the configured data folder.
    draft
        A smaller model of the same tokenizer, as ``ref``; it guesses, and this one checks several guesses in one run, so
        that its answers come sooner where guesses are cheap and good. They stay its own.

    Raises
    ------
    NotFound
        When there is no such folder, file or installed model.
    BadCheckpoint
        When the files are damaged, incomplete, or not what their config says; the message names the tensor.
    Invalid
        When the architecture is not of the lineage, the ``models`` extra is not installed, or the draft has another
        vocabulary.
    """
    try:
        from yunqi.cloud.models.service import checkpoints  # torch is loaded here, and no earlier
    except ModuleNotFoundError as error:
        raise Invalid(f"Loading a model needs the package {error.name}: run scripts/setup models.") from error
    if draft is not None:
        return checkpoints.paired(load(ref, dtype=dtype, hub=hub), load(draft, dtype=dtype, hub=hub))
    path = Path(ref).expanduser()
    if path.is_dir():
        return checkpoints.from_folder(path, dtype=dtype)
    if path.is_file():
        return checkpoints.from_gguf(path, dtype=dtype)
    return checkpoints.from_gguf(_named(str(ref), hub), dtype=dtype)


def load_config(config: Mapping[str, Any], *, seed: int = 0, dtype: str = "float32") -> "LoadedModel":
    """Return a model of random weights from a config.json's content alone, to train or to test with.

    Raises
    ------
    Invalid
        When the architecture is not of the lineage, or the ``models`` extra is not installed.
    """
    try:
        from yunqi.cloud.models.service import checkpoints
    except ModuleNotFoundError as error:
        raise Invalid(f"Making a model needs the package {error.name}: run scripts/setup models.") from error
    return checkpoints.random(config, seed=seed, dtype=dtype)


def m6(folder: str | Path) -> "Illustrator":
    """Return a small M6 that was trained here: ``caption(image)`` says what a picture shows, ``draw(text)`` draws.

    Parameters
    ----------
    folder
        As `yunqi models m6-compare --save` writes them. What the model is worth is in its ``about``: it has seen some
        hundred to thousand small pictures, and no more.

    Raises
    ------
    BadCheckpoint
        When the folder holds no such model, or a damaged one.
    Invalid
        When the ``models`` extra is not installed.
    """
    try:
        from yunqi.cloud.models.service.m6_folder import open_m6
    except ModuleNotFoundError as error:
        raise Invalid(f"Opening a model needs the package {error.name}: run scripts/setup models.") from error
    return open_m6(Path(folder).expanduser())


def open_weights(path: str | Path) -> Iterator[tuple[str, Any]]:
    """Yield name and tensor of a safetensors file, or of all those of a folder, mapped: nothing is read until touched.

    Raises
    ------
    BadCheckpoint
        When a file is damaged, cut short, or not what its index says.
    Invalid
        When the ``models`` extra is not installed.
    """
    try:
        from yunqi.cloud.models.engine.weights.folder import Folder
        from yunqi.cloud.models.engine.weights.safetensors import SafeFile
    except ModuleNotFoundError as error:
        raise Invalid(f"Reading weights needs the package {error.name}: run scripts/setup models.") from error
    source = Folder(Path(path)) if Path(path).is_dir() else SafeFile(Path(path))
    for name in source.names():
        yield name, source.tensor(name)


def _named(name: str, hub: Hub | None) -> Path:
    if hub is not None:
        return _gguf(hub, name)
    if "/" in name and name.count("/") != 1:
        raise NotFound(f"There is no folder or file {name}.")
    sections, _ = load_settings({"kernel": KernelConfig, "hub": HubConfig})
    if not Path(sections["kernel"].data_dir).is_dir():
        raise NotFound(f"There is no folder or file {name}, and no data folder here to look the name up in.")
    with Kernel.open(sections["kernel"]) as kernel:
        return _gguf(Hub(kernel, sections["hub"]), name)


def _gguf(hub: Hub, name: str) -> Path:
    found = hub.file(name)
    if found.asset.base:
        raise Invalid(f"{name} is an adapter of {found.asset.base}; ask a server for it, or load that.", param="ref")
    if found.asset.form != "gguf":
        raise Invalid(f"{name} is no language model but a network for an accelerator: `yunqi models deploy {name}`.")
    return Path(found.path)
