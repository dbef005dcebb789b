"""Quantisation that looks at data: GPTQ (Frantar and others, 2022) and the scaling of AWQ (Lin and others, 2023).

Both end in the codes and scales of Q8_0 and Q4_0, so the engine serves the very numbers that were chosen.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from yunqi.cloud.training.engine.gguf import Coded, limits, nearest, scales_of

_DAMP = 0.01
_GRID = 12


def gptq(matrix: Any, second: Any, *, bits: int, group: int) -> Coded:
    """Quantise a matrix [rows, columns] column by column, letting later columns make up for each error.

    Parameters
    ----------
    second
        The layer's second moment of inputs, X X^T, [columns, columns].
    """
    weights = matrix.clone().double()
    second = second.double().clone()
    dead = torch.diag(second) == 0
    second[dead, dead] = 1
    weights[:, dead] = 0
    second += torch.eye(len(second), dtype=torch.double) * _DAMP * torch.diag(second).mean()
    inverse = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(second)), upper=True)
    low, high = limits(bits)
    rows, columns = weights.shape
    codes = torch.zeros(rows, columns, dtype=torch.int8)
    scales = torch.zeros(rows, columns // group)
    for start in range(0, columns, group):
        block = weights[:, start : start + group]
        scale = torch.from_numpy(scales_of(block.float().numpy(), bits=bits).astype(np.float64))
        scales[:, start // group] = scale.float()
        safe = torch.where(scale == 0, torch.ones_like(scale), scale)
        errors = torch.zeros(rows, group, dtype=torch.double)
        for offset in range(group):
            column = start + offset
            code = torch.round(weights[:, column] / safe).clamp(low, high)
            codes[:, column] = code.to(torch.int8)
            errors[:, offset] = (weights[:, column] - code * scale) / inverse[column, column]
            rest = slice(column + 1, start + group)
            weights[:, rest] -= errors[:, offset, None] * inverse[column, rest]
        weights[:, start + group :] -= errors @ inverse[start : start + group, start + group :]
    return Coded(codes.numpy(), scales.numpy().astype(np.float16), bits)


def second_moments(
    model: Any, names: list[str], batches: Iterator[Any], forward: Callable[[Any], Any]
) -> dict[str, Any]:
    """Return X X^T of the inputs of each named linear layer over batches of token ids."""
    found: dict[str, Any] = {}
    modules = dict(model.named_modules())

    def watch(name: str) -> Callable[[Any, Any, Any], None]:
        def look(module: Any, inputs: Any, output: Any) -> None:
            rows = inputs[0].detach().flatten(0, -2).float()
            found[name] = found.get(name, 0) + rows.T @ rows

        return look

    hooks = [modules[name].register_forward_hook(watch(name)) for name in names]
    try:
        with torch.no_grad():
            for ids in batches:
                forward(ids)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def balance(model: Any, moments: dict[str, Any], *, bits: int, group: int) -> int:
    """Scale channels that norms feed so that the loudest lose least, as AWQ does; the model computes the same.

    Returns
    -------
    int
        How many norms were changed.
    """
    changed = 0
    for number, block in enumerate(model.model.layers):
        prefix = f"model.layers.{number}."
        attention, feed = block.self_attn, block.mlp
        for norm, layers, key in (
            (block.input_layernorm, [attention.q_proj, attention.k_proj, attention.v_proj], "self_attn.q_proj"),
            (block.post_attention_layernorm, [feed.gate_proj, feed.up_proj], "mlp.gate_proj"),
        ):
            scale = _best_scale(layers, moments[prefix + key], bits=bits, group=group)
            if scale is None:
                continue
            norm.weight.data.div_(scale)
            for layer in layers:
                layer.weight.data.mul_(scale)
            changed += 1
    return changed


def _best_scale(layers: list[Any], second: Any, *, bits: int, group: int) -> Any:
    loud = torch.diag(second).clamp(min=1e-8).sqrt()
    best, found = sum(_error(layer.weight.data, second, torch.ones_like(loud), bits, group) for layer in layers), None
    for step in range(1, _GRID + 1):
        scale = loud ** (step / _GRID)
        scale = scale / (scale.max() * scale.min()).sqrt()
        error = sum(_error(layer.weight.data, second, scale, bits, group) for layer in layers)
        if error < best:
            best, found = error, scale
    return found


def _error(weight: Any, second: Any, scale: Any, bits: int, group: int) -> float:
    rounded = torch.from_numpy(nearest((weight * scale).numpy(), bits=bits, group=group).values()) / scale
    away = weight - rounded
    return float(((away @ second) * away).sum())


def linear_names(model: Any) -> list[str]:
    """Return the names of the matrices inside the blocks, in order."""
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and name.startswith("model.layers.")
    ]


def rounded(matrix: Any, *, bits: int, group: int) -> Coded:
    """Round a weight to the nearest codes."""
    values: NDArray[np.float32] = matrix.detach().float().numpy()
    return nearest(values, bits=bits, group=group)
