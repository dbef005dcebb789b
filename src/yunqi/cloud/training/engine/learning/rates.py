"""The learning rate as a function of the step."""

import math

from yunqi.cloud.training.model import Steps


def rate_at(step: int, total: int, rules: Steps) -> float:
    """Return the part of the highest rate that step number ``step`` (from 0) of ``total`` has."""
    warmup = max(1, round(rules.warmup * total)) if rules.warmup else 0
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, total - warmup)
    if rules.decay == "constant":
        return 1.0
    if rules.decay == "wsd":
        return 1.0 if progress < 0.8 else rules.floor + (1 - rules.floor) * (1 - progress) / 0.2
    fall = 1 - progress if rules.decay == "linear" else 0.5 * (1 + math.cos(math.pi * progress))
    return rules.floor + (1 - rules.floor) * fall
