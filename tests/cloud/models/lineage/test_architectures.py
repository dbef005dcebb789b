"""Every model type and class of the family that the reference has is opened from its folder alone, and equals it."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.cloud.models.lineage import omni, reference  # noqa: E402
from transformers.models.auto import modeling_auto  # noqa: E402
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES  # noqa: E402

from yunqi.cloud.models import load, load_config  # noqa: E402
from yunqi.cloud.models.engine.lineage.member import Senses  # noqa: E402
from yunqi.cloud.models.engine.lineage.places import Sights, positions  # noqa: E402
from yunqi.kernel import Invalid  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
LIMIT = 1e-4
TOWERS = ("_vision", "_encoder", "_bigvgan", "_dit", "_talker", "_token2wav", "_talker_code_predictor", "_talker_text")
"""Parts that no checkpoint is made of; they are read within their members."""


def classes() -> list[tuple[str, str]]:
    """Return every model type of the family with every class that the reference's tables name for it."""
    found = {("colqwen2", "ColQwen2ForRetrieval")}
    for table in (name for name in dir(modeling_auto) if name.startswith("MODEL_") and name.endswith("_NAMES")):
        for kind, names in getattr(modeling_auto, table).items():
            if kind.startswith("qwen") and not kind.endswith(TOWERS):
                found |= {(kind, name) for name in ([names] if isinstance(names, str) else names)}
    return sorted(
        pair for pair in found if pair[1] != "JevForDecision" and pair[0] not in ("qwen2_5_omni", "qwen3_omni_moe")
    )


def settings(kind: str) -> dict[str, Any]:
    """Return a tiny config of a model type."""
    if kind == "colqwen2":
        return {"vlm_config": {"model_type": "qwen2_vl", **reference.SENSES["qwen2_vl"][1]}, "embedding_dim": 12}
    if kind in reference.SENSES:
        return reference.SENSES[kind][1]
    plain = {"qwen2_vl_text": "qwen2_vl", "qwen2_5_vl_text": "qwen2_5_vl", "qwen3_vl_text": "qwen3_vl"}
    if kind in plain or kind == "qwen3_vl_moe_text":
        return reference.SENSES[plain.get(kind, "qwen3_vl_moe")][1]["text_config"]
    return {**reference.BASE, **reference.TEXT[kind][1]}


def made(kind: str, name: str, folder: Path) -> Any:
    maker = getattr(transformers, name, None) or getattr(
        inspect.getmodule(getattr(transformers, name.split("For")[0] + "PreTrainedModel")), name
    )
    config = transformers.CONFIG_MAPPING[kind](**settings(kind), num_labels=3)
    if maker.config_class is not type(config):  # a class for the text of a larger config
        config = config.get_text_config()
    return reference.publish(maker(config).eval().float(), folder).model


@pytest.mark.parametrize(("kind", "name"), classes(), ids=lambda one: one)
def test_every_class_equals_the_reference(kind: str, name: str, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    known = made(kind, name, tmp_path)
    ids = np.random.default_rng(5).integers(1, 130, 19)
    with torch.inference_mode():
        found = known(input_ids=torch.from_numpy(ids)[None])
    mine = load(tmp_path).logits(ids)
    if name.endswith("QuestionAnswering"):
        expected = torch.stack((found.start_logits, found.end_logits), dim=-1)[0]
    elif name.endswith("Retrieval"):
        expected = found.embeddings[0]
    else:
        expected = found.logits[0] if hasattr(found, "logits") else found.last_hidden_state[0]
    mine = mine[-1] if name.endswith("SequenceClassification") else mine
    assert mine.shape == tuple(expected.shape)
    assert np.abs(mine - expected.numpy()).max() < LIMIT


def test_every_model_type_is_read_or_a_part_of_one() -> None:
    tried = {kind for kind, _ in classes()} | {
        "qwen2_5_omni",
        "qwen3_omni_moe",
        "qwen2_5_omni_text",
        "qwen3_omni_moe_text",
    }
    rest = {kind for kind in CONFIG_MAPPING_NAMES if "qwen" in kind} - tried
    assert all(kind.endswith(TOWERS) for kind in rest)


@pytest.mark.parametrize("kind", ["first", "third"])
def test_whole_omni_members_think_as_the_reference(kind: str, tmp_path: Path) -> None:
    known, mine = getattr(omni, kind)(tmp_path).model.thinker, load(tmp_path)
    ids = np.random.default_rng(6).integers(1, 130, 19)
    with torch.inference_mode():
        expected = known(input_ids=torch.from_numpy(ids)[None]).logits[0].numpy()
    assert np.abs(mine.logits(ids) - expected).max() < LIMIT


def test_pages_are_embedded_as_the_reference_embeds_them(tmp_path: Path) -> None:
    known = made("colqwen2", "ColQwen2ForRetrieval", tmp_path)
    mine, (parts, patches, grid) = load(tmp_path), omni.seen()
    ids = torch.tensor([[5, 6, *parts, 7, 8]])
    senses = Senses(Sights(images=(grid,)), images=patches)
    places = positions(mine.spec, ids[0].tolist(), senses.sights).long()[:, None]
    with torch.inference_mode():
        found = known(
            input_ids=ids, pixel_values=patches[None], image_grid_thw=torch.tensor([grid]), position_ids=places
        )
        vectors = mine.module.head(mine.module.perceive(ids, senses))
    assert (vectors - found.embeddings).abs().max() < LIMIT
    assert (vectors.norm(dim=-1) - 1).abs().max() < LIMIT


def test_a_bare_decoder_embeds_though_its_config_names_a_head(tmp_path: Path) -> None:
    known = made("qwen3", "Qwen3Model", tmp_path)
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace('"Qwen3Model"', '"Qwen3ForCausalLM"').replace(
        '"tie_word_embeddings": true', '"tie_word_embeddings": false'))  # fmt: skip
    ids = np.arange(1, 12)
    with torch.inference_mode():
        expected = known(torch.from_numpy(ids)[None]).last_hidden_state[0, -1].numpy()
    assert np.abs(load(tmp_path).embed(ids) - expected / np.linalg.norm(expected)).max() < LIMIT


def test_a_class_for_something_else_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="the class 'JevForDecision'"):
        load_config({**reference.BASE, "model_type": "qwen2", "architectures": ["JevForDecision"]})
