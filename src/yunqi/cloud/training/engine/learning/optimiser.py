"""Optimisers: AdamW in one fused step, and Muon for matrices beside it.

Muon (Jordan and others, 2024) replaces a matrix's momentum by the nearest orthogonal matrix, which makes a small budget
of tokens go further; its step here is a Newton-Schulz iteration in bfloat16, batched over matrices of one shape.
"""

from collections.abc import Iterable
from typing import Any

import torch

from yunqi.cloud.training.engine.learning.rates import rate_at
from yunqi.cloud.training.model import Steps

_NEWTON = (3.4445, -4.7750, 2.0315)
_NEWTON_STEPS = 5
_MOMENTUM = 0.95


class Optimiser:
    """Moves weights by a recipe's rules.

    Parameters
    ----------
    named
        Names and weights that are learned.
    total
        Steps of the whole run, for the rate.
    """

    def __init__(self, named: Iterable[tuple[str, Any]], rules: Steps, *, total: int) -> None:
        self._rules = rules
        self._total = total
        weights = [(name, weight) for name, weight in named if weight.requires_grad]
        self.weights = [weight for _, weight in weights]
        matrices = [w for name, w in weights if _is_matrix(name, w)] if rules.optimizer == "muon" else []
        chosen = {id(weight) for weight in matrices}
        others = [weight for weight in self.weights if id(weight) not in chosen]
        groups = [
            {"params": [w for w in others if w.dim() >= 2], "weight_decay": rules.weight_decay},
            {"params": [w for w in others if w.dim() < 2], "weight_decay": 0.0},
        ]
        self._adam = torch.optim.AdamW(
            [group for group in groups if group["params"]],
            lr=rules.rate,
            betas=(0.9, rules.beta2),
            eps=1e-8,
            fused=True,
        )
        self._muon = _Muon(matrices, decay=rules.weight_decay) if matrices else None

    def step(self, number: int) -> float:
        """Clip the gradients, move the weights, forget the gradients; returns the gradient's length before clipping."""
        length = torch.nn.utils.clip_grad_norm_(self.weights, self._rules.clip or float("inf"), foreach=True)
        part = rate_at(number, self._total, self._rules)
        for group in self._adam.param_groups:
            group["lr"] = self._rules.rate * part
        self._adam.step()
        if self._muon is not None:
            self._muon.step(self._rules.matrix_rate * part)
        for weight in self.weights:
            weight.grad = None
        return float(length)

    def state(self) -> dict[str, Any]:
        """Return everything that a checkpoint needs."""
        return {"adam": self._adam.state_dict(), "muon": self._muon.momenta if self._muon else []}

    def load(self, state: dict[str, Any]) -> None:
        """Take up the state of a checkpoint."""
        self._adam.load_state_dict(state["adam"])
        if self._muon is not None:
            self._muon.momenta = state["muon"]


def _is_matrix(name: str, weight: Any) -> bool:
    return weight.dim() == 2 and "embed" not in name and "lm_head" not in name and "score" not in name


class _Muon:
    def __init__(self, matrices: list[Any], *, decay: float) -> None:
        self._matrices = matrices
        self._decay = decay
        self.momenta = [torch.zeros_like(matrix) for matrix in matrices]

    def step(self, rate: float) -> None:
        with torch.no_grad():
            self._step(rate)

    def _step(self, rate: float) -> None:
        by_shape: dict[Any, list[int]] = {}
        for number, matrix in enumerate(self._matrices):
            by_shape.setdefault(matrix.shape, []).append(number)
        for shape, numbers in by_shape.items():
            for number in numbers:
                self.momenta[number].lerp_(self._matrices[number].grad, 1 - _MOMENTUM)
            pushed = torch.stack([self._matrices[n].grad.lerp(self.momenta[n], _MOMENTUM) for n in numbers])
            scale = max(1.0, shape[0] / shape[1]) ** 0.5
            for number, update in zip(numbers, orthogonal(pushed), strict=True):
                self._matrices[number].mul_(1 - rate * self._decay).add_(update, alpha=-rate * scale)


def orthogonal(matrices: Any) -> Any:
    """Return a nearly orthogonal matrix of the same directions for each of ``matrices`` [count, rows, columns]."""
    a, b, c = _NEWTON
    x = matrices.to(torch.bfloat16)
    tall = x.size(-2) > x.size(-1)
    x = x.mT.contiguous() if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(_NEWTON_STEPS):  # sums are made within the products: half the time of products and sums apart
        gram = torch.bmm(x, x.mT)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    x = x.mT if tall else x
    return x.to(matrices.dtype)
