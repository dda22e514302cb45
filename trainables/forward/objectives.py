"""Passes whose loss each trial makes itself, of its own answers' logits and hidden states."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch

from trainables.forward.attention import row_attention
from trainables.forward.layout import active
from trainables.forward.log_probs import chosen_log_probs
from trainables.forward.passes import TrialRows, answer_logits, layout_of
from trainables.forward.recomputation import checkpointed


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
    checkpointing: bool = False,
) -> None:
    """Add each trial's gradient of its own objective (a scalar of its part).

    The objectives are never added up, so that a NaN of one stays in its trial. Adapters without
    dropout only: what was sampled must be what is trained.
    """
    anchor = torch.zeros(1, device=model.device, requires_grad=True)
    layout = layout_of(parts, model.device, None, anchor)
    with row_attention(model), active(layout), checkpointed(model, checkpointing):
        scored = _scored(model, parts)
        torch.autograd.backward([f(own) for f, own in zip(objectives, scored, strict=True)])


def _scored(model: Any, parts: Sequence[TrialRows]) -> list[AnswerLogits]:
    with _head_input(model) as caught:
        logits, tokens, counts = answer_logits(model, parts)
    hidden = caught[0].reshape(-1, caught[0].shape[-1])
    split = (torch.split(x, counts) for x in (logits, hidden, tokens))
    return [AnswerLogits(*own) for own in zip(*split, strict=True)]


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
