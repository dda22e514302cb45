"""A reward model that was saved: a PEFT adapter of task type SEQ_CLS, found, checked and read."""

import json
from typing import Any

from trainables.errors import InputError
from trainables.models.header import file_shapes
from trainables.models.starting import CONFIG, PLAIN, WEIGHTS, adapter_folder, matrices
from trainables.models.targets import Shapes, linear_modules
from trainables.saved import SavedAdapter

FIELD = "reward.model.adapter_name_or_path"
FIX = "Give one that a trial of kind reward, or TRL's RewardTrainer with PEFT, has saved"
EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "word_embeddings.weight")  # (vocabulary, width)


def saved_reward_model(name: str, model: Shapes) -> SavedAdapter:
    """The reward model in a folder, or of that name on the hub.

    `model` is the base model's tensor shapes. Raises InputError where there is no adapter, where it
    is no reward model, and where it does not fit the base.
    """
    folder = adapter_folder(name, FIELD)
    settings = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    _check_settings(name, settings)
    _check_tensors(name, file_shapes(folder / WEIGHTS), model)
    return SavedAdapter(settings, (folder / WEIGHTS).read_bytes())


def _check_settings(name: str, settings: dict[str, Any]) -> None:
    kinds = settings.get("peft_type"), settings.get("task_type")
    if kinds != ("LORA", "SEQ_CLS"):
        what = f"is no reward model but an adapter of type {kinds[0]} for {kinds[1]}"
        raise InputError(FIELD, name, what, FIX)
    for field, plain in {**PLAIN, "use_dora": False}.items():
        if settings.get(field, plain) != plain:
            what = f"has {field} = {settings[field]!r}, which cannot be computed here"
            raise InputError(FIELD, name, what, "Give a plain LoRA adapter")


def _check_tensors(name: str, saved: Shapes, model: Shapes) -> None:
    from trainables.reward_model.head import HEAD

    if saved.get(HEAD, ())[:1] != (1,):
        has = f"of shape {saved[HEAD]}" if HEAD in saved else "at all"
        raise InputError(FIELD, name, f"has no head with one score {has}: {HEAD}", FIX)
    if others := [n for n in saved if n != HEAD and ".lora_" not in n]:
        raise InputError(FIELD, name, f"has {others[0]} besides LoRA and its head", FIX)
    modules, fix = linear_modules(model), "Give an adapter of this base model"
    for module, sizes in matrices(saved, modules):
        if sizes != set(modules.get(module, ())):
            its = f"a layer of {modules[module]}" if module in modules else "which it has not"
            raise InputError(FIELD, name, f"does not fit the base model's {module}, {its}", fix)
    widths = {shape[1] for n, shape in model.items() if n.endswith(EMBEDDINGS)}
    if widths and saved[HEAD][1] not in widths:
        message = f"has a head for states of width {saved[HEAD][1]}, the base has {widths}"
        raise InputError(FIELD, name, message, fix)
