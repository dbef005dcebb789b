"""Reads the voices beside a Qwen2.5-Omni checkpoint (spk_dict.pt) without running what the file says.

The file is a pickle. The reader below knows five names and refuses every other, so that no code of the file's choosing
runs; tensors are taken from the archive's bytes.
"""

import io
import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from yunqi.cloud.models.model import BadCheckpoint

_LARGEST = 256 << 20
_STORAGES = {
    "FloatStorage": torch.float32, "HalfStorage": torch.float16, "BFloat16Storage": torch.bfloat16,
}  # fmt: skip
Voices = dict[str, tuple[int, Tensor, Tensor]]


def read_voices(path: Path) -> Voices:
    """Return by name: text token, vector [1, width], and mel frames [1, frames, bins], float32.

    Raises
    ------
    BadCheckpoint
        When the file is damaged, is no such archive, or asks for anything but tensors.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise BadCheckpoint(f"{path} has {path.stat().st_size} bytes; voices are smaller.")
        with zipfile.ZipFile(path) as archive:
            found = _Plain(archive, path).load()
        return {str(name): _voice(path, str(name), voice) for name, voice in found.items()}
    except (OSError, zipfile.BadZipFile, pickle.UnpicklingError, EOFError, KeyError, IndexError) as error:
        raise BadCheckpoint(f"{path} holds no voices that can be read: {error}.") from error
    except (AttributeError, TypeError, ValueError, RuntimeError) as error:
        raise BadCheckpoint(f"{path} holds no voices that can be read: {error}.") from error


def _voice(path: Path, name: str, voice: Mapping[str, Any]) -> tuple[int, Tensor, Tensor]:
    vector, sample = voice["cond"].float(), voice["ref_mel"].float()
    if vector.dim() not in (1, 2) or sample.dim() not in (2, 3):
        raise BadCheckpoint(
            f"{path}: the voice {name!r} has a vector {list(vector.shape)} and frames {list(sample.shape)}."
        )
    return int(voice["bos_token"]), vector.reshape(1, -1), sample.reshape(1, *sample.shape[-2:])


class _Plain(pickle.Unpickler):
    """Knows tensors, ordered dictionaries, and the kinds of storage; nothing else."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        names = [name for name in archive.namelist() if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(names) != 1:
            raise BadCheckpoint(f"{path} is no archive of tensors.")
        self._archive, self._base = archive, names[0][: -len("data.pkl")]
        super().__init__(io.BytesIO(archive.read(names[0])))

    def find_class(self, module: str, name: str) -> Any:
        """Return what one of the known names stands for."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is refused")

    def persistent_load(self, pid: Any) -> Tensor:
        """Return the storage that the pickle names."""
        _, kind, key, _, count = pid
        data = bytearray(self._archive.read(f"{self._base}data/{key}"))
        return torch.frombuffer(data, dtype=kind, count=int(count))


def _tensor(storage: Tensor, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Tensor:
    if min((*shape, *stride, offset, 0)) < 0 or math.prod(shape) == 0:
        raise ValueError("a tensor has no size, or a negative one")
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    if last >= storage.numel():
        raise ValueError("a tensor reaches past its storage")
    return storage.as_strided(shape, stride, offset).clone()
