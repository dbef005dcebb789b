"""Omni members speak as the reference speaks: the same words, the same codes, the same wave."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.cloud.models.lineage import omni  # noqa: E402

from yunqi.cloud.models import BadCheckpoint, load  # noqa: E402
from yunqi.cloud.models.engine.lineage.audio import tokens  # noqa: E402
from yunqi.cloud.models.engine.lineage.member import Senses  # noqa: E402
from yunqi.cloud.models.engine.lineage.places import Sights  # noqa: E402
from yunqi.cloud.models.engine.lineage.sample import Sampling  # noqa: E402
from yunqi.cloud.models.service import speaking  # noqa: E402
from yunqi.kernel import Invalid  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
LIMIT = 1e-4
GREEDY = {"talker_do_sample": False, "thinker_do_sample": False, "thinker_max_new_tokens": 6}
FRAMES = 30


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def talk(mine: Any, ids: list[int], senses: Senses, penalty: float, frames: int = FRAMES) -> Any:
    voice = speaking.pick(mine.spec, mine.extras.voices, "" if mine.extras.voices else "Ethan")
    options = {"temperature": 0.0, "max_tokens": frames, "repetition_penalty": penalty}
    with torch.inference_mode():
        return speaking.say(mine.module, ids, senses, (Sampling(6), options), voice)


def given(name: str, bins: int, length: int) -> tuple[list[int], dict[str, Any], Senses]:
    """Return a prompt of text, of text and a picture, or of text and sound, for both sides."""
    draw = torch.Generator().manual_seed(1)
    if name == "picture":
        parts, patches, grid = omni.seen()
        told = {"thinker_pixel_values": patches, "image_grid_thw": torch.tensor([grid])}
        return parts, told, Senses(Sights(images=(grid,)), images=patches)
    if name == "sound":
        clip = torch.randn(bins, length, generator=draw)
        told = {"input_features": clip[None], "feature_attention_mask": torch.ones(1, length, dtype=torch.long)}
        return [], told, Senses(clips=(clip,))
    return [40, 41], {}, Senses()


@pytest.mark.parametrize("name", ["text", "picture", "sound"])
def test_the_first_omni_member_speaks_as_the_reference(name: str, tmp_path: Path) -> None:
    known, mine = omni.first(tmp_path), load(tmp_path)
    parts, told, senses = given(name, 8, 33)
    parts = parts or [136, *[135] * tokens(mine.spec.audio, 33), 137] if name == "sound" else parts
    ids = torch.tensor([omni.prompt(parts)])
    for penalty in (1.0, 1.3):
        torch.manual_seed(0)
        with torch.inference_mode():
            words, wave = known.model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), talker_max_new_tokens=FRAMES,
                talker_eos_token_id=[52, 54], talker_repetition_penalty=penalty, **GREEDY, **told,
            )  # fmt: skip
        said = talk(mine, ids[0].tolist(), senses, penalty)
        assert list(said.tokens) == words[0, ids.shape[1] :].tolist()
        assert said.samples.shape == wave.shape
        assert said.samples.size == 12 * len(said.codes[0])
        assert np.abs(said.samples - wave.numpy()).max() < LIMIT
        assert said.rate == 24_000


@pytest.mark.parametrize("name", ["text", "picture", "sound"])
def test_the_third_omni_member_speaks_as_the_reference(name: str, tmp_path: Path) -> None:
    known, mine = omni.third(tmp_path), load(tmp_path)
    parts, told, senses = given(name, 8, 330)
    parts = parts or [136, *[135] * tokens(mine.spec.audio, 330), 137] if name == "sound" else parts
    ids = torch.tensor([omni.prompt(parts)])
    for penalty in (1.0, 1.3):
        with torch.inference_mode():
            words, wave = known.model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), talker_max_new_tokens=FRAMES + 1,
                talker_repetition_penalty=penalty, thinker_eos_token_id=None,
                **GREEDY, **told,
            )  # fmt: skip
        said = talk(mine, ids[0].tolist(), senses, penalty)
        assert list(said.tokens) == words[0, ids.shape[1] :].tolist()
        assert len(said.codes) == 4
        assert said.samples.shape == wave[0, 0].shape
        assert np.abs(said.samples - wave[0, 0].numpy()).max() < LIMIT


@pytest.mark.parametrize("kind", ["first", "third"])
def test_the_talker_s_logits_equal_the_reference(kind: str, tmp_path: Path) -> None:
    known, mine = getattr(omni, kind)(tmp_path).model.talker, load(tmp_path).module.talker
    draw = torch.Generator().manual_seed(2)
    width = mine.spec.entry if kind == "first" else mine.spec.text.width
    embeds = torch.randn(1, 17, width, generator=draw)
    with torch.inference_mode():
        if kind == "first":
            expected = known(inputs_embeds=embeds).logits
        else:
            expected = known(inputs_embeds=embeds, attention_mask=torch.ones(1, 17, dtype=torch.long)).logits
            pair = torch.randn(1, 2, width, generator=draw)
            heads = mine.code_predictor
            found = heads.lm_head[0](heads.model(embeds=pair))
            assert (known.code_predictor(inputs_embeds=pair).logits - found).abs().max() < LIMIT
        assert (mine.codec_head(mine(embeds)) - expected).abs().max() < LIMIT


def test_the_vocoders_parts_equal_the_reference(tmp_path: Path) -> None:
    known, mine = omni.first(tmp_path / "1").model.token2wav, load(tmp_path / "1").module.token2wav
    codes = torch.randint(0, 60, (1, 11), generator=torch.Generator().manual_seed(4))
    voice = torch.randn(1, 6)
    mel, noise = torch.randn(1, 30, 10), torch.randn(1, 22, 10)
    with torch.inference_mode():
        moved = known.code2wav_dit_model(
            hidden_states=noise, speaker_embedding=voice[:, None].repeat(1, 22, 1), condition_vector=mel,
            quantized_code=codes, time_step=torch.tensor(0.3),
        )  # fmt: skip
        flow = mine.code2wav_dit_model
        assert (flow(noise, flow.told(codes, voice, mel), torch.tensor(0.3)) - moved).abs().max() < LIMIT
        torch.manual_seed(7)
        expected = known.code2wav_dit_model.sample(voice, mel, codes)
        torch.manual_seed(7)
        assert (flow.sample(codes, voice, mel, torch.randn(1, 22, 10)) - expected).abs().max() < LIMIT
        wave = known.code2wav_bigvgan_model(expected)
        assert (mine.code2wav_bigvgan_model(expected)[0] - wave).abs().max() < LIMIT
    known, mine = omni.third(tmp_path / "3").model.code2wav, load(tmp_path / "3").module.code2wav
    codes = torch.randint(0, 48, (1, 4, 70), generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        assert (mine(codes) - known(codes)[0]).abs().max() < LIMIT
        chunked = known.chunked_decode(codes, chunk_size=30, left_context_size=7)[0]
        assert (mine.in_chunks(codes, size=30, before=7) - chunked).abs().max() < LIMIT


def test_speaking_by_seed_is_repeatable_and_says_what_it_is_given(tmp_path: Path) -> None:
    omni.first(tmp_path)
    mine, ids = load(tmp_path), omni.prompt([40, 41])
    options = {"max_tokens": 5, "reply": [30, 31, 32, 109], "speaker": "chelsie"}
    said = mine.speak(ids, talking={"max_tokens": 8, "seed": 3}, **options)
    assert said.tokens == (30, 31, 32, 109)
    assert said.codes == mine.speak(ids, talking={"max_tokens": 8, "seed": 3}, **options).codes
    assert said.codes != mine.speak(ids, talking={"max_tokens": 8, "seed": 4}, **options).codes
    with pytest.raises(Invalid, match="no voice 'Bob'; there are Chelsie"):
        mine.speak(ids, speaker="Bob")
    (tmp_path / "spk_dict.pt").unlink()
    with pytest.raises(Invalid, match=r"spk_dict\.pt is not beside"):
        load(tmp_path).speak(ids)


def test_every_tensor_of_an_omni_checkpoint_has_a_place(tmp_path: Path) -> None:
    omni.third(tmp_path)
    config = tmp_path / "config.json"
    config.write_text(
        config.read_text().replace('"upsample_rates": [\n      3,\n      2\n    ]', '"upsample_rates": [3]')
    )
    with pytest.raises(BadCheckpoint, match=r"code2wav\.decoder"):
        load(tmp_path)


def test_a_voice_file_can_run_nothing(tmp_path: Path) -> None:
    omni.first(tmp_path)

    class Bad:
        def __reduce__(self) -> Any:
            return (print, ("run",))

    file = tmp_path / "spk_dict.pt"
    torch.save({"Chelsie": {"bos_token": 1, "cond": Bad(), "ref_mel": torch.zeros(1, 2, 3)}}, file)
    with pytest.raises(BadCheckpoint, match=r"asks for \w+\.print, which is refused"):
        load(tmp_path)
    file.write_bytes(pickle.dumps({"Chelsie": Bad()}))
    with pytest.raises(BadCheckpoint, match="holds no voices"):
        load(tmp_path)
