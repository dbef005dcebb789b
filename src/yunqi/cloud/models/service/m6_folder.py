"""A trained M6 in a folder: written by `yunqi models m6-compare --save`, opened to caption pictures and to draw."""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from yunqi.cloud.models.engine.m6.codebook import nearest, patches_of
from yunqi.cloud.models.engine.m6.network import M6
from yunqi.cloud.models.engine.m6.spec import M6Spec
from yunqi.cloud.models.engine.m6.tasks import Pair, batch, letters, spelled
from yunqi.cloud.models.engine.m6.writing import write
from yunqi.cloud.models.engine.weights.folder import read_json
from yunqi.cloud.models.engine.weights.safetensors import SafeFile
from yunqi.cloud.models.model import BadCheckpoint
from yunqi.kernel import Invalid

_SETTINGS, _WEIGHTS = "m6.json", "m6.safetensors"
Picture = NDArray[np.uint8]


def save_m6(folder: Path, model: M6, centres: NDArray[np.float32], *, about: Mapping[str, Any]) -> None:
    """Write a model, its codebook [codes, patch width] and what is to be known about it."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {**model.state_dict(), "codebook": torch.from_numpy(centres)}
    header, blocks, end = {}, [], 0
    for name, tensor in tensors.items():
        block = tensor.detach().float().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [end, end + len(block)]}
        blocks.append(block)
        end += len(block)
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    (folder / _WEIGHTS).write_bytes(struct.pack("<Q", len(head)) + head + b"".join(blocks))
    (folder / _SETTINGS).write_text(json.dumps({"spec": asdict(model.spec), "about": dict(about)}), encoding="utf-8")


class Illustrator:
    """A small M6 that says what a picture shows, and draws what a text says, as well as it has learnt to.

    Attributes
    ----------
    about
        On what it was trained, for how long, and its held-out losses.
    """

    def __init__(self, model: M6, centres: NDArray[np.float32], about: Mapping[str, Any]) -> None:
        self._model, self._centres, self.about = model, centres, about
        self._patch = round((model.spec.patch_width / 3) ** 0.5)
        self._across = round(model.spec.patches**0.5)

    @property
    def side(self) -> int:
        """Width and height of its pictures, in pixels."""
        return int(self._patch * self._across)

    def caption(self, image: Any, *, group: str = "") -> str:
        """Return what a picture shows.

        Parameters
        ----------
        image
            A Pillow image, a path, or pixels [height, width, 3] of 0 to 255; it is made as small as the model sees.
        group
            What else is known of it.
        """
        patches = patches_of(self._seen(image), self._patch)
        pair = Pair(patches, nearest(patches, self._centres), (), letters(group))
        task = "image_captioning" if group else "captioning"
        said = write(self._model, self._asked(task, pair), longest=self._model.spec.places - 8)
        return spelled(said[0])

    def draw(self, text: str) -> Picture:
        """Return a picture [side, side, 3] of what a text says.

        Raises
        ------
        Invalid
            When nothing in the text is of the model's letters, or it is too long.
        """
        tokens = letters(text)
        if not tokens or len(tokens) > self._model.spec.places - 8:
            raise Invalid(f"A text of 1 to {self._model.spec.places - 8} Latin letters can be drawn.", param="text")
        pair = Pair(np.zeros((0, 0), np.float32), np.zeros(self._model.spec.patches, np.int64), tokens, ())
        codes = write(self._model, self._asked("text_to_image", pair), longest=self._model.spec.patches, codes=True)[0]
        tiles = self._centres[np.array(codes)].reshape(self._across, self._across, self._patch, self._patch, 3)
        whole = tiles.transpose(0, 2, 1, 3, 4).reshape(self.side, self.side, 3)
        found: Picture = np.clip((whole + 1.0) * 127.5, 0, 255).round().astype(np.uint8)
        return found

    def _asked(self, task: str, pair: Pair) -> Any:
        return batch(task, [pair], np.random.default_rng(0))

    def _seen(self, image: Any) -> Picture:
        from PIL import Image, UnidentifiedImageError

        try:
            if isinstance(image, str | Path):
                with Image.open(image) as opened:
                    clear = opened.convert("RGBA")
            else:
                clear = (Image.fromarray(image) if isinstance(image, np.ndarray) else image).convert("RGBA")
        except (OSError, UnidentifiedImageError, AttributeError, TypeError) as error:
            raise Invalid(f"{image} cannot be read as a picture: {error}.", param="image") from error
        paper = Image.new("RGBA", clear.size, "white")
        paper.alpha_composite(clear)
        small = paper.convert("RGB").resize((self.side, self.side), Image.Resampling.BOX)
        return np.asarray(small, dtype=np.uint8)


def open_m6(folder: Path) -> Illustrator:
    """Return the model of a folder.

    Raises
    ------
    BadCheckpoint
        When the folder holds none, or a damaged one.
    """
    found = read_json(folder / _SETTINGS)
    try:
        spec = M6Spec(**found["spec"])
    except (KeyError, TypeError) as error:
        raise BadCheckpoint(f"{folder / _SETTINGS} describes no M6: {error}.") from error
    file = SafeFile(folder / _WEIGHTS)
    weights = {name: file.tensor(name).clone() for name in file.names()}
    centres = weights.pop("codebook", torch.empty(0))
    model = M6(spec)
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    if {name: tuple(value.shape) for name, value in weights.items()} != wanted or centres.shape[:1] != (spec.codes,):
        raise BadCheckpoint(f"{folder / _WEIGHTS} holds other tensors than {_SETTINGS} describes.")
    model.load_state_dict(weights)
    return Illustrator(model.eval(), centres.numpy(), found.get("about", {}))
