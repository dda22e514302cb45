"""Passes that end at the trunk: the state at each row's last token, and no logits."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from trainables.forward.attention import row_attention
from trainables.forward.layout import active
from trainables.forward.passes import TrialRows, concatenation, dropout_keys, layout_of
from trainables.forward.recomputation import recomputed

StateObjective = Callable[[torch.Tensor], torch.Tensor]


def state_pass(model: Any, parts: Sequence[TrialRows]) -> list[torch.Tensor]:
    """Each part's states (its rows, width) as its adapter makes them, without gradients."""
    with torch.no_grad(), row_attention(model), active(layout_of(parts, model.device)):
        return _last_states(model, parts)


def state_objective_pass(
    model: Any,
    parts: Sequence[TrialRows],
    objectives: Sequence[StateObjective],
    recompute: bool = False,
) -> list[float]:
    """Add each trial's gradient of its own objective, a scalar of its part's states (its rows,
    width), and give the objectives' values.

    They are never added up, so that a NaN of one stays in its trial.
    """
    device = model.device
    anchor = torch.zeros(1, device=device, requires_grad=True)
    layout = layout_of(parts, device, dropout_keys(parts, device), anchor)
    with row_attention(model), active(layout), recomputed(model, recompute):
        states = _last_states(model, parts)
        values = [f(own) for f, own in zip(objectives, states, strict=True)]
        torch.autograd.backward(values)
    return [float(value.detach()) for value in values]


def _last_states(model: Any, parts: Sequence[TrialRows]) -> list[torch.Tensor]:
    """What the output head would be given: the trunk's states after the last norm."""
    joined = concatenation(parts, model.device)
    out = model.base_model(**joined.inputs, use_cache=False)
    states = out.last_hidden_state.squeeze(0)  # (tokens, width)
    last = torch.from_numpy(joined.first + joined.lengths - 1).to(model.device)  # (rows,)
    return list(torch.split(states[last], [len(part.chosen) for part in parts]))
