"""Where things of training lie: runs' folders, and the folder that a model's name means."""

import difflib
import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from yunqi.cloud.hub import Hub
from yunqi.kernel import Conflict, Error, Invalid


class Places:
    """The folder of all runs, and names of models.

    Parameters
    ----------
    root
        Folder of the runs, one folder a name.
    hub
        Knows published checkpoints.
    """

    def __init__(self, root: Path, hub: Hub) -> None:
        self.root = root
        self._hub = hub

    def run(self, name: str) -> Path:
        """Return the folder of a run."""
        return self.root / name

    def is_held(self, name: str) -> bool:
        """Return whether a process holds the run's lock, which goes with the process, however that ends."""
        try:
            with self._lock(name).open("rb") as handle:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Hold the run's lock.

        Raises
        ------
        Conflict
            When another process works on it.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with self._lock(name).open("ab") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(f"Another process works on the run {name}. Wait for it, or stop it.", "name") from None
            yield

    def _lock(self, name: str) -> Path:
        return self.root / f"{name}.lock"

    def model(self, name: str, folder: str) -> Path:
        """Return the checkpoint folder that a name means: a folder, a run, or a published model.

        Raises
        ------
        Invalid
            When it means none of them.
        """
        given = Path(name).expanduser()
        for place in (given if given.is_absolute() else Path(folder) / given, self.root / name / "model"):
            if (place / "config.json").is_file():
                return place.resolve()
        try:
            found = self._hub.checkpoint(name)
        except Error:
            found = None
        if found is not None:
            return found
        known = [entry.parent.parent.name for entry in self.root.glob("*/model/config.json")]
        near = difflib.get_close_matches(name, known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise Invalid(
            f"There is no model {name!r}: neither a folder with config.json, nor a finished run, nor a published "
            f"model.{hint}",
            param="base",
        )


def shape(folder: Path) -> dict[str, Any]:
    """Return a checkpoint's config.json."""
    found: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return found


def weights_in(config: dict[str, Any]) -> int:
    """Return how many weights a checkpoint of a dense Qwen or Llama shape has, from its config alone."""
    hidden, layers, heads = config["hidden_size"], config["num_hidden_layers"], config["num_attention_heads"]
    width = config.get("head_dim") or hidden // heads
    query, keys = heads * width, config.get("num_key_value_heads", heads) * width
    norms = {"qwen3": 2 * width, "qwen2": query + 2 * keys}.get(str(config.get("model_type")), 0)
    block = norms + hidden * (2 * query + 2 * keys) + 3 * hidden * config["intermediate_size"] + 2 * hidden
    tables = 1 if config.get("tie_word_embeddings") else 2
    return int(config["vocab_size"] * hidden * tables + layers * block + hidden)
