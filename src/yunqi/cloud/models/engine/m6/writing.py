"""Writing with a trained model: captions as text, pictures as codes, the likeliest token each time."""

import torch
from torch import Tensor

from yunqi.cloud.models.engine.m6.network import M6
from yunqi.cloud.models.engine.m6.tasks import END, Batch


@torch.inference_mode()
def write(model: M6, given: Batch, *, longest: int, codes: bool = False) -> list[list[int]]:
    """Return what the model writes for each row of a batch, which gives the sources and the task's first token.

    Parameters
    ----------
    longest
        Most tokens; a picture takes as many as it has patches.
    codes
        Write picture codes (numbers from 0 on) and nothing else; otherwise text, up to the end token, which is left out.
    """
    words, was = model.spec.vocabulary, model.training
    model.eval()
    said = given.target[:, :1]
    for _ in range(longest):
        real = torch.ones_like(said, dtype=torch.bool)
        logits, _ = model(given.patches, given.source, said, source_real=given.source_real, target_real=real)
        last = logits[:, -1, words:] if codes else logits[:, -1, :words]
        said = torch.cat((said, last.argmax(-1, keepdim=True) + (words if codes else 0)), 1)
        if not codes and bool((said == END).any(1).all()):
            break
    model.train(was)
    return [_cut(row, words if codes else 0) for row in said[:, 1:]]


def _cut(row: Tensor, less: int) -> list[int]:
    found: list[int] = (row - less).tolist()
    return found if less or END not in found else found[: found.index(END)]
