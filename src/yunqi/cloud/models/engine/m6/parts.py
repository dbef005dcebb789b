"""The parts of a layer: attention under a given mask, the dense feed-forward, and the sparse one."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from yunqi.cloud.models.engine.m6.routing import Routing, route
from yunqi.cloud.models.engine.m6.spec import M6Spec


class Attention(nn.Module):
    """Multi-head attention of all tokens under one mask."""

    def __init__(self, spec: M6Spec) -> None:
        super().__init__()
        self.heads = spec.heads
        self.mixed = nn.Linear(spec.width, 3 * spec.width)
        self.out = nn.Linear(spec.width, spec.width)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """Return x [batch, tokens, width] mixed; seen [batch, 1, tokens, tokens] says who sees whom."""
        query, key, value = self.mixed(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.out(F.scaled_dot_product_attention(query, key, value, attn_mask=seen).transpose(1, 2).flatten(2))


class Dense(nn.Module):
    """The feed-forward layer of a dense model."""

    def __init__(self, spec: M6Spec) -> None:
        super().__init__()
        self.up = nn.Linear(spec.width, spec.inner)
        self.down = nn.Linear(spec.inner, spec.width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer of x [..., width]."""
        return self.down(F.gelu(self.up(x)))


class Sparse(nn.Module):
    """Experts: each token visits those its routers choose; one turned away by all passes by on the residual."""

    def __init__(self, spec: M6Spec) -> None:
        super().__init__()
        self.spec = spec
        self.router = nn.Linear(spec.width, spec.experts, bias=False)
        self.up = nn.Parameter(torch.empty(spec.experts, spec.width, spec.inner))
        self.down = nn.Parameter(torch.empty(spec.experts, spec.inner, spec.width))

    def forward(self, x: Tensor, real: Tensor) -> tuple[Tensor, Routing]:
        """Return the layer of x [batch, tokens, width], and the routing of the real tokens [batch, tokens]."""
        spec, tokens = self.spec, x[real]
        capacity = spec.capacity if self.training else 0.0
        found = route(self.router(tokens), prototypes=spec.prototypes, chosen=spec.chosen, capacity=capacity)
        place = found.experts * found.capacity + found.seats
        rows, kept = tokens[:, None].expand(-1, place.shape[1], -1)[found.kept], place[found.kept]
        seats = x.new_zeros(spec.experts * found.capacity, spec.width).index_copy(0, kept, rows)
        inner = F.gelu(torch.bmm(seats.view(spec.experts, found.capacity, spec.width), self.up))
        answers = torch.bmm(inner, self.down).flatten(0, 1)
        who = torch.arange(len(tokens), device=x.device)[:, None].expand_as(place)[found.kept]
        said = torch.zeros_like(tokens).index_add(0, who, answers[kept] * found.gates[found.kept][:, None])
        out = torch.zeros_like(x)
        out[real] = said
        return out, found


class Layer(nn.Module):
    """Norm, attend, add; norm, feed forward, add."""

    def __init__(self, spec: M6Spec, *, sparse: bool) -> None:
        super().__init__()
        self.first = nn.LayerNorm(spec.width)
        self.attention = Attention(spec)
        self.second = nn.LayerNorm(spec.width)
        self.feed: Dense | Sparse = Sparse(spec) if sparse else Dense(spec)

    def forward(self, x: Tensor, seen: Tensor, real: Tensor) -> tuple[Tensor, Routing | None]:
        """Return x one layer further, and where its tokens went."""
        x = x + self.attention(self.first(x), seen)
        if isinstance(self.feed, Dense):
            return x + self.feed(self.second(x)), None
        said, found = self.feed(self.second(x), real)
        return x + said, found
