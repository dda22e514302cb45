"""LoRA adapters on a warm base: put on, taken off, saved as PEFT's files and read back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save

from trainables.errors import InputError
from trainables.models.config import LoraConfig
from trainables.models.load import Base
from trainables.saved import SavedAdapter

ROUNDED = (".lora_A.", ".lora_B.")  # in names of what the base's precision multiplies


def peft_config(lora: LoraConfig) -> Any:
    """PEFT's own configuration object."""
    import peft

    targets = lora.target_modules
    return peft.LoraConfig(
        task_type="CAUSAL_LM",
        bias="none",
        **lora.model_dump(exclude={"target_modules", "adapter_name_or_path"}),
        target_modules=targets if isinstance(targets, str) else list(targets),
    )


@contextmanager
def adapted(base: Base, lora: LoraConfig, seed: int) -> Iterator[Any]:
    """The base with a fresh adapter in float32; on leaving, the base is as it was before.

    A (r, in) is Kaiming-uniform from `seed`, B (out, r) is zero, as PEFT makes them.
    """
    import peft

    model = base.model
    untouched = contents(model)
    torch.manual_seed(seed)
    try:
        yield peft.get_peft_model(model, peft_config(lora))
    finally:
        put_back(model, untouched)


@contextmanager
def worn(base: Base, folder: Path) -> Iterator[Any]:
    """The base with a saved PEFT adapter on; on leaving, the base is as it was before.

    Raises InputError where the folder holds none, or one of another model.
    """
    import peft

    for name in ("adapter_config.json", "adapter_model.safetensors"):
        if not (folder / name).is_file():
            fix = "Give a folder saved by PEFT, e.g. one that `medsweep best --export` wrote."
            raise InputError("--adapter", str(folder), f"holds no {name}", fix)
    refuse_code(folder)
    untouched = contents(base.model)
    try:
        try:
            model = peft.PeftModel.from_pretrained(base.model, str(folder))
        except (ValueError, RuntimeError) as error:
            message = f"does not fit the model: {str(error).splitlines()[0]}"
            raise InputError("--adapter", str(folder), message) from error
        yield model.eval()
    finally:
        put_back(base.model, untouched)


def refuse_code(folder: Path) -> None:
    """InputError where an adapter's configuration names a module that PEFT would import."""
    try:
        settings = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        named = settings.get("megatron_config")
    except (OSError, ValueError, RecursionError, AttributeError) as error:
        fix = "Give a folder saved by PEFT."
        what = f"its adapter_config.json cannot be read: {error}"
        raise InputError("--adapter", str(folder), what, fix) from error
    if named:
        what = "its megatron_config names code to be run, which medsweep never does"
        raise InputError("--adapter", str(folder), what, "Take another adapter.")


def contents(model: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each dictionary that PEFT or a trainer may write to, and a copy: the attributes of the model
    and of its configurations (special tokens, cache), and every module's children and hooks."""
    owners = (model, model.config, model.config.get_text_config(), model.generation_config)
    written = [vars(owner) for owner in owners if owner is not None]
    for module in model.modules():
        written += [module._modules, module._forward_hooks, module._forward_pre_hooks]
    return [(contents, dict(contents)) for contents in written]


def put_back(model: Any, untouched: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Undo PEFT and the trainer.

    PEFT's `unload` would leave trained copies of `modules_to_save`, and transformers removes one
    of the hooks that it sets on the embeddings for gradient checkpointing, not all.
    """
    # newer transformers call gradient checkpointing activation checkpointing
    disable = getattr(model, "activation_checkpointing_disable", None)
    (disable or model.gradient_checkpointing_disable)()
    for contents, copy in untouched:
        contents.clear()
        contents.update(copy)
    model.requires_grad_(False)
    model.zero_grad(set_to_none=True)
    model.eval()


def adapter_bytes(model: Any) -> bytes:
    """The adapter's tensors under PEFT's file names, as safetensors."""
    import peft

    # only what is trained: a whole state dict would repack every 4-bit weight of the base
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    tensors = peft.get_peft_model_state_dict(model, trained, save_embedding_layers=False)
    return save({k: v.detach().cpu().contiguous() for k, v in tensors.items()})


@contextmanager
def in_base_precision(model: Any) -> Iterator[None]:
    """The model with its adapter's values rounded to the base's precision, in which it is measured
    and exported (and used in a pack); afterwards they are whole."""
    masters = {
        p: p.data
        for name, p in model.named_parameters()
        if p.requires_grad and any(part in name for part in ROUNDED)
    }
    try:
        for p in masters:
            p.data = p.data.to(model.config.dtype).to(p.dtype)
        yield
    finally:
        for p, data in masters.items():
            p.data = data


def export(model: Any) -> SavedAdapter:
    """What `PeftModel.from_pretrained` reads: configuration, and weights as they are measured."""
    settings = model.peft_config["default"].to_dict()
    settings["inference_mode"] = True
    # through JSON: PEFT's enums would make whoever receives this import PEFT
    plain = json.loads(json.dumps(settings, default=sorted))
    with in_base_precision(model):
        return SavedAdapter(config=plain, weights=adapter_bytes(model))


def restore(model: Any, weights: bytes) -> None:
    """Put saved tensors into the model's adapter; ValueError where the names do not fit."""
    import peft

    result = peft.set_peft_model_state_dict(model, load(weights))
    if result.unexpected_keys:
        raise ValueError(f"the adapter has unknown tensors: {result.unexpected_keys[:3]}")
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    if lacking := sorted(trained & set(result.missing_keys)):
        raise ValueError(f"the adapter lacks tensors: {lacking[:3]}")


def named_trainable(model: Any) -> dict[str, torch.nn.Parameter]:
    """Trainable parameters under PEFT's file names (without the adapter's own name)."""
    return {
        name.replace(".default", ""): p for name, p in model.named_parameters() if p.requires_grad
    }
