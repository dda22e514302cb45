"""A PEFT adapter as the starting point of a trial: found, checked against the trial, read."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from trainables.errors import InputError
from trainables.models.config import LoraConfig
from trainables.models.header import file_shapes
from trainables.models.targets import Shapes, linear_modules, matching
from trainables.saved import Checkpoint

FIELD = "lora.adapter_name_or_path"
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PREFIX = "base_model.model."
SAME = ("r", "lora_alpha", "use_rslora", "use_dora")  # what gives the saved matrices their meaning
PLAIN = {"rank_pattern": {}, "alpha_pattern": {}, "bias": "none"}


def starting_checkpoint(lora: LoraConfig, model: Shapes) -> Checkpoint:
    """The adapter that `lora.adapter_name_or_path` names, as a checkpoint at step 0.

    `model` is the base model's tensor shapes. Raises InputError where the adapter cannot be had, or
    is not one of this trial's rank, scaling and target modules.
    """
    folder = adapter_folder(lora.adapter_name_or_path or "", FIELD)
    settings = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    _check_settings(lora, settings)
    _check_tensors(lora, file_shapes(folder / WEIGHTS), model)
    weights = (folder / WEIGHTS).read_bytes()
    return Checkpoint(weights, b"", {"step": 0, "updates": 0, "scaler": None})


def adapter_folder(name: str, field: str) -> Path:
    """The folder of a saved PEFT adapter, given as a folder or a hub name. Raises InputError, at
    the spec's `field`, where there is none."""
    own = Path(name).expanduser()
    folder = own if own.is_dir() else _downloaded(name, field)
    for file in (CONFIG, WEIGHTS):
        if not (folder / file).is_file():
            raise InputError(field, name, f"has no {file}", "Give an adapter that PEFT saved")
    return folder


def _downloaded(name: str, field: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=[CONFIG, WEIGHTS]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        message = "is neither a folder nor an adapter that the hub gives"
        raise InputError(field, name, message, "Check the name; is the hub reachable?") from error


def _check_settings(lora: LoraConfig, saved: dict[str, Any]) -> None:
    name = lora.adapter_name_or_path
    if saved.get("peft_type") != "LORA":
        message = f"is no LoRA adapter but {saved.get('peft_type')}"
        raise InputError(FIELD, name, message, "Give a LoRA adapter")
    for field in SAME:
        own, its = getattr(lora, field), saved.get(field, False)
        if own != its:
            fix = f"Write lora.{field}: {json.dumps(its)}, and do not search it"
            raise InputError(FIELD, name, f"has {field} = {its}, the trial has {own}", fix)
    for field, plain in PLAIN.items():
        if saved.get(field, plain) != plain:
            message = f"has {field} = {saved[field]!r}, which trials do not train"
            raise InputError(FIELD, name, message, "Give an adapter without it")


def _check_tensors(lora: LoraConfig, saved: Shapes, model: Shapes) -> None:
    name, modules = lora.adapter_name_or_path, linear_modules(model)
    wanted = {m for found in matching(lora.target_modules, modules).values() for m in found}
    adapted = dict(matrices(saved, modules))
    only, lacking = sorted(adapted.keys() - wanted), sorted(wanted - adapted.keys())
    if only or lacking:
        odd = f"adapts {only[0]}" if only else f"does not adapt {lacking[0]}"
        parts = json.dumps(sorted({module.rsplit(".", 1)[-1] for module in adapted}))
        fix = f"Write lora.target_modules: {parts}, and give the adapter's own base model"
        raise InputError(FIELD, name, f"{odd}, unlike the trial", fix)
    for module, sizes in adapted.items():
        if sizes != set(modules[module]):
            message = f"does not fit {module}, a layer of {modules[module]}"
            raise InputError(FIELD, name, message, "Give an adapter of this base model")


def matrices(saved: Shapes, modules: Collection[str]) -> Iterator[tuple[str, set[int]]]:
    """Each adapted module's path in an adapter, and the sizes of its inputs and outputs."""
    for key, shape in saved.items():
        if key.endswith(".lora_A.weight"):
            stem = key.removesuffix(".lora_A.weight")
            outputs = saved.get(f"{stem}.lora_B.weight", (0, 0))[0]
            path = stem.removeprefix(PREFIX)
            # a model saved without its head has paths that lack the first part
            yield path if path in modules else path.partition(".")[2], {shape[1], outputs}
