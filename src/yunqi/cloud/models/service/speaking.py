"""Speech out of an omni member: what it answers, said by one of its voices."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from yunqi.cloud.models.engine.lineage import speaking
from yunqi.cloud.models.engine.lineage.member import Senses
from yunqi.cloud.models.engine.lineage.sample import Sampling
from yunqi.cloud.models.engine.lineage.spec import Spec, Talker
from yunqi.cloud.models.engine.weights.voices import Voices
from yunqi.cloud.models.model import Speech
from yunqi.kernel import Invalid


def manner(talker: Talker, options: Mapping[str, Any]) -> Sampling:
    """Return how codes are chosen: as the makers set it, but for what is given here."""
    try:
        return replace(speaking.MANNERS[talker.kind], **options)
    except TypeError as error:
        raise Invalid(f"Unknown option: {error}.", param="speaking") from error


def is_text(prompt: Any) -> bool:
    """Return whether a prompt is a question or turns, and no token ids."""
    return isinstance(prompt, str) or (
        isinstance(prompt, list | tuple)
        and isinstance(prompt[:1], list | tuple)
        and any(isinstance(turn, Mapping) for turn in prompt[:1])
    )


def pick(spec: Spec, voices: Voices, name: str) -> tuple[int, speaking.Speaker | None]:
    """Return the code of a voice (Qwen3-Omni), or the voice itself (Qwen2.5-Omni); no name takes the first.

    Raises
    ------
    Invalid
        When there is no such voice.
    """
    talker = speaking.voice_of(spec).talker
    known: dict[str, Any] = dict(talker.speakers) if talker.kind == "qwen3" else voices
    if not known:
        where = "its config names no speaker_id" if talker.kind == "qwen3" else "spk_dict.pt is not beside its weights"
        raise Invalid(f"This model carries no voices: {where}.", param="speaker")
    chosen = next((one for one in known if one.lower() == name.lower()), None) if name else next(iter(known))
    if chosen is None:
        raise Invalid(f"There is no voice {name!r}; there are {', '.join(known)}.", param="speaker")
    if talker.kind == "qwen3":
        return int(known[chosen]), None
    mark, vector, sample = known[chosen]
    return 0, speaking.Speaker(mark, vector, sample)


def say(
    module: Any,
    prompt: list[int],
    senses: Senses,
    manners: tuple[Sampling, Mapping[str, Any]],
    voice: tuple[int, speaking.Speaker | None],
    *,
    reply: Sequence[int] = (),
) -> Speech:
    """Return what a member answers to a prompt, as codes and as a wave; the text is left empty.

    Parameters
    ----------
    manners
        How the text is chosen, and what to change in how the codes are.
    """
    (code, speaker), thinking = voice, manners[0]
    talking = manner(module.talker.spec, manners[1])
    thought = speaking.think(module, prompt, senses, thinking, reply=reply)
    plan = (
        speaking.plan_third(module, thought, code) if speaker is None else speaking.plan_first(module, thought, speaker)
    )
    codes = speaking.speak(module.talker, plan, talking)
    wave = speaking.sound(module, codes, speaker, seed=talking.seed)
    samples = np.ascontiguousarray(wave.numpy(), dtype=np.float32)
    rate = speaking.voice_of(module.spec).rate
    return Speech(samples, rate, "", tuple(thought.said), tuple(tuple(row) for row in codes.tolist()))
