"""M-RoPE: where each token stands in time, height and width when pictures, video and sound are among the text."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from yunqi.cloud.models.engine.lineage.spec import Spec
from yunqi.kernel.errors import Invalid

Grid = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Sights:
    """What a prompt shows: grids of patches (frames, rows, columns) in the order of the prompt.

    Parameters
    ----------
    seconds
        Seconds between the frames of each video.
    """

    images: tuple[Grid, ...] = ()
    videos: tuple[Grid, ...] = ()
    seconds: tuple[float, ...] = ()


def positions(spec: Spec, ids: list[int], sights: Sights) -> Tensor:
    """Return positions [3, tokens], float.

    Text goes on by one in all three; a picture's patches share a time and have rows and columns; what follows starts
    after the highest of them.
    """
    vision = spec.vision
    if vision is None or not (sights.images or sights.videos):
        return torch.arange(len(ids), dtype=torch.float32).expand(3, -1)
    images, videos = iter(sights.images), _videos(spec, sights)
    found: list[Tensor] = []
    start, index = 0.0, 0
    while index < len(ids):
        kind = ids[index]
        if kind not in (vision.image, vision.video):
            found.append(torch.full((3, 1), start))
            start, index = start + 1, index + 1
            continue
        grid, interval = next(videos) if kind == vision.video else (_next(images), _still(spec))
        whole = not (spec.audio is not None and spec.audio.kind == "qwen3")
        here = _block(grid, vision.merge, interval, start, whole=whole)
        if ids[index : index + here.shape[1]] != [kind] * here.shape[1]:
            raise Invalid(f"A picture needs {here.shape[1]} placeholder tokens; the prompt has fewer.", param="images")
        found.append(here)
        # The omni members count on from the last time too; the others only from rows and columns.
        start = float(here.max()) + 1 if spec.audio else start + max(grid[1], grid[2]) // vision.merge
        index += here.shape[1]
    return torch.cat(found, dim=1)


def _next(grids: Iterator[Grid]) -> Grid:
    grid = next(grids, None)
    if grid is None:
        raise Invalid("The prompt has places for more pictures than were given.", param="images")
    return grid


def _still(spec: Spec) -> float:
    return spec.vision.tokens_per_second if spec.vision is not None and spec.audio else 1.0


def _videos(spec: Spec, sights: Sights) -> Iterator[tuple[Grid, float]]:
    vision = spec.vision
    for index, grid in enumerate(sights.videos):
        seconds = sights.seconds[index] if index < len(sights.seconds) else 1.0
        if vision is not None and vision.kind == "qwen3" and not spec.audio:
            for _ in range(grid[0]):  # each frame stands alone between its time stamps
                yield (1, grid[1], grid[2]), 1.0
        elif vision is not None and (vision.kind == "qwen2_5" or spec.audio):
            yield grid, vision.tokens_per_second * seconds
        else:
            yield grid, 1.0


def _block(grid: Grid, merge: int, interval: float, start: float, *, whole: bool) -> Tensor:
    """Return the positions of one picture or video; Qwen3-Omni alone keeps fractions of a time step."""
    frames, rows, columns = grid[0], grid[1] // merge, grid[2] // merge
    time = torch.arange(frames) * interval
    time = time.floor() if whole else time
    axes = torch.meshgrid(time, torch.arange(rows).float(), torch.arange(columns).float(), indexing="ij")
    return torch.stack([axis.flatten() for axis in axes]) + start
