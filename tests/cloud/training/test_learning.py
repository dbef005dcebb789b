"""The mathematics of learning against known values and other libraries."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.slow

from yunqi.cloud.training.engine.gguf import nearest  # noqa: E402
from yunqi.cloud.training.engine.learning import fused  # noqa: E402
from yunqi.cloud.training.engine.learning.adapters import (  # noqa: E402
    adapt,
    adapter_weights,
    merge_adapters,
)
from yunqi.cloud.training.engine.learning.attention import serves  # noqa: E402
from yunqi.cloud.training.engine.learning.losses import (  # noqa: E402
    advantages,
    distillation_loss,
    preference_loss,
    sequence_likelihood,
    token_loss,
)
from yunqi.cloud.training.engine.learning.merging import merged  # noqa: E402
from yunqi.cloud.training.engine.learning.optimiser import orthogonal  # noqa: E402
from yunqi.cloud.training.engine.learning.quantise import gptq  # noqa: E402
from yunqi.cloud.training.engine.learning.rates import rate_at  # noqa: E402
from yunqi.cloud.training.engine.overlap import label_tree  # noqa: E402
from yunqi.cloud.training.engine.packing import IGNORED  # noqa: E402
from yunqi.cloud.training.model import Architecture, Lora, Recipe, Steps  # noqa: E402
from yunqi.cloud.training.service.worker import weights  # noqa: E402
from yunqi.cloud.training.service.worker.answers import label_likelihoods  # noqa: E402

SHAPE = Architecture(hidden=64, layers=2, heads=2, kv_heads=1, head_width=32, intermediate=96, context=64)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def model() -> Any:
    return weights.build(SHAPE, vocabulary=300, seed=1, dropout=0.0, end=297, turn_end=299)


def test_the_shape_counts_its_weights(model: Any) -> None:
    for family in ("qwen3", "qwen2", "llama"):
        shape = Architecture(family, 64, 2, 2, 1, 32, 96, 64)
        built = weights.build(shape, vocabulary=300, seed=1, dropout=0.0, end=297, turn_end=299)
        assert sum(w.numel() for w in built.parameters()) == shape.parameters(300)


def test_the_token_loss_is_the_libraries_own(model: Any) -> None:
    ids = torch.randint(0, 300, (2, 9))
    labels = ids.clone()
    labels[0, :4] = -100
    expected = model(input_ids=ids, labels=labels).loss
    found = token_loss(model, ids[:, :-1], torch.where(labels[:, 1:] == -100, IGNORED, labels[:, 1:]))
    assert found.item() == pytest.approx(expected.item(), abs=1e-5)
    found.backward()
    ours = {name: weight.grad.clone() for name, weight in model.named_parameters()}
    model.zero_grad()
    expected.backward()
    for name, weight in model.named_parameters():
        assert torch.allclose(ours[name], weight.grad, atol=1e-6), name
    summed, count = sequence_likelihood(model, ids[:, :-1], labels[:, 1:])
    assert (-summed.sum() / count.sum()).item() == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize("kv_heads", [1, 2])
def test_fast_attention_and_norms_compute_what_pytorchs_do(kv_heads: int) -> None:
    shape = Architecture(hidden=64, layers=2, heads=2, kv_heads=kv_heads, head_width=32, intermediate=96, context=64)
    model = weights.build(shape, vocabulary=300, seed=1, dropout=0.0, end=297, turn_end=299).train()
    ids, wanted = torch.randint(0, 300, (2, 3, 17))

    def gradients() -> tuple[float, dict[str, Any]]:
        loss = token_loss(model, ids, wanted)
        loss.backward()
        found = {name: weight.grad.clone() for name, weight in model.named_parameters()}
        model.zero_grad()
        return float(loss.detach()), found

    expected, theirs = gradients()
    weights.speed_up(model)
    found, ours = gradients()
    assert found == pytest.approx(expected, abs=1e-6)
    for name in theirs:
        assert torch.allclose(ours[name], theirs[name], atol=1e-6), name
    weights.as_published(model)
    assert model.config._attn_implementation == "sdpa"
    assert "forward" not in vars(model.model.norm)


@pytest.mark.parametrize("family", ["qwen3", "qwen2", "llama"])
def test_compiled_passes_are_as_near_to_float32_as_pytorchs_bfloat16(family: str) -> None:
    pytest.importorskip("numba")
    shape = Architecture(family=family, hidden=64, layers=2, heads=2, kv_heads=1, head_width=32, intermediate=96)
    model = weights.build(shape, vocabulary=300, seed=1, dropout=0.0, end=297, turn_end=299).train()
    for name, weight in model.named_parameters():
        if "norm" in name:
            weight.data.uniform_(0.5, 1.5)
    ids, wanted = torch.randint(0, 300, (2, 3, 17))

    def gradients(*, half: bool) -> Any:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = token_loss(model, ids, wanted)
        loss.backward()
        found = {name: weight.grad.clone() for name, weight in model.named_parameters()}
        model.zero_grad()
        return float(loss.detach()), found

    exact, theirs = gradients(half=False), gradients(half=True)
    weights.speed_up(model)
    ours, again = gradients(half=True), gradients(half=True)
    torch.set_num_threads(2)
    shared = gradients(half=True)
    assert ours[0] == pytest.approx(exact[0], abs=2e-3)
    for name, value in exact[1].items():
        away, allowed = (float((g[1][name] - value).norm() / value.norm()) for g in (ours, theirs))
        assert away < 1.5 * allowed + 2e-3, name
        assert torch.equal(ours[1][name], again[1][name]), name  # a resumed run repeats its curve bit for bit
        assert torch.allclose(ours[1][name], shared[1][name], rtol=0.05, atol=1e-3 * float(value.norm())), name


def test_the_compiled_loss_is_pytorchs_and_shows_what_is_no_number() -> None:
    pytest.importorskip("numba")
    logits, wanted = (3 * torch.randn(5, 300)).bfloat16(), torch.randint(0, 300, (5,))
    exact = logits.float().requires_grad_()
    loss = torch.nn.functional.cross_entropy(exact, wanted, reduction="sum")
    loss.backward()
    gradient = logits.clone()
    assert fused.surprise(gradient, wanted).item() == pytest.approx(loss.item(), rel=1e-4)
    assert torch.allclose(gradient.float(), exact.grad, atol=4e-3)
    for broken in (float("nan"), float("inf")):
        assert not torch.isfinite(fused.surprise(torch.full((2, 300), broken).bfloat16(), wanted[:2]))


def test_long_sequences_masks_and_dropout_stay_with_pytorch() -> None:
    query = torch.randn(1, 1, 4, 8, requires_grad=True)
    assert serves(query, query, None, 0.0)
    assert not serves(query, query, torch.zeros(4, 4), 0.0)
    assert not serves(query, query, None, 0.1)
    assert not serves(query[:, :, -1:], query, None, 0.0)
    long = torch.randn(1, 1, 600, 8, requires_grad=True)
    assert not serves(long, long, None, 0.0)
    with torch.no_grad():
        assert not serves(query, query, None, 0.0)


def test_one_pass_over_their_tree_gives_each_labels_likelihood(model: Any) -> None:
    labels, prompts = [[5, 6, 299], [5, 7, 299], [5, 299], [8, 299]], [[1, 2, 3], [4]]
    found = label_likelihoods(model.eval(), prompts, label_tree(labels))
    assert found.shape == (2, 4)
    for row, prompt in zip(found, prompts, strict=True):
        for value, label in zip(row, labels, strict=True):
            logits = model(torch.tensor([prompt + label])).logits[0].detach().log_softmax(-1)
            parts = [float(logits[len(prompt) + place - 1, token]) for place, token in enumerate(label)]
            assert float(value) == pytest.approx(sum(parts), abs=1e-4)


def test_preference_distillation_and_advantages_have_their_known_values() -> None:
    even = preference_loss(torch.tensor([1.0]), torch.tensor([2.0]), torch.tensor([1.0]), torch.tensor([2.0]), 0.5)
    assert float(even) == pytest.approx(np.log(2))
    logits = torch.randn(4, 10)
    assert float(distillation_loss(logits, logits, temperature=2.0)) == pytest.approx(0.0, abs=1e-6)
    assert advantages(torch.tensor([[1.0, 0.0]])).sum().item() == pytest.approx(0.0, abs=1e-6)


def test_the_rate_rises_holds_and_falls() -> None:
    rules = Steps(warmup=0.1, decay="wsd", floor=0.0)
    found = [rate_at(step, 100, rules) for step in range(100)]
    assert found[0] == 0.1
    assert found[9:80] == [1.0] * 71
    assert found[99] < 0.07
    assert rate_at(99, 100, Steps(decay="cosine", floor=0.1)) == pytest.approx(0.1, abs=0.01)


def test_muon_makes_directions_equal_and_keeps_them() -> None:
    random = torch.Generator().manual_seed(3)
    for shape in ((3, 40, 20), (3, 20, 40), (3, 24, 25)):
        matrices = torch.randn(shape, generator=random)
        left, _, right = torch.linalg.svd(matrices, full_matrices=False)
        within = left.mT @ orthogonal(matrices) @ right.mT
        lengths = within.diagonal(dim1=-2, dim2=-1)
        assert float(lengths.min()) > 0.3
        assert float(lengths.max()) < 1.5
        assert float((within - torch.diag_embed(lengths)).abs().max()) < 0.05


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
def test_adapters_load_into_peft_and_compute_the_same(model: Any, tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")  # its call into transformers uses an old name
    ids = torch.randint(0, 300, (1, 12))
    weights.save(model, tmp_path / "base")
    assert adapt(model, Lora(rank=4), packed=False) == 14
    for weight in model.parameters():
        if weight.requires_grad:
            torch.nn.init.normal_(weight, std=0.05)
    weights.save_adapters(
        adapter_weights(model), _recipe(), tmp_path / "adapter", tmp_path / "base"
    )  # fmt: skip
    expected = model(input_ids=ids).logits
    other = peft.PeftModel.from_pretrained(weights.load(tmp_path / "base"), str(tmp_path / "adapter"))
    assert torch.allclose(other(input_ids=ids).logits, expected, atol=1e-5)
    assert torch.allclose(merge_adapters(model)(input_ids=ids).logits, expected, atol=1e-4)


def test_four_bit_adapters_stay_near_the_full_model(model: Any) -> None:
    ids = torch.randint(0, 300, (1, 12))
    expected = model(input_ids=ids).logits
    adapt(model, Lora(rank=4), packed=True)
    found = model(input_ids=ids).logits
    assert 0 < (found - expected).abs().max().item() < 0.5 * expected.abs().max().item()


def test_gptq_loses_less_than_rounding_on_the_inputs_it_saw() -> None:
    torch.manual_seed(0)
    matrix, inputs = torch.randn(48, 64), torch.randn(512, 16) @ torch.randn(16, 64)
    plain = torch.from_numpy(nearest(matrix.numpy(), bits=4).values())
    chosen = torch.from_numpy(gptq(matrix, inputs.T @ inputs, bits=4, group=32).values())
    errors = [float(((inputs @ (matrix - found).T) ** 2).sum()) for found in (plain, chosen)]
    assert errors[1] < 0.6 * errors[0]


def test_merging_by_each_rule() -> None:
    a, b, base = ({"w": torch.tensor([[x, y]])} for x, y in ((2.0, 0.0), (0.0, 2.0), (0.0, 0.0)))
    mixed = merged("linear", [a, b], [1.0, 3.0], base=None, density=1.0)["w"]
    assert mixed.tolist() == [[0.5, 1.5]]
    arc = merged("slerp", [a, b], [1.0, 1.0], base=None, density=1.0)["w"]
    assert arc.norm().item() == pytest.approx(2.0)
    assert merged("task", [a, b], [1.0, 0.5], base=base, density=1.0)["w"].tolist() == [[2.0, 1.0]]
    against = {"w": torch.tensor([[-0.5, 2.0]])}
    assert merged("ties", [a, against], [1.0, 1.0], base=base, density=1.0)["w"].tolist() == [[2.0, 2.0]]


def _recipe() -> Recipe:
    from yunqi.cloud.training.engine.recipes import read_recipe

    return read_recipe('kind = "lora"\nname = "x"\nbase = "b"\n[lora]\nrank = 4\n[[data]]\npath = "a"\n')
