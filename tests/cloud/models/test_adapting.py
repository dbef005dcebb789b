"""Adapters: read, refused where they do not fit, and served beside their model by both embedded engines."""

import json
from datetime import datetime
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.cloud.conftest import ASSETS
from tests.cloud.models.adapters import drawn, merge
from tests.cloud.models.paged.test_graph import member

from yunqi.cloud.hub import AssetUnknown, Hub, Installed
from yunqi.cloud.models import BadCheckpoint, ChatRequest, Completion, EngineState, Message, Models, ModelsConfig, load
from yunqi.cloud.models.engine.tokens.template import render
from yunqi.cloud.models.engine.weights.adapters import read_adapter, write_adapter
from yunqi.cloud.models.engine.weights.gguf import GgufFile
from yunqi.cloud.models.service.adapting import adapt
from yunqi.kernel import Conflict, Invalid, Kernel

NAME = "smollm2-135m-instruct"
ASKED = "Name three colours."
QUESTION = ChatRequest((Message("user", ASKED),), max_tokens=2, temperature=0.0, logprobs=True, top_logprobs=5)


def shapes() -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in member("llama").module.state_dict().items()}


def test_the_scale_is_folded_in_as_the_settings_say(tmp_path: Path) -> None:
    module = member("llama").module
    one = "model.layers.1.mlp.down_proj"
    plain = read_adapter(drawn(tmp_path / "a", module, seed=1), shapes()).ways[one][1]
    rooted = read_adapter(drawn(tmp_path / "b", module, seed=1, use_rslora=True), shapes()).ways[one][1]
    own = read_adapter(drawn(tmp_path / "c", module, seed=1, alpha_pattern={"mlp.down_proj": 4}), shapes()).ways[one][1]
    assert torch.from_numpy(plain).allclose(torch.from_numpy(rooted) / 2)  # rank 4: its root is 2
    assert torch.from_numpy(plain).allclose(torch.from_numpy(own) * 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"peft_type": "IA3"}, "does not say peft_type LORA"),
        ({"use_dora": True}, "sets use_dora"),
        ({"modules_to_save": ["lm_head"]}, "sets modules_to_save"),
    ],
)
def test_other_kinds_are_refused_by_name(change: dict[str, object], message: str, tmp_path: Path) -> None:
    folder = drawn(tmp_path, member("llama").module, seed=1, **change)
    with pytest.raises(BadCheckpoint, match=message):
        read_adapter(folder, shapes())


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    folder = drawn(tmp_path, member("llama").module, seed=1)
    small = {name: (shape[0] // 2, *shape[1:]) if "mlp.up" in name else shape for name, shape in shapes().items()}
    with pytest.raises(BadCheckpoint, match=r"model\.layers\.0\.mlp\.up_proj is \(64, 64\)"):
        read_adapter(folder, small)
    with pytest.raises(BadCheckpoint, match="which the model does not have"):
        read_adapter(folder, {name: shape for name, shape in shapes().items() if "layers.1" not in name})
    file = folder / "adapter_model.safetensors"
    tensors = load_file(str(file))
    del tensors["base_model.model.model.layers.0.mlp.up_proj.lora_B.weight"]
    save_file(tensors, str(file))
    with pytest.raises(BadCheckpoint, match=r"one side only of model\.layers\.0\.mlp\.up_proj"):
        read_adapter(folder, shapes())
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(BadCheckpoint):
        read_adapter(folder, shapes())


def test_the_file_for_llama_cpp_pairs_the_rows_of_queries_and_keys(tmp_path: Path) -> None:
    adapter = read_adapter(drawn(tmp_path / "a", member("llama").module, seed=1), shapes())
    write_adapter(tmp_path / "a.gguf", adapter, architecture="llama", name="a", heads=(4, 4))
    file = GgufFile(tmp_path / "a.gguf")
    assert file.values["adapter.type"] == "lora"
    assert file.values["adapter.lora.alpha"] == 4.0
    b = torch.from_numpy(adapter.ways["model.layers.0.self_attn.q_proj"][1])
    stored = file.tensor("blk.0.attn_q.weight.lora_b")
    assert stored.shape == b.shape
    assert torch.equal(stored[1], b[8])  # the second row is the first of the head's second half
    assert torch.equal(
        file.tensor("blk.0.ffn_up.weight.lora_b"), torch.from_numpy(adapter.ways["model.layers.0.mlp.up_proj"][1])
    )


Chances = dict[str, float]
"""Log probabilities of the first token of an answer, by its text."""


@pytest.fixture(scope="module")
def judged(smollm2: Installed, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Path], dict[str, Chances]]:
    """Two adapters, and what the lineage gives the first token without them and with each merged into its weights."""
    judge = load(smollm2.path)
    prompt = render(judge.extras.template, [{"role": "user", "content": ASKED}], now=datetime.now().astimezone())
    tokens = judge.tokenizer.encode(prompt)

    def chances() -> Chances:
        found = torch.from_numpy(judge.logits(tokens)[-1]).double().log_softmax(-1)
        return {judge.tokenizer.decode([number]): float(found[number]) for number in found.topk(200).indices.tolist()}

    folders, expected = {}, {NAME: chances()}
    for name, size, parts in (
        ("first", 0.08, ("mlp.down_proj",)),
        ("second", 0.08, ("self_attn.q_proj", "self_attn.k_proj")),
    ):
        folders[name] = drawn(tmp_path_factory.mktemp(name), judge.module, seed=1, rank=8, size=size, parts=parts)
        merge(judge.module, folders[name])
        expected[name] = chances()
        merge(judge.module, folders[name], scale=-2.0)
    return folders, expected


def off(done: Completion, expected: Chances) -> float:
    """Return by how much the likeliest first tokens' log probabilities differ at most."""
    told = json.loads(done.logprobs[0])["top_logprobs"]
    return max(abs(one["logprob"] - expected[one["token"]]) for one in told if one["token"] in expected)


@pytest.mark.model
@pytest.mark.parametrize("engine", ["llama.cpp", "openvino"])
def test_an_adapter_answers_beside_its_model(
    engine: str, kernel: Kernel, hub: Hub, judged: tuple[dict[str, Path], dict[str, Chances]]
) -> None:
    if engine == "openvino":
        pytest.importorskip("openvino")
    folders, expected = judged
    config = ModelsConfig(context=512, threads=1, engine=(engine,), compiled_dir=str(ASSETS / "compiled"))
    models = Models(kernel, config, hub=hub)
    try:
        plain = models.chat(NAME, QUESTION)
        for name, folder in folders.items():
            adapt(hub, NAME, folder, name=name)
        answers = {name: models.chat(name, QUESTION) for name in (*folders, NAME)}
        assert answers[NAME].text == plain.text
        futures = {name: models.start(name, QUESTION) for name in ("first", NAME, "second")}
        for name, future in futures.items():
            for done in (answers[name], future.result(60)):
                assert off(done, expected[name]) < 0.5  # weights and activations are rounded; wrong rows are off by 2
                distances = {one: off(done, expected[one]) for one in expected}
                assert min(distances, key=lambda one: distances[one]) == name, distances
        assert [models.get(name).kind for name in ("first", NAME)] == ["adapter", "embedded"]
        assert models.get("first").family == NAME
        assert models.get("first").health.state is EngineState.READY
    finally:
        models.close()


@pytest.mark.model
def test_names_and_models_that_cannot_be_are_refused(hub: Hub, tmp_path: Path) -> None:
    judge = load(hub.file(NAME).path)
    folder = drawn(tmp_path / "a", judge.module, seed=1, parts=("self_attn.q_proj",))
    adapt(hub, NAME, folder, name="mine")
    assert hub.file("mine").asset.base == NAME
    assert json.loads(json.dumps(hub.lineage("mine")))["base"] == NAME
    with pytest.raises(Conflict, match="belongs to a model"):
        adapt(hub, NAME, folder, name=NAME)
    with pytest.raises(Invalid, match="is no language model"):
        adapt(hub, "mine", folder, name="other")
    with pytest.raises(Invalid, match=f"is an adapter of {NAME}"):
        load("mine", hub=hub)
    with pytest.raises(AssetUnknown):
        adapt(hub, "unheard-of", folder, name="other")
