"""Which token goes to which expert: top-k, or k top-1 over expert prototypes, under a capacity."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class Routing:
    """Where the tokens of one layer go.

    Attributes
    ----------
    experts, gates, seats, kept
        [tokens, choices]: the expert, the weight of its answer, the token's seat at it, and whether it still had one.
    capacity
        Seats of each expert.
    load
        How many tokens chose each expert [experts], before any was turned away.
    balance
        The load-balance loss: 1 when tokens and probabilities spread evenly.
    """

    experts: Tensor
    gates: Tensor
    seats: Tensor
    kept: Tensor
    capacity: int
    load: Tensor
    balance: Tensor


def route(scores: Tensor, *, prototypes: int = 1, chosen: int = 1, capacity: float = 0.0) -> Routing:
    """Return where tokens go.

    Parameters
    ----------
    scores
        The routers' logits [tokens, experts]; experts of one prototype lie side by side.
    prototypes, chosen
        See `M6Spec`. Gates are the softmax within a prototype.
    capacity
        Seats as a multiple of an even share; 0 gives every token its seat. All first choices are seated before all
        second choices, and within them earlier tokens first.
    """
    tokens, experts = scores.shape
    chances = scores.view(tokens, prototypes, experts // prototypes).softmax(-1)
    gates, places = chances.topk(chosen, dim=-1)
    starts = torch.arange(prototypes, device=scores.device)[None, :, None] * (experts // prototypes)
    picked = (places + starts).transpose(1, 2).reshape(tokens, -1)
    gates = gates.transpose(1, 2).reshape(tokens, -1)
    load = torch.bincount(picked.flatten(), minlength=experts)
    choices = picked.shape[1]
    limit = math.ceil(capacity * tokens * choices / experts) if capacity else int(load.max()) if tokens else 0
    seats = _seats(picked, experts)
    balance = _balance(chances, picked[:, :prototypes], experts)
    return Routing(picked, gates, seats, seats < limit, limit, load, balance)


def _seats(picked: Tensor, experts: int) -> Tensor:
    """Return how many came to the same expert before [tokens, choices]."""
    queue = picked.t().flatten()
    ahead = F.one_hot(queue, experts).cumsum(0).gather(1, queue[:, None])[:, 0] - 1
    return ahead.view(picked.shape[1], picked.shape[0]).t()


def _balance(chances: Tensor, first: Tensor, experts: int) -> Tensor:
    tokens, prototypes, each = chances.shape
    share = torch.bincount(first.flatten(), minlength=experts).view(prototypes, each) / max(tokens, 1)
    return (share * chances.mean(0)).sum() * each / prototypes
