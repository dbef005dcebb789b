"""Losses: next token, preference, reward, distillation, and the clipped policy gradient of GRPO."""

from typing import Any

import torch
from torch.nn import functional

from yunqi.cloud.training.engine.learning import fused
from yunqi.cloud.training.engine.packing import IGNORED

_ROWS = 512
_FEW = 32  # rows whose likelihoods stay in the processor's cache


def hidden_states(model: Any, ids: Any, attention: Any = None) -> Any:
    """Return the last hidden states [batch, length, hidden]; padding on the right needs no mask in a causal model."""
    return model.model(input_ids=ids, attention_mask=attention, use_cache=False).last_hidden_state


def token_loss(model: Any, ids: Any, targets: Any) -> Any:
    """Return the mean negative log likelihood of the targets that count.

    The output layer is applied only where a target counts, which for chats saves most of its work.
    """
    hidden = hidden_states(model, ids).flatten(0, 1)
    wanted = targets.flatten()
    if bool((wanted == IGNORED).any()):
        counted = (wanted != IGNORED).nonzero().squeeze(1)
        hidden, wanted = hidden[counted], wanted[counted]
    if torch.is_grad_enabled() and model.lm_head.bias is None:
        return _HeadLoss.apply(hidden, model.lm_head.weight, wanted)  # type: ignore[no-untyped-call]
    return functional.cross_entropy(model.lm_head(hidden).float(), wanted)


class _HeadLoss(torch.autograd.Function):
    """Output layer and cross-entropy, some rows at a time, with the gradients made on the way.

    The logits of a step (tokens by vocabulary) never stand in memory as a whole: a third less time and 100 MB less
    for 2,048 tokens and 8,192 words.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Any, weight: Any, wanted: Any) -> Any:
        kind = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else weight.dtype
        with torch.autocast("cpu", enabled=False):
            rows, table = hidden.detach().to(kind), weight.detach().to(kind)
            back, moved = torch.empty_like(rows), torch.zeros_like(weight) if ctx.needs_input_grad[1] else None
            total = torch.zeros(())
            for start in range(0, len(wanted), _ROWS):
                some, right = rows[start : start + _ROWS], wanted[start : start + _ROWS]
                away = some @ table.T
                total += _replace_by_gradient(away, right)
                torch.mm(away, table, out=back[start : start + _ROWS])
                if moved is not None:
                    moved += away.T @ some
            back = back.to(hidden.dtype).div_(len(wanted))
            moved = None if moved is None else moved.div_(len(wanted))
        ctx.save_for_backward(back, moved)
        return total / len(wanted)

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        back, moved = ctx.saved_tensors
        return back * gradient, None if moved is None else moved * gradient, None


def _replace_by_gradient(logits: Any, wanted: Any) -> Any:
    """Replace logits [rows, words] by the gradient of their summed loss, a few rows at a time, and return that loss."""
    if logits.dtype is torch.bfloat16 and fused.available():
        return fused.surprise(logits, wanted)
    total, numbers = torch.zeros(()), torch.arange(_FEW)
    for start in range(0, len(wanted), _FEW):
        right = wanted[start : start + _FEW]
        likelihood = torch.log_softmax(logits[start : start + _FEW], dim=-1, dtype=torch.float32)
        total -= likelihood.gather(1, right[:, None]).sum()
        likelihood.exp_()[numbers[: len(right)], right] -= 1
        logits[start : start + _FEW] = likelihood
    return total


def sequence_likelihood(model: Any, ids: Any, targets: Any) -> tuple[Any, Any]:
    """Return for each row the summed log likelihood of its counted targets, and how many there are; [batch] each."""
    counted = targets != IGNORED
    logits = model.lm_head(hidden_states(model, ids)[counted]).float()
    likelihood = -functional.cross_entropy(logits, targets[counted], reduction="none")
    rows = counted.nonzero()[:, 0]
    total = torch.zeros(ids.shape[0]).index_add(0, rows, likelihood)
    return total, counted.sum(1)


def preference_loss(chosen: Any, rejected: Any, reference_chosen: Any, reference_rejected: Any, beta: float) -> Any:
    """Return the DPO loss (Rafailov and others, 2023, equation 7) from summed log likelihoods [batch]."""
    margin = (chosen - reference_chosen) - (rejected - reference_rejected)
    return -functional.logsigmoid(beta * margin).mean()


def reward_loss(chosen: Any, rejected: Any) -> Any:
    """Return the Bradley-Terry loss of scores [batch]."""
    return -functional.logsigmoid(chosen - rejected).mean()


def distillation_loss(student: Any, teacher: Any, *, temperature: float) -> Any:
    """Return the mean divergence of the student's softened distribution from the teacher's; logits [tokens, words]."""
    log_student = functional.log_softmax(student / temperature, dim=-1)
    log_teacher = functional.log_softmax(teacher / temperature, dim=-1)
    divergence = functional.kl_div(log_student, log_teacher, reduction="batchmean", log_target=True)
    return divergence * temperature**2


def advantages(rewards: Any) -> Any:
    """Return how much better each answer is than its group: rewards [prompts, answers], centred and scaled."""
    return (rewards - rewards.mean(1, keepdim=True)) / (rewards.std(1, keepdim=True) + 1e-4)


def policy_loss(likelihood: Any, old: Any, reference: Any, advantage: Any, *, beta: float, clip: float = 0.2) -> Any:
    """Return GRPO's loss (Shao and others, 2024, equation 3) over answer tokens [tokens].

    Parameters
    ----------
    likelihood, old, reference
        Log likelihood of each token now, when it was drawn, and under the model the run began with.
    advantage
        Of the answer that the token belongs to.
    """
    ratio = torch.exp(likelihood - old)
    gain = torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)
    away = torch.exp(reference - likelihood) - (reference - likelihood) - 1
    return (beta * away - gain).mean()
