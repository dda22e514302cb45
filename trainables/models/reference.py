"""The frozen policy that a trained one is held to, on the same base model."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from safetensors.torch import load

from trainables.saved import Checkpoint, SavedAdapter

ROLE = "reference"  # in Checkpoint.frozen
NAME = "ref"  # under which TRL's trainers look for it; without it they switch the adapter off


def set_reference(model: Any, reference: SavedAdapter | None) -> None:
    """Give a PEFT model this adapter as its reference; None: the base model by itself.

    TRL makes the reference a copy of the adapter as it finds it, which in a continued trial is no
    longer where it began: that copy goes.
    """
    import peft

    if NAME in model.peft_config:
        model.delete_adapter(NAME)
    if reference is None:
        return
    settings = {**reference.config, "inference_mode": True}
    model.add_adapter(NAME, peft.PeftConfig.from_peft_type(**settings))
    result = peft.set_peft_model_state_dict(model, load(reference.weights), adapter_name=NAME)
    if result.unexpected_keys:
        raise ValueError(f"the reference has unknown tensors: {result.unexpected_keys[:3]}")
    for name, parameter in model.named_parameters():
        if f".{NAME}." in name:
            parameter.requires_grad_(False)


def frozen_of(start: Checkpoint | None, settings: dict[str, Any]) -> dict[str, SavedAdapter]:
    """The adapters that a trial needs and does not train: those of its checkpoint, and at its first
    step the one that it starts from as the reference; `settings` are its PEFT configuration."""
    if start is None:
        return {}
    if start.step or ROLE in start.frozen or not start.adapter:
        return dict(start.frozen)
    return {**start.frozen, ROLE: SavedAdapter(settings, start.adapter)}


@contextmanager
def as_reference(model: Any) -> Iterator[None]:
    """The model as its reference."""
    from trl.trainer.utils import use_adapter

    with use_adapter(model, NAME if NAME in model.peft_config else None):
        yield
