"""Gated DeltaNet: a recurrent layer whose state forgets by a gate and learns by the delta rule (arXiv 2412.06464).

Per head, with state S [key dim, value dim], decay a, strength b:
S' = a S;  S = S' + k (b (v - S'^T k))^T;  out = S^T q.
Many tokens are done a chunk at a time: inside a chunk the new values u solve one triangular system.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from yunqi.cloud.models.engine.lineage.blocks import activation
from yunqi.cloud.models.engine.lineage.cache import LayerCache
from yunqi.cloud.models.engine.lineage.spec import Delta, Text
from yunqi.cloud.models.engine.lineage.turn import Turn
from yunqi.kernel.errors import Invalid

_CHUNK = 64


class GatedNorm(nn.Module):
    """RMSNorm of each value head, then times an activation of the gate."""

    def __init__(self, width: int, eps: float, gate: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps
        self.act = activation(gate)

    def forward(self, x: Tensor, gate: Tensor) -> Tensor:
        """Return x [..., width] normed and gated."""
        wide = x.float()
        wide = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        return (self.weight * wide.to(x.dtype) * self.act(gate.float())).to(x.dtype)


class DeltaNet(nn.Module):
    """One gated DeltaNet layer, in the layout of Qwen3-Next (grouped) or Qwen3.5 (one projection each)."""

    def __init__(self, text: Text, layer: int) -> None:
        super().__init__()
        delta = text.delta
        if delta is None:
            raise Invalid("The config asks for linear attention but gives no linear_* sizes.", param="layer_types")
        self.delta: Delta = delta
        self.layer = layer
        mixed = 2 * delta.keys + delta.values
        if delta.grouped:
            self.in_proj_qkvz = nn.Linear(text.width, mixed + delta.values, bias=False)
            self.in_proj_ba = nn.Linear(text.width, 2 * delta.value_heads, bias=False)
        else:
            self.in_proj_qkv = nn.Linear(text.width, mixed, bias=False)
            self.in_proj_z = nn.Linear(text.width, delta.values, bias=False)
            self.in_proj_b = nn.Linear(text.width, delta.value_heads, bias=False)
            self.in_proj_a = nn.Linear(text.width, delta.value_heads, bias=False)
        self.conv1d = nn.Conv1d(mixed, mixed, delta.kernel, groups=mixed, bias=False)
        self.dt_bias = nn.Parameter(torch.ones(delta.value_heads))
        self.A_log = nn.Parameter(torch.zeros(delta.value_heads))
        self.norm = GatedNorm(delta.value_dim, text.eps, delta.gate)
        self.out_proj = nn.Linear(delta.values, text.width, bias=False)
        self.act = activation(text.activation)

    def forward(self, x: Tensor, now: Turn) -> Tensor:
        """Return the mixed tokens of x [batch, tokens, width]; padding tokens leave no trace in the state."""
        delta, memory = self.delta, None if now.cache is None else now.cache.layers[self.layer]
        if (real := now.fresh()) is not None:
            x = x * real[..., None]
        mixed, z, b, a = self._project(x)
        mixed = self.act(convolve(self.conv1d, mixed, memory, "mixer"))
        query, key, value = mixed.split((delta.keys, delta.keys, delta.values), dim=-1)
        strength = b.sigmoid().float()
        decay = -self.A_log.float().exp() * F.softplus(a.float() + self.dt_bias)
        out, state = delta_rule(
            _unit(query.unflatten(-1, (delta.key_heads, -1)).float()) * delta.key_dim**-0.5,
            _unit(key.unflatten(-1, (delta.key_heads, -1)).float()),
            value.unflatten(-1, (delta.value_heads, -1)).float(),
            decay,
            strength,
            state=None if memory is None else memory.state,
        )
        if memory is not None:
            memory.state = state
        out = self.norm(out.to(x.dtype), z.unflatten(-1, (delta.value_heads, -1)))
        return self.out_proj(out.flatten(-2))

    def _project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        if not self.delta.grouped:
            return self.in_proj_qkv(x), self.in_proj_z(x), self.in_proj_b(x), self.in_proj_a(x)
        delta, each = self.delta, self.delta.value_heads // self.delta.key_heads
        sizes = (delta.key_dim, delta.key_dim, each * delta.value_dim, each * delta.value_dim)
        parts = self.in_proj_qkvz(x).unflatten(-1, (delta.key_heads, -1)).split(sizes, dim=-1)
        query, key, value, z = (part.flatten(-2) for part in parts)
        b, a = self.in_proj_ba(x).unflatten(-1, (delta.key_heads, 2, each)).unbind(-2)
        return torch.cat((query, key, value), dim=-1), z, b.flatten(-2), a.flatten(-2)


def convolve(conv: nn.Conv1d, x: Tensor, memory: LayerCache | None, name: str, *, dilation: int = 1) -> Tensor:
    """Return the causal depthwise convolution of x [batch, tokens, channels], going on from the memory's last inputs."""
    past = (conv.weight.shape[-1] - 1) * dilation
    line = x.transpose(1, 2)
    before = None if memory is None else memory.conv.get(name)
    line = F.pad(line, (past, 0)) if before is None else torch.cat((before, line), dim=-1)
    if memory is not None:
        memory.conv[name] = line[..., line.shape[-1] - past :]
    return F.conv1d(line, conv.weight, conv.bias, groups=x.shape[-1], dilation=dilation).transpose(1, 2)


def delta_rule(
    query: Tensor, key: Tensor, value: Tensor, decay: Tensor, strength: Tensor, *, state: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Run the gated delta rule over tokens.

    Parameters
    ----------
    query, key
        [batch, tokens, key heads, key dim], float32.
    value
        [batch, tokens, value heads, value dim].
    decay, strength
        Logarithm of the forgetting gate, and the learning rate [batch, tokens, value heads].
    state
        [batch, value heads, key dim, value dim]; None begins at zero.

    Returns
    -------
    tuple
        Outputs [batch, tokens, value heads, value dim] and the new state.
    """
    each = value.shape[2] // key.shape[2]
    query, key = (part.repeat_interleave(each, dim=2).transpose(1, 2) for part in (query, key))
    value, decay, strength = value.transpose(1, 2), decay.transpose(1, 2), strength.transpose(1, 2)
    if state is None:
        state = key.new_zeros((*key.shape[:2], key.shape[-1], value.shape[-1]))
    outs = []
    for start in range(0, key.shape[2], _CHUNK):
        here = slice(start, start + _CHUNK)
        out, state = _chunk([part[:, :, here] for part in (query, key, value, decay, strength)], state)
        outs.append(out)
    return torch.cat(outs, dim=2).transpose(1, 2), state


def _chunk(parts: list[Tensor], state: Tensor) -> tuple[Tensor, Tensor]:
    query, key, value, decay, strength = parts
    total = decay.cumsum(-1)
    between = (total[..., :, None] - total[..., None, :]).tril().exp().tril()
    grown = total.exp()[..., None]
    wanted = strength[..., None] * (value - (key * grown) @ state)
    if key.shape[2] > 1:
        system = strength[..., None] * (key @ key.transpose(-1, -2)) * between
        wanted = torch.linalg.solve_triangular(system, wanted, upper=False, unitriangular=True)
    out = (query * grown) @ state + ((query @ key.transpose(-1, -2)) * between) @ wanted
    left = (total[..., -1:] - total).exp()[..., None]
    state = state * total[..., -1].exp()[..., None, None] + (key * left).transpose(-1, -2) @ wanted
    return out, state


def _unit(x: Tensor) -> Tensor:
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)
