"""`yunqi models adapt`: gives an installed model an adapter, which is then asked for by its own name."""

import json
import tempfile
from pathlib import Path

from yunqi.cloud.hub import Hub, HubConfig, Installed
from yunqi.cloud.models.config import ModelsConfig
from yunqi.cloud.models.service.models import Models
from yunqi.kernel import Invalid, Kernel, KernelConfig
from yunqi.kernel.config import load as load_settings


def adapt(hub: Hub, base: str, folder: Path, *, name: str, licence: str = "") -> Installed:
    """Publish an adapter folder in the layout of `peft` as an adapter of a model.

    Parameters
    ----------
    base
        An installed model.

    Raises
    ------
    BadCheckpoint
        When the adapter is damaged, of a kind that is not served, or does not fit the model.
    AssetMissing, Conflict, Invalid
        When the model is not installed or takes none, the name is taken, or the ``models`` extra is not installed.
    """
    try:
        from yunqi.cloud.models.engine.weights.adapters import SETTINGS, read_adapter, write_adapter
        from yunqi.cloud.models.engine.weights.gguf import GgufFile
        from yunqi.cloud.models.engine.weights.layout import GgufSource
    except ModuleNotFoundError as error:
        raise Invalid(f"Reading an adapter needs the package {error.name}: run scripts/setup models.") from error
    folder = folder.expanduser()
    installed = hub.file(base)
    if installed.asset.form != "gguf":
        raise Invalid(f"{base} is no language model, so it takes no adapters.", param="base")
    source = GgufSource(GgufFile(Path(installed.path)))
    adapter = read_adapter(folder, {one: source.shape(one) for one in source.names()})
    config = source.config()
    heads = (int(config["num_attention_heads"]), int(config.get("num_key_value_heads", config["num_attention_heads"])))
    settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    told = {"rank": adapter.rank, "layers": len(adapter.ways), "alpha": settings.get("lora_alpha")}
    card = f"# {name}\n\nAn adapter (LoRA) of {base}: rank {adapter.rank}, {len(adapter.ways)} linear layers.\n"
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "adapter.gguf"
        write_adapter(file, adapter, architecture=source.kind, name=name, heads=heads)
        return hub.publish_adapter(
            file, name=name, base=base, licence=licence or "not stated", card=card,
            lineage={"kind": "lora", "base": base, "adapter": told}, folder=folder,
        )  # fmt: skip


def adapt_named(base: str, folder: Path, *, name: str, licence: str = "") -> tuple[Installed, list[Path]]:
    """Give an adapter to a model of this machine's hub; its graphs, where there are some, are made anew with it.

    Returns
    -------
    tuple
        What was published, and the folders of the graphs.
    """
    sections, _ = load_settings({"kernel": KernelConfig, "hub": HubConfig, "models": ModelsConfig})
    with Kernel.open(sections["kernel"]) as kernel:
        hub = Hub(kernel, sections["hub"])
        found = adapt(hub, base, folder, name=name, licence=licence)
        models = Models(kernel, sections["models"], hub=hub)
        try:
            return found, models.compile_again(base)
        finally:
            models.close()
