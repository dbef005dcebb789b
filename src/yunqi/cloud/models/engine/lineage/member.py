"""A whole member of the lineage: the decoder, its head, and the towers that see and hear."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from yunqi.cloud.models.engine.lineage import audio, vision
from yunqi.cloud.models.engine.lineage.ahead import Ahead
from yunqi.cloud.models.engine.lineage.cache import Cache
from yunqi.cloud.models.engine.lineage.heads import LanguageModel
from yunqi.cloud.models.engine.lineage.places import Sights, positions
from yunqi.cloud.models.engine.lineage.spec import Spec
from yunqi.cloud.models.engine.lineage.speech.code2wav import Code2Wav
from yunqi.cloud.models.engine.lineage.speech.talker import Talker
from yunqi.cloud.models.engine.lineage.speech.token2wav import Token2Wav
from yunqi.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Senses:
    """Pictures, video and sound of one prompt, as the towers take them.

    Parameters
    ----------
    images, videos
        Patches [patches, channels * frames * side * side].
    clips
        Log-mel frames [bins, frames] of each clip.
    """

    sights: Sights = field(default_factory=Sights)
    images: Tensor | None = None
    videos: Tensor | None = None
    clips: tuple[Tensor, ...] = ()


class Member(LanguageModel):
    """A language model with towers; text alone goes the way of a `LanguageModel`."""

    talker: Talker
    token2wav: Token2Wav
    code2wav: Code2Wav

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec.text)
        self.spec = spec
        self.mtp: Ahead | None = Ahead(spec.text) if spec.text.predictors else None
        if spec.vision is not None:
            self.visual = vision.Tower(spec.vision)
        if spec.audio is not None:
            self.audio_tower = audio.Tower(spec.audio)
            if spec.audio.kind in ("whisper", "asr"):
                self.multi_modal_projector = audio.Projector(spec.audio)
        if spec.voice is not None:
            self.talker = Talker(spec.voice.talker)
            if spec.voice.flow is not None and spec.voice.vocoder is not None:
                self.token2wav = Token2Wav(spec.voice.flow, spec.voice.vocoder)
            if spec.voice.waves is not None:
                self.code2wav = Code2Wav(spec.voice.waves)

    def perceive(
        self,
        token_ids: Tensor,
        senses: Senses,
        *,
        cache: Cache | None = None,
        passed: dict[int, Tensor] | None = None,
    ) -> Tensor:
        """Return the last hidden states [1, tokens, width] of a prompt with placeholders [1, tokens] filled in.

        ``passed`` is as for `Decoder`.
        """
        embeds = self.model.embed_tokens(token_ids).clone()
        seen = torch.zeros(token_ids.shape, dtype=torch.bool)
        deep: list[Tensor] = []
        if self.spec.vision is not None:
            parts = ((self.spec.vision.image, senses.images, senses.sights.images),
                     (self.spec.vision.video, senses.videos, senses.sights.videos))  # fmt: skip
            for token, patches, grids in parts:
                if patches is not None:
                    found, layers = self.visual(patches, list(grids))
                    here = _put(embeds, token_ids, token, found)
                    deep = _deepened(deep, layers, here, embeds)
                    seen |= here
        if senses.clips:
            if self.spec.audio is None:
                raise Invalid(f"A model of the family {self.spec.family} does not hear.", param="audio")
            heard = torch.cat(self.audio_tower(list(senses.clips)))
            if hasattr(self, "multi_modal_projector"):
                heard = self.multi_modal_projector(heard)
            _put(embeds, token_ids, self.spec.audio.token, heard)
        places = positions(self.spec, token_ids[0].tolist(), senses.sights)
        if cache is not None:
            cache.offset = (places.max() + 1 - token_ids.shape[1]).long().view(1, 1)
        return self.model(
            token_ids, embeds=embeds, positions=places[:, None], cache=cache, deep=deep or None, passed=passed
        )


def _put(embeds: Tensor, token_ids: Tensor, token: int, found: Tensor) -> Tensor:
    here = token_ids == token
    if int(here.sum()) != len(found):
        raise Invalid(
            f"The prompt has {int(here.sum())} placeholder tokens {token} for {len(found)} features.", param="prompt"
        )
    embeds[here] = found.to(embeds.dtype)
    return here


def _deepened(deep: list[Tensor], layers: list[Tensor], here: Tensor, embeds: Tensor) -> list[Tensor]:
    if not layers:
        return deep
    deep = deep or [torch.zeros_like(embeds) for _ in layers]
    for whole, part in zip(deep, layers, strict=True):
        whole[here] = part.to(embeds.dtype)
    return deep


def build(spec: Spec) -> Member:
    """Return the module; build it under ``torch.device("meta")`` to count or load without allocating."""
    return Member(spec)
