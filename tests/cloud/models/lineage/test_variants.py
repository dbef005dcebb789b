"""Odd but legal configs equal the reference, new and old in style; 8-bit floats are read as their values."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from safetensors.torch import load_file, save_file  # noqa: E402
from tests.cloud.models.lineage import reference, variants  # noqa: E402

from yunqi.cloud.models import BadCheckpoint, load  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
LIMIT = 1e-4


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def compare(known: Any, folder: Path, ids: Any, limit: float = LIMIT) -> None:
    mask = np.ones_like(ids, dtype=bool)
    mask[0, :4] = False
    with torch.inference_mode():
        whole = known(torch.from_numpy(ids)).logits.numpy()
        padded = known(torch.from_numpy(ids), attention_mask=torch.from_numpy(mask).long()).logits.numpy()
    mine = load(folder)
    assert np.abs(mine.logits(ids) - whole).max() < limit
    assert np.abs(mine.logits(ids, use_cache=True) - whole)[:, :40].max() < limit
    assert np.abs(mine.logits(ids, attention_mask=mask) - padded)[mask].max() < limit


@pytest.mark.parametrize("seed", range(42))
def test_a_drawn_config_equals_the_reference_in_both_styles(seed: int, tmp_path: Path) -> None:
    kind, config = variants.draw(seed)
    made = transformers.AutoModelForCausalLM.from_config(transformers.CONFIG_MAPPING[kind](**config)).eval().float()
    known = reference.publish(made, tmp_path).model
    ids = np.random.default_rng(seed).integers(0, 97, (2, 30 if seed % 2 else 80))
    if config["rope_parameters"]["rope_type"] == "dynamic":
        ids = ids[:, :50]  # past its length the reference keeps the frequencies of its last call
    compare(known, tmp_path, ids)
    if seed % 3 == 0 and kind in ("qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "qwen3_next"):
        variants.as_published_before(tmp_path)
        old = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
        compare(old, tmp_path, ids)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("seed", [2, 3])
def test_half_precision_files_are_read_as_their_values(dtype: Any, seed: int, tmp_path: Path) -> None:
    kind, config = variants.draw(seed)
    made = transformers.AutoModelForCausalLM.from_config(transformers.CONFIG_MAPPING[kind](**config)).eval()
    reference.publish(made, tmp_path / "full").model.to(dtype).save_pretrained(tmp_path / "half", max_shard_size="20KB")
    whole = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "half", dtype=torch.float32).eval()
    compare(whole, tmp_path / "half", np.random.default_rng(0).integers(0, 97, (2, 20)))


@pytest.mark.parametrize("name", ["qwen2_vl", "qwen2_5_vl"])
def test_flat_configs_of_the_first_vision_files_are_read(name: str, tmp_path: Path) -> None:
    known = reference.senses(name, tmp_path).model
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    text = config.pop("text_config")
    rope = text.pop("rope_parameters")
    vision = config["vision_config"]
    vision |= {"in_chans": vision.pop("in_channels", 3), "spatial_patch_size": vision["patch_size"]}
    flat = {
        **text, **config, "rope_theta": rope["rope_theta"], "vision_config": vision,
        "rope_scaling": {"type": "mrope", "mrope_section": rope["mrope_section"]}, "model_type": name,
    }  # fmt: skip
    flat.pop("layer_types", None)
    path.write_text(json.dumps(flat))
    ids = np.random.default_rng(1).integers(0, 130, (2, 21))
    with torch.inference_mode():
        expected = known(input_ids=torch.from_numpy(ids)).logits.numpy()
    assert np.abs(load(tmp_path).logits(ids) - expected).max() < LIMIT


def test_blocks_of_eight_bits_are_read_as_their_values(tmp_path: Path) -> None:
    kind, config = "qwen3_moe", {**reference.BASE, **reference.TEXT["qwen3_moe"][1]}
    made = transformers.AutoModelForCausalLM.from_config(transformers.CONFIG_MAPPING[kind](**config)).eval()
    reference.publish(made, tmp_path)
    weights: dict[str, Any] = {}
    for file in tmp_path.glob("*.safetensors"):
        weights |= load_file(file)
        file.unlink()
    (tmp_path / "model.safetensors.index.json").unlink()
    exact, packed = {}, {}
    for name, value in weights.items():
        exact[name] = packed[name] = value
        if name.endswith("_proj.weight"):
            scale = torch.rand(-(-value.shape[0] // 16), -(-value.shape[1] // 16)) * 1e-3 + 1e-4
            spread = scale.repeat_interleave(16, 0)[: value.shape[0]].repeat_interleave(16, 1)[:, : value.shape[1]]
            packed[name] = (value / spread).clamp(-448, 448).to(torch.float8_e4m3fn)
            packed[f"{name}_scale_inv"] = scale
            exact[name] = packed[name].float() * spread
    save_file(packed, tmp_path / "model.safetensors")
    settings = json.loads((tmp_path / "config.json").read_text())
    settings["quantization_config"] = {
        "quant_method": "fp8",
        "weight_block_size": [16, 16],
        "activation_scheme": "dynamic",
    }
    (tmp_path / "config.json").write_text(json.dumps(settings))
    mine = load(tmp_path).logits(np.arange(20))
    save_file(exact, tmp_path / "model.safetensors")
    del settings["quantization_config"]
    (tmp_path / "config.json").write_text(json.dumps(settings))
    assert np.abs(load(tmp_path).logits(np.arange(20)) - mine).max() < 1e-6
    settings["quantization_config"] = {"quant_method": "fp8", "weight_block_size": [16, 16]}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    name = "model.layers.0.self_attn.q_proj.weight_scale_inv"
    save_file({key: value for key, value in packed.items() if key != name}, tmp_path / "model.safetensors")
    with pytest.raises(BadCheckpoint, match=r"q_proj\.weight lacks .*_scale_inv"):
        load(tmp_path)
    save_file({**packed, name: torch.ones(1, 1)}, tmp_path / "model.safetensors")
    with pytest.raises(BadCheckpoint, match=r"blocks of \[16, 16\]"):
        load(tmp_path)
