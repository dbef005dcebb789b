"""The whole M6: patches and text in, logits over text and picture codes out; and the delinking of shared layers."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from yunqi.cloud.models.engine.m6.parts import Layer
from yunqi.cloud.models.engine.m6.routing import Routing
from yunqi.cloud.models.engine.m6.spec import M6Spec
from yunqi.kernel.errors import Invalid

IMAGE, SOURCE, TARGET = 0, 1, 2


def task_mask(source: Tensor, target: Tensor) -> Tensor:
    """Return who sees whom [batch, tokens, tokens]: the source sees the source, a target the source and what came before.

    Parameters
    ----------
    source, target
        Which tokens are real, bool [batch, source tokens] and [batch, target tokens]. Padding is seen by itself alone.
    """
    batch, read = source.shape
    written = target.shape[1]
    seen = torch.zeros(batch, read + written, read + written, dtype=torch.bool, device=source.device)
    seen[:, :, :read] = source[:, None]
    seen[:, read:, read:] = (
        target[:, None] & torch.ones(written, written, dtype=torch.bool, device=source.device).tril()
    )
    return seen | torch.eye(read + written, dtype=torch.bool, device=source.device)


class M6(nn.Module):
    """The model that an `M6Spec` describes."""

    def __init__(self, spec: M6Spec) -> None:
        super().__init__()
        self.spec = spec
        self.words = nn.Embedding(spec.vocabulary + spec.codes, spec.width)
        self.places = nn.Embedding(spec.places + spec.patches, spec.width)
        self.segments = nn.Embedding(3, spec.width)
        self.look = nn.Linear(spec.patch_width, spec.width)
        bank = spec.every if spec.shared else spec.layers
        self.layers = nn.ModuleList([Layer(spec, sparse=spec.sparse(layer)) for layer in range(bank)])
        self.norm = nn.LayerNorm(spec.width)

    def start(self, seed: int) -> "M6":
        """Draw all weights anew from a seed; return the model."""
        generator = torch.Generator().manual_seed(seed)
        for name, weight in self.named_parameters():
            with torch.no_grad():
                if "norm" in name or ".first." in name or ".second." in name:
                    weight.fill_(1.0 if name.endswith("weight") else 0.0)
                elif name.endswith("bias"):
                    weight.zero_()
                elif name.split(".")[0] in ("words", "places", "segments"):
                    weight.normal_(0.0, 0.05, generator=generator)
                else:
                    fan = weight.shape[1]
                    weight.normal_(0.0, fan**-0.5, generator=generator)
        return self

    def forward(
        self, patches: Tensor | None, source: Tensor, target: Tensor, *, source_real: Tensor, target_real: Tensor
    ) -> tuple[Tensor, list[Routing]]:
        """Return the logits after each target token, and where tokens went in each sparse layer.

        Parameters
        ----------
        patches
            Features of patches [batch, patches, patch_width], or None when there is no picture.
        source, target
            Token ids [batch, tokens]; either may have none. A picture code c is the token vocabulary + c.
        source_real, target_real
            Which of them are not padding, bool.
        """
        parts = [self._text(source, SOURCE), self._text(target, TARGET)]
        read = source_real
        if patches is not None:
            many = patches.shape[1]
            if many > self.spec.patches:
                raise Invalid(f"A picture has {many} patches; this model takes {self.spec.patches}.", param="patches")
            parts.insert(0, self.look(patches) + self.places.weight[:many] + self.segments.weight[IMAGE])
            read = torch.cat((source_real.new_ones(len(patches), many), source_real), 1)
        x, real = torch.cat(parts, 1), torch.cat((read, target_real), 1)
        seen = task_mask(read, target_real)[:, None]
        routes = []
        for layer in range(self.spec.layers):
            x, found = self.layers[layer % len(self.layers)](x, seen, real)
            if found is not None:
                routes.append(found)
        return self.norm(x[:, read.shape[1] :]) @ self.words.weight.t(), routes

    def _text(self, ids: Tensor, segment: int) -> Tensor:
        if ids.shape[1] > self.spec.places:
            raise Invalid(f"A text has {ids.shape[1]} tokens; this model takes {self.spec.places}.", param="text")
        start = self.spec.patches
        return self.words(ids) + self.places.weight[start : start + ids.shape[1]] + self.segments.weight[segment]


def delink(model: M6) -> M6:
    """Return the model with a copy of the shared weights in every layer: the step from pseudo to real of M6-10T.

    It answers exactly as before; from there each layer learns on its own.

    Raises
    ------
    Invalid
        When the model shares nothing.
    """
    if not model.spec.shared:
        raise Invalid("Nothing to delink: the layers of this model have their own weights.", param="shared")
    real = M6(replace(model.spec, shared=False))
    bank = len(model.layers)
    state = {name: value for name, value in model.state_dict().items() if not name.startswith("layers.")}
    for layer in range(real.spec.layers):
        for name, value in model.layers[layer % bank].state_dict().items():
            state[f"layers.{layer}.{name}"] = value
    real.load_state_dict(state)
    return real.train(model.training)
