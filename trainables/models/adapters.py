"""LoRA adapters on a warm base: put on, taken off, saved as PEFT's files and read back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from safetensors.torch import load, save

from trainables.context import Adapter
from trainables.models.config import LoraConfig
from trainables.models.load import Base


def peft_config(lora: LoraConfig) -> Any:
    """PEFT's own configuration object."""
    import peft

    targets = lora.target_modules
    return peft.LoraConfig(
        task_type="CAUSAL_LM",
        bias="none",
        **lora.model_dump(exclude={"target_modules"}),
        target_modules=targets if isinstance(targets, str) else list(targets),
    )


@contextmanager
def adapted(base: Base, lora: LoraConfig, seed: int) -> Iterator[Any]:
    """The base with a fresh adapter in float32; on leaving, the base is as it was before.

    A (r, in) is Kaiming-uniform from `seed`, B (out, r) is zero, as PEFT makes them.
    """
    import peft

    model = base.model
    untouched = _settings(model)
    torch.manual_seed(seed)
    wrapped = peft.get_peft_model(model, peft_config(lora))
    try:
        yield wrapped
    finally:
        wrapped.unload()
        _undo_trainer(model, untouched)


def _settings(model: Any) -> list[tuple[Any, dict[str, Any]]]:
    """The attributes of the model and of its configurations (special tokens, cache, …)."""
    owners = (model, model.config, model.config.get_text_config(), model.generation_config)
    return [(owner, dict(vars(owner))) for owner in owners if owner is not None]


def _undo_trainer(model: Any, untouched: list[tuple[Any, dict[str, Any]]]) -> None:
    """Take back what PEFT and a trainer change on the model that they are given."""
    # newer transformers call gradient checkpointing activation checkpointing
    disable = getattr(model, "activation_checkpointing_disable", None)
    (disable or model.gradient_checkpointing_disable)()
    if hasattr(model, "_require_grads_hook"):
        model.disable_input_require_grads()
    for owner, attributes in untouched:
        vars(owner).clear()
        vars(owner).update(attributes)
    model.requires_grad_(False)
    model.zero_grad(set_to_none=True)
    model.eval()


def adapter_bytes(model: Any) -> bytes:
    """The adapter's tensors under PEFT's file names, as safetensors."""
    import peft

    tensors = peft.get_peft_model_state_dict(model)
    return save({k: v.detach().cpu().contiguous() for k, v in tensors.items()})


def export(model: Any) -> Adapter:
    """What `PeftModel.from_pretrained` reads: configuration and weights."""
    settings = model.peft_config["default"].to_dict()
    settings["inference_mode"] = True
    # through JSON: PEFT's enums would make whoever receives this import PEFT
    plain = json.loads(json.dumps(settings, default=sorted))
    return Adapter(config=plain, weights=adapter_bytes(model))


def restore(model: Any, weights: bytes) -> None:
    """Put saved tensors into the model's adapter; ValueError where the names do not fit."""
    import peft

    result = peft.set_peft_model_state_dict(model, load(weights))
    if result.unexpected_keys:
        raise ValueError(f"the adapter has unknown tensors: {result.unexpected_keys[:3]}")


def named_trainable(model: Any) -> dict[str, torch.nn.Parameter]:
    """Trainable parameters under PEFT's file names (without the adapter's own name)."""
    return {
        name.replace(".default", ""): p for name, p in model.named_parameters() if p.requires_grad
    }
