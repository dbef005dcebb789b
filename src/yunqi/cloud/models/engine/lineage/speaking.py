"""From a prompt to a wave: the thinker answers in text, the talker in codes, and the vocoder in samples."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from yunqi.cloud.models.engine.lineage.cache import Cache
from yunqi.cloud.models.engine.lineage.member import Member, Senses
from yunqi.cloud.models.engine.lineage.places import Sights, positions
from yunqi.cloud.models.engine.lineage.sample import Sampling, choose
from yunqi.cloud.models.engine.lineage.spec import Spec, Voice
from yunqi.cloud.models.engine.lineage.speech.talker import Predictor, Talker
from yunqi.kernel.errors import Invalid

MANNERS = {
    "qwen2_5": Sampling(4096, temperature=0.9, top_p=0.8, top_k=40, repetition_penalty=1.05),
    "qwen3": Sampling(4096, temperature=0.9, top_k=50, repetition_penalty=1.05),
}
"""How each generation's talker chooses codes, as its makers set it."""

_RESERVED = 1024


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice of Qwen2.5-Omni: its text token, its vector [1, width], and mel frames of it [1, frames, bins]."""

    mark: int
    vector: Tensor
    sample: Tensor


@dataclass(frozen=True, slots=True)
class Thought:
    """What the thinker read and said: embeddings and states [1, prompt + said - 1, width]; the last token has none."""

    prompt: list[int]
    said: list[int]
    embeds: Tensor
    states: Tensor
    sights: Sights


@dataclass(frozen=True, slots=True)
class Plan:
    """What the talker reads before its first code, and with each later one [1, tokens, entry or width].

    Parameters
    ----------
    places
        Positions of the beginning [3, tokens].
    before
        Codes that count as said already, for the repetition penalty.
    """

    start: Tensor
    later: Tensor
    places: Tensor
    before: tuple[int, ...] = ()


def think(
    member: Member, prompt: list[int], senses: Senses, sampling: Sampling, *, reply: Sequence[int] = ()
) -> Thought:
    """Return the thinker's answer to a prompt, with the states its talker needs.

    Parameters
    ----------
    reply
        What it is to say, in place of an answer of its own.
    """
    voice = voice_of(member.spec)
    layer = voice.talker.layer if voice.talker.layer < member.spec.text.layers else 0
    passed: dict[int, Tensor] = {layer: torch.empty(0)}
    cache, said, states = Cache(member.spec.text.layers), list[int](), list[Tensor]()
    generator = torch.Generator().manual_seed(sampling.seed)
    hidden = member.perceive(torch.tensor([prompt]), senses, cache=cache, passed=passed)
    wanted = len(reply) if reply else sampling.max_tokens
    while True:
        states.append(passed[layer] if layer else hidden)
        if len(said) == wanted - 1 and reply:
            said.append(reply[-1])
            break
        said.append(
            reply[len(said)] if reply else choose(member.head(hidden[:, -1]), sampling, generator, [prompt + said])[0]
        )
        if len(said) >= wanted or (not reply and said[-1] in sampling.ends):
            break
        hidden = member.model(torch.tensor([[said[-1]]]), cache=cache, passed=passed)
    if len(said) < 2:
        raise Invalid("The answer is empty, so there is nothing to speak.", param="messages")
    ids = torch.tensor([prompt + said[:-1]])
    embeds = member.model.embed_tokens(ids).clone()
    embeds[_sensed(member.spec, ids)] = 0
    return Thought(prompt, said, embeds, torch.cat(states, dim=1), senses.sights)


def voice_of(spec: Spec) -> Voice:
    """Return the voice of a member.

    Raises
    ------
    Invalid
        When it has none.
    """
    if spec.voice is None:
        why = "its config switches its voice off" if spec.silent else "only whole omni members do"
        raise Invalid(f"This model of the family {spec.family} does not speak: {why}.", param="model")
    return spec.voice


def _sensed(spec: Spec, ids: Tensor) -> Tensor:
    tokens = [] if spec.vision is None else [spec.vision.image, spec.vision.video]
    tokens += [] if spec.audio is None else [spec.audio.token]
    return torch.isin(ids, torch.tensor(tokens, dtype=ids.dtype))


def plan_first(member: Member, thought: Thought, speaker: Speaker) -> Plan:
    """Return what the talker of Qwen2.5-Omni reads: all that was thought, then one state of the reply a frame."""
    talker: Talker = member.talker
    whole = thought.embeds + thought.states
    length = len(thought.prompt)
    reply = whole[:, length:]
    _, end, pad = talker.spec.marks

    def word(token: int) -> Tensor:
        return member.model.embed_tokens(torch.tensor([[token]]))

    codes = talker.code((talker.spec.pad, talker.spec.begin))
    opening = torch.cat((word(speaker.mark), reply[:, :1]), dim=1) + codes
    places = positions(member.spec, [*thought.prompt, speaker.mark, thought.said[0]], thought.sights)
    return Plan(
        torch.cat((whole[:, :length], opening), dim=1),
        torch.cat((reply[:, 1:], word(end), word(pad)), dim=1),
        places,
        (*[talker.spec.mask] * length, talker.spec.pad, talker.spec.begin),
    )


def plan_third(member: Member, thought: Thought, speaker: int) -> Plan:
    """Return what the talker of Qwen3-Omni reads: what users said, then the reply, one token a frame."""
    talker: Talker = member.talker
    begin, user, assistant = talker.spec.turns
    prompt, length = thought.prompt, len(thought.prompt)
    text = talker.text_projection(thought.embeds)
    roles, role = [], -1
    for index, token in enumerate(prompt):
        if token == begin:
            role = prompt[index + 1] if index + 1 < length else -1
        roles.append(role)
    starts = [index for index in range(length - 1) if prompt[index : index + 2] == [begin, assistant]]
    if not starts:
        raise Invalid("The prompt has no turn of the assistant to speak in.", param="messages")
    mine = [index for index, role in enumerate(roles) if role == user]
    felt = _sensed(member.spec, torch.tensor([prompt]))[..., None]
    asked = torch.where(felt, talker.hidden_projection(thought.states[:, :length]), text[:, :length])[:, mine]
    marks = talker.text_projection(member.model.embed_tokens(torch.tensor([talker.spec.marks])))
    first, last, empty = marks.split(1, dim=1)
    reply = text[:, starts[-1] :]
    words = torch.cat((reply[:, :3], empty.expand(-1, 4, -1), first, reply[:, 3:4]), dim=1)
    codes = talker.code((*talker.spec.unthought, speaker, talker.spec.pad, talker.spec.begin))
    words[:, 3:] += codes
    ids = [prompt[index] for index in mine] + [talker.spec.marks[2]] * words.shape[1]
    return Plan(
        torch.cat((asked, words), dim=1),
        torch.cat((reply[:, 4:], last, empty), dim=1),
        positions(member.spec, ids, thought.sights),
    )


def speak(talker: Talker, plan: Plan, manner: Sampling) -> Tensor:
    """Return the codes [groups, frames] that a talker says."""
    generator = torch.Generator().manual_seed(manner.seed)
    cache, frames = Cache(talker.spec.text.layers), list[list[int]]()
    cache.offset = (plan.places.max() + 1 - plan.start.shape[1]).long().view(1, 1)
    hidden = talker(plan.start, positions=plan.places[:, None], cache=cache)
    while len(frames) < manner.max_tokens:
        logits = talker.codec_head(hidden[:, -1]).float()
        logits[:, _unsaid(talker)] = float("-inf")
        before = [*plan.before, *(frame[0] for frame in frames)]
        code = choose(logits, manner, generator, [before])[0]
        if code in talker.spec.ends:
            break
        rest, heard = _predict(talker, hidden[:, -1:], code, manner, generator)
        frames.append([code, *rest])
        word = min(len(frames) - 1, plan.later.shape[1] - 1)
        hidden = talker(heard + plan.later[:, word : word + 1], cache=cache)
    return torch.tensor(frames, dtype=torch.long).view(-1, max(talker.spec.groups, 1)).T


def _unsaid(talker: Talker) -> list[int]:
    """Return the codes that may not be said: reserved ones, but for the end."""
    if talker.spec.kind == "qwen2_5":
        return [talker.spec.begin]
    size = talker.spec.text.vocabulary
    return [code for code in range(max(size - _RESERVED, 0), size) if code not in talker.spec.ends]


def _predict(
    talker: Talker, state: Tensor, code: int, manner: Sampling, generator: torch.Generator
) -> tuple[list[int], Tensor]:
    """Return the other codes of a frame, and the embedding [1, 1, width] of them all."""
    heard = talker.code(code)
    if talker.spec.predictor is None:
        return [], heard
    predictor: Predictor = talker.code_predictor
    inner = Sampling() if manner.temperature == 0 else Sampling(temperature=1.0, top_k=50, top_p=0.8)
    cache, codes = Cache(talker.spec.predictor.layers), list[int]()
    hidden = predictor.model(embeds=torch.cat((state, heard), dim=1), cache=cache)
    for group, head in enumerate(predictor.lm_head):
        codes.append(choose(head(hidden[:, -1]), inner, generator, [[]])[0])
        embed = predictor.embed(group, codes[-1])
        heard = heard + embed
        if group + 1 < len(predictor.lm_head):
            hidden = predictor.model(embeds=embed, cache=cache)
    return codes, heard


def sound(member: Member, codes: Tensor, speaker: Speaker | None, *, seed: int, steps: int = 10) -> Tensor:
    """Return the wave [samples], float32, of codes [groups, frames]."""
    voice = voice_of(member.spec)
    if codes.shape[1] == 0:
        return torch.zeros(0)
    if voice.waves is not None:
        return member.code2wav.in_chunks(codes[None])[0].float()
    if voice.flow is None or speaker is None:
        raise Invalid("This member needs a speaker: a vector, and mel frames of the voice.", param="speaker")
    parts = member.token2wav.float()  # its makers found half precision too coarse for the solver
    shape = (1, codes.shape[1] * voice.flow.repeats, voice.flow.bins)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return parts(codes, speaker.vector.float(), speaker.sample.float(), noise, steps=steps)[0]
