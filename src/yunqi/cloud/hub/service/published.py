"""Models made here: the file that is served, the checkpoint that is trained on, the card, and where they come from.

::

    models/<id>/model.gguf      what the engine serves (model.npu.zip: what an accelerator runs)
    models/<id>/checkpoint/     config.json, model.safetensors, tokenizer files: the official layout
    models/<id>/checkpoint/     of an adapter: adapter_config.json, adapter_model.safetensors (peft's layout)
    models/<id>/card.md         the card, for people
    models/<id>/lineage.json    data, recipe, metrics and parents, for machines
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from yunqi.cloud.hub.service.shelf import Shelf, write_whole

SOURCE = "training"


class Published:
    """What a shelf holds beside the served file.

    Parameters
    ----------
    shelf
        The asset's folder.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._folder = shelf.folder

    @property
    def checkpoint(self) -> Path | None:
        """The folder with the checkpoint in the official layout, when there is one."""
        found = self._folder / "checkpoint"
        return found if (found / "config.json").is_file() else None

    @property
    def adapter(self) -> Path | None:
        """The folder that an adapter was made of, in the layout of `peft`, when there is one."""
        found = self._folder / "checkpoint"
        return found if (found / "adapter_config.json").is_file() else None

    @property
    def card(self) -> str | None:
        """The card as Markdown."""
        place = self._folder / "card.md"
        return place.read_text(encoding="utf-8") if place.exists() else None

    @property
    def lineage(self) -> dict[str, Any]:
        """Data, recipe, metrics and parents."""
        place = self._folder / "lineage.json"
        found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
        return found

    def keep(self, *, card: str, lineage: dict[str, Any], checkpoint: Path | None) -> None:
        """Write card, lineage and checkpoint; a checkpoint that was there is replaced whole."""
        if checkpoint is not None:
            coming, place = self._folder / "checkpoint.new", self._folder / "checkpoint"
            shutil.rmtree(coming, ignore_errors=True)
            shutil.copytree(checkpoint, coming)
            shutil.rmtree(place, ignore_errors=True)
            os.replace(coming, place)
        write_whole(self._folder / "card.md", card.encode())
        write_whole(self._folder / "lineage.json", json.dumps(lineage, indent=2, ensure_ascii=False).encode())
