"""Questions about pictures and sound: what stands in the prompt for them, and the answer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from yunqi.cloud.models.engine.lineage.audio import tokens
from yunqi.cloud.models.engine.lineage.cache import Cache
from yunqi.cloud.models.engine.lineage.member import Senses
from yunqi.cloud.models.engine.lineage.pictures import log_mel, patches
from yunqi.cloud.models.engine.lineage.places import Sights
from yunqi.cloud.models.engine.lineage.sample import Sampling, choose
from yunqi.cloud.models.engine.lineage.spec import Spec
from yunqi.kernel import Invalid

_SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"


def look(spec: Spec, images: Sequence[Any]) -> tuple[Senses, list[int]]:
    """Return pictures (Pillow images, or paths) as a tower takes them, and how many placeholders each needs."""
    vision = spec.vision
    if vision is None:
        raise Invalid(f"A model of the family {spec.family} does not see.", param="images")
    made = [patches(_opened(image), vision) for image in images]
    grids = tuple(grid for _, grid in made)
    counts = [frames * rows * columns // vision.merge**2 for frames, rows, columns in grids]
    return Senses(Sights(images=grids), images=torch.cat([cut for cut, _ in made])), counts


def listen(spec: Spec, clips: Sequence[Any]) -> tuple[Senses, list[int]]:
    """Return sound (mono samples at 16 kHz) as a tower takes it, and how many placeholders each clip needs."""
    audio = spec.audio
    if audio is None:
        raise Invalid(f"A model of the family {spec.family} does not hear.", param="audio")
    frames = tuple(log_mel(clip, audio.bins) for clip in clips)
    return Senses(clips=frames), [tokens(audio, clip.shape[1]) for clip in frames]


def both(spec: Spec, images: Any, clips: Any) -> tuple[Senses, dict[str, list[int]]]:
    """Return pictures and sound, one or more of each, as the towers take them, and by kind each one's placeholders."""
    images, clips = (given if isinstance(given, list | tuple) else [given] for given in (images, clips))
    seen, heard = (look(spec, images) if images else (Senses(), [])), (listen(spec, clips) if clips else (Senses(), []))
    return Senses(seen[0].sights, seen[0].images, clips=heard[0].clips), {"image": seen[1], "audio": heard[1]}


def before(spec: Spec, counts: Mapping[str, Sequence[int]], prompt: str) -> str:
    """Return a prompt with placeholders put at the beginning of its last user's turn."""
    held = _held(spec, counts)
    head, mark, tail = prompt.rpartition("<|im_start|>user\n")
    return f"{head}{mark}{held}{tail}" if held else prompt


def placeholders(spec: Spec, kind: str, counts: Sequence[int]) -> str:
    """Return the text that stands for pictures or clips in a prompt."""
    if kind == "image":
        return "".join(f"<|vision_start|>{'<|image_pad|>' * count}<|vision_end|>" for count in counts)
    begin, fill, end = ("<|audio_bos|>", "<|AUDIO|>", "<|audio_eos|>")
    if spec.audio is not None and spec.audio.kind in ("qwen3", "asr"):
        begin, fill, end = ("<|audio_start|>", "<|audio_pad|>", "<|audio_end|>")
    return "".join(f"{begin}{fill * count}{end}" for count in counts)


def question(spec: Spec, counts: Mapping[str, Sequence[int]], text: str) -> str:
    """Return the prompt of a question about pictures and sound."""
    return f"{_SYSTEM}<|im_start|>user\n{_held(spec, counts)}{text}<|im_end|>\n<|im_start|>assistant\n"


def _held(spec: Spec, counts: Mapping[str, Sequence[int]]) -> str:
    return "".join(placeholders(spec, kind, each) for kind, each in counts.items())


def answer(module: Any, spec: Spec, ids: list[int], senses: Senses, sampling: Sampling) -> list[int]:
    """Return what a member says to a prompt with placeholders, the end token included."""
    cache, said = Cache(spec.text.layers), list[int]()
    generator = torch.Generator().manual_seed(sampling.seed)
    hidden: Tensor = module.perceive(torch.tensor([ids]), senses, cache=cache)
    while len(said) < sampling.max_tokens:
        token = choose(module.head(hidden[:, -1]), sampling, generator, [ids + said])[0]
        said.append(token)
        if token in sampling.ends:
            break
        hidden = module.model(torch.tensor([[token]]), cache=cache)
    return said


def _opened(image: Any) -> Any:
    if not isinstance(image, str | Path):
        return image
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(image)
    except (OSError, UnidentifiedImageError) as error:
        raise Invalid(f"{image} cannot be read as a picture: {error}.", param="images") from error
