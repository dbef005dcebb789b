"""The small parts: norms, feed-forward, experts, activations."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from yunqi.cloud.models.engine.lineage.spec import Experts, Text
from yunqi.kernel.errors import Invalid

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "silu": F.silu,
    "swish": F.silu,
    "gelu": F.gelu,
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
    "gelu_pytorch_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
    "relu": F.relu,
    "sigmoid": torch.sigmoid,
}


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """Return the activation of this name.

    Raises
    ------
    Invalid
        When there is none.
    """
    try:
        return _ACTIVATIONS[name]
    except KeyError:
        known = ", ".join(sorted(_ACTIVATIONS))
        raise Invalid(f"The config names the activation {name!r}; known are {known}.", param="hidden_act") from None


class RmsNorm(nn.Module):
    """Divides by the root mean square, of all or of each ``group``; ``centred`` weights lie around zero (Qwen3-Next)."""

    def __init__(self, width: int, eps: float, *, centred: bool = False, group: int = 0) -> None:
        super().__init__()
        self.group = group or width
        self.weight = nn.Parameter(torch.zeros(width) if centred else torch.ones(width))
        self.eps = eps
        self.centred = centred

    def forward(self, x: Tensor) -> Tensor:
        """Return x [..., width] normed, in its dtype."""
        wide = x.float().unflatten(-1, (-1, self.group))
        wide = (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)).flatten(-2)
        if self.centred:
            return (wide * (1.0 + self.weight.float())).to(x.dtype)
        return self.weight * wide.to(x.dtype)


class Scale(nn.Module):
    """A learnt weight a channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Return x [..., width] scaled."""
        return self.scale * x


class SwiGlu(nn.Module):
    """The gated feed-forward layer: down(act(gate(x)) * up(x))."""

    def __init__(self, width: int, inner: int, *, act: str = "silu", bias: bool = False) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(width, inner, bias=bias)
        self.up_proj = nn.Linear(width, inner, bias=bias)
        self.down_proj = nn.Linear(inner, width, bias=bias)
        self.act = activation(act)

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer of x [..., width]."""
        return self.down_proj(self.act(self.gate_proj(x)) * self.up_proj(x))


class ExpertBank(nn.Module):
    """All experts of a layer, as two stacked weights; each token visits only its own."""

    def __init__(self, width: int, experts: Experts, act: str) -> None:
        super().__init__()
        self.gate_up_proj = nn.Parameter(torch.empty(experts.count, 2 * experts.width, width))
        self.down_proj = nn.Parameter(torch.empty(experts.count, width, experts.width))
        self.act = activation(act)

    def forward(self, x: Tensor, chosen: Tensor, weights: Tensor) -> Tensor:
        """Return the weighted sum of the chosen experts.

        Parameters
        ----------
        x
            [tokens, width].
        chosen, weights
            [tokens, experts a token].
        """
        out = torch.zeros_like(x)
        tokens = torch.arange(len(x), device=x.device).repeat_interleave(chosen.shape[1])
        which, order = chosen.flatten().sort(stable=True)
        tokens, scale = tokens[order], weights.flatten()[order]
        used, sizes = which.unique_consecutive(return_counts=True)
        start = 0
        for expert, size in zip(used.tolist(), sizes.tolist(), strict=True):
            mine = tokens[start : start + size]
            gate, up = F.linear(x[mine], self.gate_up_proj[expert]).chunk(2, dim=-1)
            said = F.linear(self.act(gate) * up, self.down_proj[expert])
            out.index_add_(0, mine, said * scale[start : start + size, None])
            start += size
        return out


class Router(nn.Module):
    """Chooses experts by a softmax over all of them."""

    def __init__(self, width: int, experts: Experts) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(experts.count, width))
        self.experts = experts

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return which experts x [tokens, width] visits, and with which weight, both [tokens, experts a token]."""
        weights, chosen = F.linear(x, self.weight).float().softmax(-1).topk(self.experts.chosen, dim=-1)
        if self.experts.normalised:
            weights = weights / weights.sum(-1, keepdim=True)
        return chosen, weights.to(x.dtype)


class SparseMlp(nn.Module):
    """Routed experts, and a shared expert behind a sigmoid gate where the family has one."""

    def __init__(self, text: Text) -> None:
        super().__init__()
        experts = text.experts
        if experts is None:
            raise Invalid("The config asks for sparse layers but names no experts.", param="num_experts")
        self.gate = Router(text.width, experts)
        self.experts = ExpertBank(text.width, experts, text.activation)
        self.shared_expert: SwiGlu | None = None
        self.shared_expert_gate: nn.Linear | None = None
        if experts.shared_width:
            self.shared_expert = SwiGlu(text.width, experts.shared_width, act=text.activation)
            if experts.shared_gate:
                self.shared_expert_gate = nn.Linear(text.width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer of x [batch, tokens, width]."""
        flat = x.reshape(-1, x.shape[-1])
        out = self.experts(flat, *self.gate(flat))
        if self.shared_expert is not None:
            shared = self.shared_expert(flat)
            if self.shared_expert_gate is not None:
                shared = self.shared_expert_gate(flat).sigmoid() * shared
            out = out + shared
        return out.view_as(x)
