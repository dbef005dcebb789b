"""One model from several of one shape: linear, spherical, task arithmetic, TIES."""

from collections.abc import Sequence
from typing import Any

import torch

from yunqi.kernel.errors import Invalid

Weights = dict[str, Any]


def merged(
    method: str, models: Sequence[Weights], weights: Sequence[float], *, base: Weights | None, density: float
) -> Weights:
    """Return the merged weights.

    Parameters
    ----------
    method
        ``linear``: the weighted mean. ``slerp``: along the arc between two models, by the second's weight.
        ``task``: the base plus weighted differences (Ilharco and others, 2022). ``ties``: the same after each
        difference is trimmed to its largest part and only values of the elected sign count (Yadav and others, 2023).
    weights
        One a model; for ``linear`` they are made to sum to one.
    base
        What the differences of ``task`` and ``ties`` are taken from.

    Raises
    ------
    Invalid
        When the models do not have the same shape.
    """
    _require_same(models if base is None else [*models, base])
    if method == "linear":
        total = sum(weights)
        return {n: sum(w / total * m[n] for w, m in zip(weights, models, strict=True)) for n in models[0]}
    if method == "slerp":
        part = weights[1] / sum(weights)
        return {name: _arc(models[0][name], models[1][name], part) for name in models[0]}
    if base is None:
        raise Invalid(f"merge.method = {method!r} needs base: the model that the others were tuned from.", param="base")
    found = {}
    for name in base:
        differences = [model[name] - base[name] for model in models]
        if method == "ties":
            found[name] = base[name] + _elected(differences, weights, density)
        else:
            found[name] = base[name] + sum(w * d for w, d in zip(weights, differences, strict=True))
    return found


def _arc(left: Any, right: Any, part: float) -> Any:
    a, b = left.flatten().double(), right.flatten().double()
    cosine = (a @ b / (a.norm() * b.norm() + 1e-12)).clamp(-1, 1)
    angle = torch.arccos(cosine)
    if float(torch.sin(angle)) < 1e-6:
        return torch.lerp(left, right, part)
    mixed = (torch.sin((1 - part) * angle) * a + torch.sin(part * angle) * b) / torch.sin(angle)
    return mixed.to(left.dtype).reshape(left.shape)


def _elected(differences: list[Any], weights: Sequence[float], density: float) -> Any:
    trimmed = torch.stack([_trimmed(d, density) * w for d, w in zip(differences, weights, strict=True)])
    sign = torch.sign(trimmed.sum(0))
    agreeing = (torch.sign(trimmed) == sign) & (trimmed != 0)
    kept = torch.where(agreeing, trimmed, torch.zeros_like(trimmed)).sum(0)
    share = torch.stack([torch.full_like(differences[0], w) for w in weights])
    return kept / torch.where(agreeing, share, torch.zeros_like(share)).sum(0).clamp(min=1e-12) * (kept != 0)


def _trimmed(difference: Any, density: float) -> Any:
    count = max(1, round(density * difference.numel()))
    least = difference.abs().flatten().kthvalue(difference.numel() - count + 1).values
    return torch.where(difference.abs() >= least, difference, torch.zeros_like(difference))


def _require_same(models: Sequence[Weights]) -> None:
    first = {name: tuple(value.shape) for name, value in models[0].items()}
    for number, model in enumerate(models[1:], 2):
        for name, shape in first.items():
            if name not in model or tuple(model[name].shape) != shape:
                raise Invalid(f"Model {number} does not have the shape of the first: {name} differs.", param="models")
