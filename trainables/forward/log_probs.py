"""Log-probabilities of chosen tokens, without a second matrix as large as the logits.

torch's cross entropy keeps logits of 16 bits a second time in 32, and makes their gradient in 32
bits too: for vocabularies of tens of thousands that is most of a step's memory, and on a CPU a
tenth of its time.
"""

from typing import Any

import torch
from torch import Tensor

CHUNK, CPU_CHUNK = 2**26, 2**19  # logits worked on at once: on a CPU, as fit in its caches


def chosen_log_probs(logits: Tensor, tokens: Tensor, temperature: float = 1.0) -> Tensor:
    """(n,) log-probabilities in nats of `tokens` (n,) by softmax(logits / temperature), logits
    (n, vocabulary); in float32, or float64 where the logits are."""
    found: Tensor = _Chosen.apply(logits, tokens, temperature)
    return found


class _Chosen(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, tokens: Tensor, temperature: float) -> Tensor:
        ctx.temperature = temperature
        ctx.save_for_backward(logits, tokens)
        found = []
        for part, chosen in chunks(logits, tokens):  # (rows, vocabulary), (rows,)
            log_p = _scaled(part, temperature).log_softmax(1)  # (rows, vocabulary)
            found.append(log_p.gather(1, chosen[:, None])[:, 0])  # (rows,)
        return torch.cat(found)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        logits, tokens = ctx.saved_tensors  # (n, vocabulary), (n,)
        out = torch.empty_like(logits)
        for to, part, chosen, g in chunks(out, logits, tokens, gradient / ctx.temperature):
            # g (onehot(chosen) - softmax), of a few rows: (rows, vocabulary)
            slope = _scaled(part, ctx.temperature).softmax(1).mul_(-g[:, None])
            slope[torch.arange(len(g), device=g.device), chosen] += g
            to.copy_(slope)
        return out, None, None


def _scaled(logits: Tensor, temperature: float) -> Tensor:
    exact = torch.promote_types(logits.dtype, torch.float32)
    scaled = logits.to(exact, copy=True)
    return scaled if temperature == 1 else scaled.div_(temperature)


def chunks(*together: Tensor) -> Any:
    """Matrices (n, vocabulary) and vectors (n,), a few rows of all at a time."""
    budget = CHUNK if together[0].is_cuda else CPU_CHUNK
    rows = max(1, budget // together[0].shape[1])
    return zip(*(x.split(rows) for x in together), strict=True)
