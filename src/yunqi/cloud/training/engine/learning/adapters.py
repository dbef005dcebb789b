"""Low-rank adapters (Hu and others, 2021), over full weights or over four-bit ones (Dettmers and others, 2023).

The names and shapes of the learned matrices are those of the `peft` library, so that it loads them.
"""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from yunqi.cloud.training.engine.gguf import BLOCK, nearest
from yunqi.cloud.training.model import Lora
from yunqi.kernel.errors import Invalid


class Adapted(nn.Module):
    """A linear layer that stands still, with a low-rank update that is learned.

    Parameters
    ----------
    layer
        The layer: its weight [out, in] is kept in float32, or as four-bit codes with one scale for 32 weights.
    packed
        Keep it in four bits.
    """

    codes: torch.Tensor
    scales: torch.Tensor

    def __init__(self, layer: Any, rules: Lora, *, packed: bool) -> None:
        super().__init__()
        out, into = layer.weight.shape
        self.scale = rules.alpha / rules.rank
        self.dropout = rules.dropout
        self.lora_A = nn.Parameter(torch.empty(rules.rank, into))
        self.lora_B = nn.Parameter(torch.zeros(out, rules.rank))
        nn.init.kaiming_uniform_(self.lora_A, a=5**0.5)
        self.bias = None if layer.bias is None else nn.Parameter(layer.bias.data, requires_grad=False)
        self._shape = (out, into)
        if packed:
            self._pack(layer.weight.data)
        else:
            self.weight = nn.Parameter(layer.weight.data, requires_grad=False)

    def _pack(self, weight: Any) -> None:
        if self._shape[1] % BLOCK:
            raise Invalid(f"A layer of {self._shape[1]} inputs cannot be kept in groups of {BLOCK}; use kind lora.")
        coded = nearest(weight.numpy(), bits=4)
        shifted = (coded.codes + 8).astype(np.uint8)
        self.register_buffer("codes", torch.from_numpy(shifted[:, 0::2] | shifted[:, 1::2] << 4))
        self.register_buffer("scales", torch.from_numpy(coded.scales.astype(np.float32)))

    def base(self) -> Any:
        """Return the weight that stands still, [out, in]."""
        if hasattr(self, "weight"):
            return self.weight
        low, high = (self.codes & 15).float() - 8, (self.codes >> 4).float() - 8
        values = torch.stack([low, high], dim=-1).reshape(self._shape[0], -1, BLOCK)
        return (values * self.scales[:, :, None]).reshape(self._shape)

    def merged(self) -> Any:
        """Return the weight with the update in it."""
        return self.base() + self.scale * (self.lora_B @ self.lora_A)

    def forward(self, x: Any) -> Any:
        """Apply the layer and its update."""
        into = functional.dropout(x, self.dropout, self.training) if self.dropout else x
        update = functional.linear(functional.linear(into, self.lora_A), self.lora_B)
        return functional.linear(x, self.base(), self.bias) + self.scale * update


def adapt(model: Any, rules: Lora, *, packed: bool) -> int:
    """Replace the target layers by adapted ones and hold everything else still; returns how many were replaced."""
    for weight in model.parameters():
        weight.requires_grad_(False)
    found = 0
    for module in list(model.modules()):
        for name, layer in list(module.named_children()):
            if name in rules.targets and isinstance(layer, nn.Linear):
                setattr(module, name, Adapted(layer, rules, packed=packed))
                found += 1
    if not found:
        raise Invalid(f"The model has none of the layers {', '.join(rules.targets)}.", param="targets")
    return found


def adapter_weights(model: Any) -> dict[str, Any]:
    """Return the learned matrices under the names that `peft` uses."""
    found = {}
    for path, module in model.named_modules():
        if isinstance(module, Adapted):
            for side in ("lora_A", "lora_B"):
                found[f"base_model.model.{path}.{side}.weight"] = getattr(module, side).detach().contiguous().clone()
    return found


def merge_adapters(model: Any) -> Any:
    """Put the updates into the weights and the plain layers back; returns the model."""
    for module in list(model.modules()):
        for name, layer in list(module.named_children()):
            if isinstance(layer, Adapted):
                out, into = layer._shape
                plain = nn.Linear(into, out, bias=layer.bias is not None)
                plain.weight.data = layer.merged().detach()
                if layer.bias is not None:
                    plain.bias.data = layer.bias.data
                setattr(module, name, plain)
    for weight in model.parameters():
        weight.requires_grad_(True)
    return model
