"""Activations computed again in backward, of a frozen base that stays in evaluation mode.

transformers and torch call it gradient (or activation) checkpointing; a checkpoint here is what a
trial goes on from.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch.utils.checkpoint
from transformers.modeling_layers import GradientCheckpointingLayer

# masks of dropout are hashes, so that a layer computed again needs no generator's state
RECOMPUTE = partial(
    torch.utils.checkpoint.checkpoint, use_reentrant=False, preserve_rng_state=False
)
# a layer checkpoints in training mode only, in which OPT and BioGPT would also drop out
OWN_DROPOUT = ("dropout", "activation_dropout")


@contextmanager
def recomputed(model: Any, wanted: bool) -> Iterator[None]:
    """Within, each layer keeps its input alone and is computed again in backward, if `wanted`."""
    if not wanted:
        yield
        return
    layers = [m for m in model.modules() if isinstance(m, GradientCheckpointingLayer)]
    before = [dict(vars(layer)) for layer in layers]
    for layer in layers:
        rates = {name: 0.0 for name in OWN_DROPOUT if isinstance(vars(layer).get(name), float)}
        changed = {"gradient_checkpointing": True, "training": True, **rates}
        vars(layer).update(changed, _gradient_checkpointing_func=RECOMPUTE)
    try:
        yield
    finally:
        for layer, attributes in zip(layers, before, strict=True):
            vars(layer).clear()
            vars(layer).update(attributes)
