"""A folder in the official checkpoint layout: config.json and one or more safetensors files."""

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from yunqi.cloud.models.engine.weights.safetensors import SafeFile
from yunqi.cloud.models.model import BadCheckpoint

_MAX_JSON = 64 << 20
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


def read_json(path: Path) -> Any:
    """Return the JSON of a small file beside the weights.

    Raises
    ------
    BadCheckpoint
        When it is missing, too long or not JSON.
    """
    try:
        if path.stat().st_size > _MAX_JSON:
            raise BadCheckpoint(f"{path} has {path.stat().st_size} bytes; that is no settings file.")
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadCheckpoint(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise BadCheckpoint(f"{path} is no JSON: {error}.") from error


class Folder:
    """The weights of a folder, over all its shards; see `SafeFile` for the views."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._place: dict[str, SafeFile] = {}
        index = path / "model.safetensors.index.json"
        for shard in self._shards(index):
            opened = SafeFile(shard)
            for name in opened.names():
                if name in self._place:
                    raise BadCheckpoint(f"Tensor {name!r} stands in {self._place[name].path.name} and {shard.name}.")
                self._place[name] = opened
        if index.exists():
            self._compare(read_json(index)["weight_map"])

    def _shards(self, index: Path) -> list[Path]:
        if not index.exists():
            found = sorted(self.path.glob("*.safetensors"))
            if not found:
                raise BadCheckpoint(self._nothing())
            return [self.path / "model.safetensors"] if self.path / "model.safetensors" in found else found
        listed = read_json(index)
        weights = listed.get("weight_map") if isinstance(listed, dict) else None
        if not isinstance(weights, dict) or not all(isinstance(name, str) for name in weights.values()):
            raise BadCheckpoint(f"{index} has no weight_map of names to files.")
        names = sorted(set(weights.values()))
        for name in names:
            if Path(name).name != name:
                raise BadCheckpoint(f"{index} names the file {name!r}, outside its own folder.")
            if not (self.path / name).is_file():
                raise BadCheckpoint(f"{self.path} lacks the shard {name} that its index names. Fetch it again.")
        return [self.path / name for name in names]

    def _nothing(self) -> str:
        pickles = [found.name for pattern in _PICKLES for found in sorted(self.path.glob(pattern))]
        if pickles:
            return (
                f"{self.path} holds {pickles[0]}, a pickle, which can run code when read and is never opened here. "
                "Convert the weights to safetensors with their makers' tools."
            )
        return f"{self.path} holds no safetensors file."

    def _compare(self, weights: dict[str, str]) -> None:
        if missing := sorted(set(weights) - set(self._place)):
            raise BadCheckpoint(f"{self.path} lacks {_some(missing)}, which its index names.")

    def names(self) -> list[str]:
        """Return the names of all tensors."""
        return list(self._place)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return a tensor's shape without reading it."""
        return self._place[name].shape(name)

    def tensor(self, name: str) -> Tensor:
        """Return a tensor, a view into its mapped file."""
        return self._place[name].tensor(name)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
