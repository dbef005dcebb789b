"""Members that see and hear equal the reference in float32, on text, pictures, video and sound."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
Image = pytest.importorskip("PIL.Image")

from tests.cloud.models.lineage import reference  # noqa: E402

from yunqi.cloud.models import load  # noqa: E402
from yunqi.cloud.models.engine.lineage.audio import tokens  # noqa: E402
from yunqi.cloud.models.engine.lineage.cache import Cache  # noqa: E402
from yunqi.cloud.models.engine.lineage.member import Senses  # noqa: E402
from yunqi.cloud.models.engine.lineage.pictures import log_mel, patches  # noqa: E402
from yunqi.cloud.models.engine.lineage.places import Sights  # noqa: E402
from yunqi.cloud.models.engine.lineage.spec import Vision  # noqa: E402
from yunqi.kernel import Invalid  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
LIMIT = 1e-4
PATCH = 3 * 2 * 4 * 4
GRIDS = ((1, 6, 8), (1, 4, 4))
SEE = [name for name in reference.SENSES if not name.startswith(("qwen2_audio", "qwen3_asr"))]
HEAR = [name for name in reference.SENSES if "audio" in name or "asr" in name or "omni" in name]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def kinds(name: str, ids: Any) -> dict[str, Any]:
    """Return what the reference wants beside the tokens to find its pictures."""
    if "omni" in name:
        return {"attention_mask": torch.ones_like(ids)}
    return {"mm_token_type_ids": (ids == 131).long() + 2 * (ids == 132).long()}


@pytest.mark.parametrize("name", reference.SENSES)
def test_text_alone_equals_the_reference(name: str, tmp_path: Path) -> None:
    known = reference.senses(name, tmp_path)
    ids = np.random.default_rng(0).integers(0, 130, (2, 23))
    with torch.inference_mode():
        whole = known.model(input_ids=torch.from_numpy(ids)).logits.numpy()
    assert np.abs(load(tmp_path).logits(ids) - whole).max() < LIMIT


@pytest.mark.parametrize("name", SEE)
def test_pictures_equal_the_reference_and_so_does_what_is_said_of_them(name: str, tmp_path: Path) -> None:
    known, mine = reference.senses(name, tmp_path), load(tmp_path)
    ids = torch.tensor([[5, 6, 133, *[131] * 12, 134, 7, 8, 133, *[131] * 4, 134, 9, 10, 11]])
    patches = torch.randn(64, PATCH, generator=torch.Generator().manual_seed(1))
    given = {"input_ids": ids, "pixel_values": patches, "image_grid_thw": torch.tensor(GRIDS), **kinds(name, ids)}
    cache = Cache(4)
    with torch.inference_mode():
        whole = known.model(**given).logits
        said = known.model.generate(**given, max_new_tokens=8, do_sample=False)[0, ids.shape[1] :].tolist()
        hidden = mine.module.perceive(ids, Senses(Sights(images=GRIDS), images=patches), cache=cache)
        assert (mine.module.head(hidden) - whole).abs().max() < LIMIT
        spoken, last = [], mine.module.head(hidden[:, -1])
        for _ in said:
            spoken.append(int(last.argmax(-1)))
            last = mine.module.head(mine.module.model(torch.tensor([[spoken[-1]]]), cache=cache)[:, -1])
    assert spoken == said


@pytest.mark.parametrize("name", SEE)
def test_video_equals_the_reference(name: str, tmp_path: Path) -> None:
    known, mine = reference.senses(name, tmp_path), load(tmp_path)
    apart = name.startswith(("qwen3_vl", "qwen3_5", "qwen4"))
    row = [5, 6, *[133, *[132] * 4, 134, 7] * 3, 9] if apart else [5, 6, 133, *[132] * 12, 134, 7, 9]
    ids = torch.tensor([row])
    patches = torch.randn(48, PATCH, generator=torch.Generator().manual_seed(2))
    given = kinds(name, ids)
    if "omni" in name:
        given["video_second_per_grid"] = torch.tensor([0.5])
    if name == "qwen2_5_vl":
        given["second_per_grid_ts"] = torch.tensor([0.5])
    grid = (3, 4, 4)
    with torch.inference_mode():
        whole = known.model(input_ids=ids, pixel_values_videos=patches, video_grid_thw=torch.tensor([grid]), **given)
        hidden = mine.module.perceive(ids, Senses(Sights(videos=(grid,), seconds=(0.5,)), videos=patches))
        assert (mine.module.head(hidden) - whole.logits).abs().max() < LIMIT


@pytest.mark.parametrize("name", HEAR)
def test_sound_equals_the_reference(name: str, tmp_path: Path) -> None:
    known, mine = reference.senses(name, tmp_path), load(tmp_path)
    length, whole = {"qwen2_audio": (47, 60), "qwen3_asr": (330, 400), "qwen3_omni_moe_thinker": (330, 330)}.get(
        name, (33, 33)
    )
    clip = torch.randn(8, length, generator=torch.Generator().manual_seed(3))
    ids = torch.tensor([[5, 6, 136, *[135] * tokens(mine.spec.audio, length), 137, 7, 8]])
    features, mask = torch.zeros(1, 8, whole), torch.zeros(1, whole, dtype=torch.long)
    features[0, :, :length], mask[0, :length] = clip, 1
    told = "input_features_mask" if name == "qwen3_asr" else "feature_attention_mask"
    with torch.inference_mode():
        expected = known.model(
            input_ids=ids, input_features=features, attention_mask=torch.ones_like(ids), **{told: mask}
        ).logits
        hidden = mine.module.perceive(ids, Senses(clips=(clip,)))
        assert (mine.module.head(hidden) - expected).abs().max() < LIMIT


def test_pictures_and_sound_are_prepared_as_the_reference_prepares_them() -> None:
    rng = np.random.default_rng(0)
    maker = reference.transformers.Qwen2VLImageProcessorPil(min_pixels=56 * 56, max_pixels=1280 * 28 * 28)
    for width, height in ((300, 200), (64, 90), (20, 2000)):
        picture = Image.fromarray(rng.integers(0, 255, (height, width, 3), dtype=np.uint8))
        expected = maker(images=[picture], return_tensors="pt")
        cut, grid = patches(picture, Vision("qwen2", 1, 8, 8, 1, 8))
        assert expected["image_grid_thw"].tolist() == [list(grid)]
        assert (expected["pixel_values"] - cut).abs().max() < 1e-5
    wave = rng.standard_normal(32_000).astype(np.float32) * 0.1
    extractor = reference.transformers.WhisperFeatureExtractor(feature_size=128)
    frames = extractor(wave, sampling_rate=16_000, return_tensors="pt", padding="do_not_pad")["input_features"][0]
    assert (frames - log_mel(wave, 128)).abs().max() < 1e-4


def test_questions_with_pictures_and_sound_are_answered(tmp_path: Path) -> None:
    reference.senses("qwen2_5_omni_thinker", tmp_path)
    mine = load(tmp_path)
    picture = Image.fromarray(np.zeros((60, 60, 3), dtype=np.uint8))
    count = patches(picture, mine.spec.vision)[1]
    row = [133, *[131] * (count[1] * count[2] // 4), 134, 9]
    assert len(mine.see(picture, row, max_tokens=3)) == 3
    wave = np.zeros(8_000, dtype=np.float32)
    heard = tokens(mine.spec.audio, log_mel(wave, 8).shape[1])
    assert len(mine.hear(wave, [136, *[135] * heard, 137, 9], max_tokens=3)) == 3
    with pytest.raises(Invalid, match="placeholder tokens"):
        mine.see(picture, [133, 131, 134])
    with pytest.raises(Invalid, match="carries no tokenizer"):
        mine.see(picture, "What is this?")
