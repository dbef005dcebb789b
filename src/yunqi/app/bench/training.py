"""`yunqi bench training`: the training loop beside `transformers.Trainer`, same model, same tokens, one thread.

Both train a Qwen3-shaped model of 12 million weights in bfloat16 autocast with fused AdamW on the same random tokens, 8
sequences of 256 a step. Figures are tokens a CPU second, so that other work on the machine does not count.
"""

import tempfile
import time
from typing import Any

import numpy as np

from yunqi.app.bench.model import Row
from yunqi.cloud.training import Speed, measure_speed, random_tokens

_STEPS, _BATCH, _SEQUENCE = 6, 8, 256


def run(runs: int = 2) -> list[Row]:
    """Run both sides, so many times, in turn."""
    import transformers

    ours: list[Speed] = []
    theirs: list[float] = []
    for number in range(runs):
        ours.append(measure_speed(steps=_STEPS, batch=_BATCH, sequence=_SEQUENCE, seed=number))
        theirs.append(trainer_speed(number))
    tokens = [speed.tokens for speed in ours]
    value, peer = float(np.median(tokens)), float(np.median(theirs))
    spread = (max(tokens) - min(tokens)) / value
    name = f"transformers {transformers.__version__} Trainer"
    utilisation = float(np.median([speed.utilisation for speed in ours]))
    data = float(np.median([speed.data_share for speed in ours]))
    return [
        Row("tokens_per_cpu_second", value, "tokens/CPU s", name, peer, value / peer, runs, spread),
        Row("flops_utilisation", utilisation, "of the measured peak", runs=runs),
        Row("data_share", data, "of CPU time", runs=runs),
    ]


def trainer_speed(seed: int) -> float:
    """Return the peer's tokens a CPU second."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM, Trainer, TrainerCallback, TrainingArguments

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    config = Qwen3Config(
        vocab_size=8192, hidden_size=320, num_hidden_layers=7, num_attention_heads=5, num_key_value_heads=5,
        head_dim=64, intermediate_size=960, max_position_embeddings=512, tie_word_embeddings=True,
    )  # fmt: skip
    tokens = random_tokens(seed).astype(np.int64)
    rows = [
        {"input_ids": tokens[start : start + _SEQUENCE], "labels": tokens[start : start + _SEQUENCE]}
        for start in range(0, (_STEPS + 2) * _BATCH * _SEQUENCE, _SEQUENCE)
    ]
    clock: dict[str, float] = {}

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, arguments: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == 2:
                clock["started"] = time.process_time()
            if state.global_step == _STEPS + 2:
                clock["used"] = time.process_time() - clock["started"]

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, per_device_train_batch_size=_BATCH, max_steps=_STEPS + 2, learning_rate=1e-3, bf16=True,
            use_cpu=True, report_to=[], save_strategy="no", logging_strategy="no", disable_tqdm=True,
            optim="adamw_torch_fused", dataloader_num_workers=0, seed=seed,
        )  # fmt: skip
        trainer = Trainer(model=Qwen3ForCausalLM(config), args=arguments, train_dataset=rows, callbacks=[Clock()])
        trainer.train()
    return _STEPS * _BATCH * _SEQUENCE / clock["used"]
