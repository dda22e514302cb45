"""Passes whose loss each trial makes itself, of its own answers' logits and hidden states."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch

from trainables.forward.attention import row_attention
from trainables.forward.layout import active
from trainables.forward.log_probs import chosen_log_probs
from trainables.forward.passes import TrialRows, answer_logits, layout_of
from trainables.forward.recomputation import recomputed


class AnswerLogits(NamedTuple):
    """A part's answer tokens in the order of its rows: the logits (tokens, vocabulary) that predict
    each, the trunk's state (tokens, width) before each, and the tokens themselves."""

    logits: torch.Tensor
    hidden: torch.Tensor
    tokens: torch.Tensor

    def log_probabilities(self, temperature: float = 1.0) -> torch.Tensor:
        """(tokens,) log-probabilities in nats of the tokens at a temperature, at least float32."""
        return chosen_log_probs(self.logits, self.tokens, temperature)


def score_pass(model: Any, parts: Sequence[TrialRows]) -> list[AnswerLogits]:
    """Every part's answers as its adapter sees them, without gradients."""
    with torch.no_grad(), row_attention(model), active(layout_of(parts, model.device)):
        return _scored(model, parts)


def objective_pass(
    model: Any,
    parts: Sequence[TrialRows],
    objectives: Sequence[Callable[[AnswerLogits], torch.Tensor]],
    recompute: bool = False,
) -> None:
    """Add each trial's gradient of its own objective (a scalar of its part).

    The objectives are never added up, so that a NaN of one stays in its trial. Adapters without
    dropout only: what was sampled must be what is trained.
    """
    anchor = torch.zeros(1, device=model.device, requires_grad=True)
    layout = layout_of(parts, model.device, None, anchor)
    with row_attention(model), active(layout), recomputed(model, recompute):
        answers = _scored(model, parts)
        losses = [loss(seen) for loss, seen in zip(objectives, answers, strict=True)]  # scalars
        torch.autograd.backward(losses)


def _scored(model: Any, parts: Sequence[TrialRows]) -> list[AnswerLogits]:
    with _head_input(model) as caught:
        logits, tokens, counts = answer_logits(model, parts)  # (n, vocabulary), (n,)
    hidden = caught[0].reshape(-1, caught[0].shape[-1])  # (1, n, width) → (n, width)
    logits_of, hidden_of, tokens_of = (
        torch.split(logits, counts),
        torch.split(hidden, counts),
        torch.split(tokens, counts),
    )
    return list(map(AnswerLogits, logits_of, hidden_of, tokens_of))


@contextmanager
def _head_input(model: Any) -> Iterator[list[torch.Tensor]]:
    """What the output head is given within: the trunk's states at the kept positions."""
    caught: list[torch.Tensor] = []

    def catch(_head: Any, arguments: tuple[torch.Tensor, ...]) -> None:
        caught.append(arguments[0])

    handle = model.get_output_embeddings().register_forward_pre_hook(catch)
    try:
        yield caught
    finally:
        handle.remove()
