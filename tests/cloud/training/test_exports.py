"""Exported GGUF files, read back: by our own reader and by the embedded engine, logits compared."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

if importlib.util.find_spec("transformers") is None:
    pytest.skip("needs the extra train", allow_module_level=True)
import torch

from yunqi.cloud.hub import Hub, HubConfig
from yunqi.cloud.models import ChatRequest, Message, Models, ModelsConfig, load
from yunqi.cloud.training.model import Architecture
from yunqi.cloud.training.service.worker.export import export_gguf
from yunqi.cloud.training.service.worker.tokens import Writer, save_tokenizer, train_tokenizer
from yunqi.kernel import Kernel, KernelConfig

FAMILIES = ("qwen3", "qwen2", "llama")
QUANTISATIONS = {"F16": 0.002, "Q8_0": 0.03, "Q4_0": 0.3}
"""How far the logits may be from float32, as a part of their spread."""
ENGINE = {"F16": 0.01, "Q8_0": 0.06, "Q4_0": 0.06}
"""How far log probabilities may be from our reader's: llama.cpp rounds activations to eight bits."""
TEXTS = ["the red dress fits me well", "a blue coat in size large", "green scarf, small"] * 20
PROMPT = "a red coat"


@pytest.fixture(scope="module", params=FAMILIES)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Writer]:
    """A model of random weights with grouped keys, with its tokenizer."""
    from yunqi.cloud.training.service.worker import weights  # loads Transformers: only where these tests run

    folder = tmp_path_factory.mktemp(request.param)
    tokenizer = train_tokenizer(TEXTS, 400)
    writer = Writer(tokenizer)
    heads = 2 if request.param == "qwen2" else 4  # qwen2 needs heads x width = hidden
    shape = Architecture(
        request.param, 64, 2, heads, 1 if heads == 2 else 2, 32, 96, 128, tied=request.param != "llama"
    )
    model = weights.build(
        shape, vocabulary=tokenizer.get_vocab_size(), seed=3, dropout=0.0, end=writer.end, turn_end=writer.turn_end
    )
    for name, weight in model.named_parameters():  # larger than a beginner's, so that a wrong order would show
        weight.data = torch.randn_like(weight) * (0.1 if weight.dim() > 1 else 0.3) + (1.0 if "norm" in name else 0.0)
    weights.save(model.eval(), folder)
    save_tokenizer(tokenizer, folder)
    return folder, model, writer


@pytest.mark.parametrize("quantisation", QUANTISATIONS)
def test_our_reader_computes_what_the_checkpoint_does(
    checkpoint: tuple[Path, Any, Writer], quantisation: str, tmp_path: Path
) -> None:
    folder, model, writer = checkpoint
    file = export_gguf(folder, tmp_path / "m.gguf", name="m", licence="MIT", quantisation=quantisation)
    ids, _ = writer.chat([{"role": "user", "content": PROMPT}], open_turn=True)
    with torch.no_grad():
        wanted = model(torch.tensor([ids])).logits[0].numpy()
    found = load(file).logits(ids)
    assert found.shape == wanted.shape
    assert np.sqrt(((found - wanted) ** 2).mean()) / wanted.std() < QUANTISATIONS[quantisation]


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with Kernel.open(KernelConfig(data_dir=tmp_path / "var")) as opened:
        opened.migrate(())
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize("quantisation", QUANTISATIONS)
def test_the_embedded_engine_computes_what_our_reader_does(
    checkpoint: tuple[Path, Any, Writer], quantisation: str, tmp_path: Path, kernel: Kernel
) -> None:
    pytest.importorskip("xllamacpp")
    folder, _, writer = checkpoint
    file = export_gguf(folder, tmp_path / "m.gguf", name="m", licence="MIT", quantisation=quantisation)
    hub = Hub(kernel, HubConfig())
    hub.publish(file, name="m", licence="MIT", card="", lineage={})
    models = Models(kernel, ModelsConfig(threads=1, context=128), hub=hub)
    request = ChatRequest(
        (Message("user", PROMPT),), max_tokens=6, temperature=0.0, logprobs=True, top_logprobs=8
    )  # fmt: skip
    try:
        steps = [json.loads(item) for item in models.chat("m", request).logprobs]
    finally:
        models.close()
    ours, (ids, _) = load(file), writer.chat([{"role": "user", "content": PROMPT}], open_turn=True)
    assert steps
    for step in steps:
        logits = np.asarray(ours.logits(ids)[-1], dtype=np.float64)
        likelihoods = logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())
        best = np.sort(likelihoods)[::-1]
        theirs = [entry["logprob"] for entry in step["top_logprobs"]]
        assert theirs == pytest.approx(best[: len(theirs)].tolist(), abs=ENGINE[quantisation])
        if best[0] - best[1] < 2 * ENGINE[quantisation]:
            break  # two tokens are as likely: what follows may differ
        ids = [*ids, int(likelihoods.argmax())]
