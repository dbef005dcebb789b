"""Pictures as a network's input: decoded, cut to its size, with its mean and deviation."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from yunqi.kernel import Invalid, NotFound
from yunqi.labs.npu.model import Array, Graph
from yunqi.labs.npu.service.quantising import Feeds

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
_MOST_PIXELS = 64 << 20
_MOST_VIEWS = 100
_LEAST_PART, _MIRRORED = 0.6, 0.5


@dataclass(frozen=True, slots=True)
class Preparation:
    """How a picture becomes an input: the shorter side fits, the middle is cut out, ``(pixel - mean) / deviation``.

    Parameters
    ----------
    mean, deviation
        One number, or one a channel, in pixels of 0 to 255.
    """

    mean: tuple[float, ...] = (127.5,)
    deviation: tuple[float, ...] = (127.5,)

    def __post_init__(self) -> None:
        if not self.mean or not self.deviation or min(map(abs, self.deviation)) < 1e-9:
            raise Invalid("A picture's mean and deviation are numbers, and the deviation is not 0.", "deviation")


def prepared(
    graph: Graph, data: bytes, preparation: Preparation, *, part: np.random.Generator | None = None
) -> dict[str, Array]:
    """Return the inputs of a network for one picture; a batch repeats it.

    Parameters
    ----------
    part
        Take a random part of the picture instead: 0.6 to 1 of its sides, anywhere, mirrored once in two.

    Raises
    ------
    Invalid
        When the bytes are no picture, or the network does not take exactly one.
    """
    name, shape, channels_first = _input_of(graph)
    channels = shape[1] if channels_first else shape[3]
    height, width = shape[2:] if channels_first else shape[1:3]
    pixels = _decoded(data, height, width, channels, part)
    mean, deviation = (_per_channel(numbers, channels) for numbers in (preparation.mean, preparation.deviation))
    real = (pixels.astype(np.float64) - mean) / deviation
    real = real.transpose(2, 0, 1) if channels_first else real
    return {name: np.repeat(real[None], shape[0], 0).astype(graph.values[name].dtype)}


def prepared_folder(graph: Graph, folder: Path, preparation: Preparation, *, most: int, views: int = 1) -> Feeds:
    """Return the inputs for the pictures in a folder, by name, at most so many pictures, spread evenly.

    Parameters
    ----------
    views
        How many inputs each picture gives: itself, then random parts of it, half of them mirrored. Pictures follow each
        other, and return in the same order; an odd last one is left out then, so that every other input is of other pictures.

    Raises
    ------
    NotFound
        When there is no picture in it.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not files:
        raise NotFound(f"There are no pictures ({', '.join(_SUFFIXES)}) in {folder}.", "pictures")
    if len(files) > most:
        files = [files[place * len(files) // most] for place in range(most)]
    if not 1 <= views <= _MOST_VIEWS:
        raise Invalid(f"A picture gives 1 to {_MOST_VIEWS} views, not {views}.", "views")
    if views > 1 and len(files) > 1:
        files = files[: len(files) // 2 * 2]
    generator = np.random.default_rng(0)
    return [
        _prepared_file(graph, path, preparation, generator if view else None) for view in range(views) for path in files
    ]


def _prepared_file(
    graph: Graph, path: Path, preparation: Preparation, generator: np.random.Generator | None
) -> dict[str, Array]:
    try:
        return prepared(graph, path.read_bytes(), preparation, part=generator)
    except Invalid as error:
        raise Invalid(f"{path.name}: {error.message}", error.param) from error


def _input_of(graph: Graph) -> tuple[str, tuple[int, ...], bool]:
    if len(graph.inputs) == 1:
        name = graph.inputs[0]
        shape = graph.shape(name)
        if len(shape) == 4 and graph.values[name].is_float and (shape[1] in (1, 3) or shape[3] in (1, 3)):
            return name, shape, shape[1] in (1, 3)
    wanted = ", ".join(f"{name} {list(graph.shape(name))}" for name in graph.inputs)
    raise Invalid(f"The network takes no picture: its inputs are {wanted}. Send tensors.", "image")


def _decoded(data: bytes, height: int, width: int, channels: int, part: np.random.Generator | None) -> Array:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise Invalid(f"The picture has {opened.width} x {opened.height} pixels; shrink it first.", "image")
            picture = opened.convert("L" if channels == 1 else "RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Invalid("The body is no picture that can be read; send a PNG or JPEG file.", "image") from error
    if part is not None:
        share = part.uniform(_LEAST_PART, 1.0)
        sides = [max(1, round(side * share)) for side in picture.size]
        left, top = (int(part.integers(0, side - kept + 1)) for side, kept in zip(picture.size, sides, strict=True))
        picture = picture.crop((left, top, left + sides[0], top + sides[1]))
        if part.random() < _MIRRORED:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    scale = max(height / picture.height, width / picture.width)
    size = max(width, round(picture.width * scale)), max(height, round(picture.height * scale))
    picture = picture.resize(size, Image.Resampling.BICUBIC)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    cut = picture.crop((left, top, left + width, top + height))
    return np.asarray(cut).reshape(height, width, channels)


def _per_channel(numbers: Sequence[float], channels: int) -> Array:
    if len(numbers) not in (1, channels):
        raise Invalid(f"A mean or deviation needs 1 or {channels} numbers, not {len(numbers)}.", "mean")
    return np.asarray(numbers, np.float64)
