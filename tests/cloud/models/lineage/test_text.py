"""Text members equal the reference in float32: whole, through the cache, padded, long, and greedy."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.torch import load_file, save_file  # noqa: E402
from tests.cloud.models.lineage import reference  # noqa: E402

from yunqi.cloud.models import load  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
LIMIT = 1e-4


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize("name", reference.TEXT)
def test_text_members_equal_the_reference(name: str, tmp_path: Path) -> None:
    known = reference.text(name, tmp_path)
    mine = load(tmp_path)
    rng = np.random.default_rng(1)
    for length in (23, 100):
        ids = rng.integers(0, 140, (2, length))
        mask = np.ones((2, length), dtype=bool)
        mask[0, :7] = False
        with torch.inference_mode():
            whole = known.model(torch.from_numpy(ids)).logits.numpy()
            padded = known.model(torch.from_numpy(ids), attention_mask=torch.from_numpy(mask).long()).logits.numpy()
        assert np.abs(mine.logits(ids) - whole).max() < LIMIT
        assert np.abs(mine.logits(ids[0]) - whole[0]).max() < LIMIT
        assert np.abs(mine.logits(ids, use_cache=True) - whole).max() < LIMIT
        assert np.abs(mine.logits(ids, attention_mask=mask) - padded)[mask].max() < LIMIT
        assert np.abs(mine.logits(ids, attention_mask=mask, use_cache=True) - padded)[mask].max() < LIMIT


@pytest.mark.parametrize("name", reference.TEXT)
def test_greedy_generations_are_identical(name: str, tmp_path: Path) -> None:
    known = reference.text(name, tmp_path)
    rng = np.random.default_rng(2)
    prompts = [rng.integers(0, 140, length).tolist() for length in (9, 14)]
    with torch.inference_mode():
        expected = [
            known.model.generate(
                torch.tensor([prompt]),
                max_new_tokens=24,
                do_sample=False,
                pad_token_id=0,
                eos_token_id=known.model.config.eos_token_id,
            )[0, len(prompt) :].tolist()
            for prompt in prompts
        ]
    mine = load(tmp_path)
    assert [mine.generate(prompt, max_tokens=24) for prompt in prompts] == expected
    assert mine.generate(prompts, max_new_tokens=24) == expected


def test_dynamic_ntk_follows_the_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reference.TEXT, "dynamic", ("qwen2", reference.rope("dynamic", factor=2.0)))
    known = reference.text("dynamic", tmp_path)
    ids = np.random.default_rng(3).integers(0, 140, 100)
    with torch.inference_mode():
        whole = known.model(torch.from_numpy(ids)[None]).logits[0].numpy()
    assert np.abs(load(tmp_path).logits(ids) - whole).max() < LIMIT


def test_the_first_generation_is_qwen2_under_other_names(tmp_path: Path) -> None:
    known = reference.TEXT["qwen2"]
    source = tmp_path / "qwen2"
    made = reference.publish(
        reference.transformers.AutoModelForCausalLM.from_config(
            reference.CONFIG_MAPPING[known[0]](**{**reference.BASE, "num_key_value_heads": 4})
        ).eval(),
        source,
    )
    weights = {name: tensor for file in source.glob("*.safetensors") for name, tensor in load_file(file).items()}
    old = {
        "transformer.wte.weight": weights["model.embed_tokens.weight"],
        "transformer.ln_f.weight": weights["model.norm.weight"],
        "lm_head.weight": weights["lm_head.weight"],
    }
    for layer in range(4):
        new, past = f"model.layers.{layer}", f"transformer.h.{layer}"
        for kind in ("weight", "bias"):
            old[f"{past}.attn.c_attn.{kind}"] = torch.cat([weights[f"{new}.self_attn.{n}_proj.{kind}"] for n in "qkv"])
        old[f"{past}.attn.c_proj.weight"] = weights[f"{new}.self_attn.o_proj.weight"]
        old[f"{past}.mlp.w2.weight"] = weights[f"{new}.mlp.gate_proj.weight"]
        old[f"{past}.mlp.w1.weight"] = weights[f"{new}.mlp.up_proj.weight"]
        old[f"{past}.mlp.c_proj.weight"] = weights[f"{new}.mlp.down_proj.weight"]
        old[f"{past}.ln_1.weight"] = weights[f"{new}.input_layernorm.weight"]
        old[f"{past}.ln_2.weight"] = weights[f"{new}.post_attention_layernorm.weight"]
    folder = tmp_path / "qwen"
    folder.mkdir()
    save_file({name: tensor.contiguous() for name, tensor in old.items()}, folder / "model.safetensors")
    config = {
        "model_type": "qwen", "vocab_size": 140, "hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4,
        "intermediate_size": 96, "kv_channels": 8, "seq_length": 64, "use_dynamic_ntk": True, "use_logn_attn": True,
        "no_bias": True, "layer_norm_epsilon": 1e-6,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    ids = np.random.default_rng(4).integers(0, 140, 40)
    with torch.inference_mode():
        whole = made.model(torch.from_numpy(ids)[None]).logits[0].numpy()
    mine = load(folder)
    assert np.abs(mine.logits(ids) - whole).max() < LIMIT
    assert np.abs(mine.logits(ids, use_cache=True) - whole).max() < LIMIT


def test_bfloat16_weights_are_read_as_their_values(tmp_path: Path) -> None:
    known = reference.text("qwen3", tmp_path / "full")
    known.model.to(torch.bfloat16).save_pretrained(tmp_path / "half")
    maker = reference.transformers.AutoModelForCausalLM
    whole = maker.from_pretrained(tmp_path / "half", dtype=torch.float32).eval()
    ids = np.arange(20)
    with torch.inference_mode():
        expected = whole(torch.from_numpy(ids)[None]).logits[0].numpy()
    assert np.abs(load(tmp_path / "half").logits(ids) - expected).max() < LIMIT
    assert load(tmp_path / "half", dtype="stored").module.model.norm.weight.dtype == torch.bfloat16


def test_a_classifier_scores_its_classes(tmp_path: Path) -> None:
    config = reference.CONFIG_MAPPING["qwen3"](**{**reference.BASE, "head_dim": 16}, num_labels=3, pad_token_id=0)
    made = reference.publish(reference.transformers.Qwen3ForSequenceClassification(config).eval(), tmp_path)
    ids = np.arange(1, 12)
    with torch.inference_mode():
        expected = made.model(torch.from_numpy(ids)[None]).logits[0].numpy()
    assert np.abs(load(tmp_path).logits(ids)[-1] - expected).max() < LIMIT
