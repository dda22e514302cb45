"""A whole model of a trial: an adapter merged into its base, or the weights that were trained."""

import copy
from pathlib import Path
from typing import Any, Literal

from analysis.runs import TrialView

Onto = Literal["base", "dequantized"]


def save_whole(trial: TrialView, destination: Path, onto: Onto) -> None:
    """Save the tuned model as transformers loads it, and its tokenizer.

    `onto`: an adapter is merged into the unquantized base model, or into the quantized base that it
    was trained on, dequantized.
    """
    from trainables.models.config import ModelConfig
    from trainables.models.load import device_now, load_base

    settings = dict(trial.config.get("model") or {})
    device = "cpu"
    if onto == "dequantized" and trial.model is None:
        device = device_now()  # 4-bit kernels are a GPU's, where there is one
    else:  # merging into 4- or 8-bit weights would round the update away
        settings["quantization"] = "none"
    base = load_base(ModelConfig.model_validate(settings), device)
    # a copy: the weights change, and the loaded base is kept for whoever loads it next
    model = copy.deepcopy(base.model)
    if getattr(model, "is_quantized", False):
        model = model.dequantize()
    (_trained if trial.model else _merged)(trial, model).save_pretrained(destination)
    base.tokenizer.save_pretrained(destination)


def _trained(trial: TrialView, model: Any) -> Any:
    from trainables.models.whole import restore_whole

    assert trial.model is not None
    restore_whole(model, (trial.model / "model.safetensors").read_bytes())
    return model


def _merged(trial: TrialView, model: Any) -> Any:
    from peft import PeftModel

    from trainables.models.adapters import refuse_code

    assert trial.adapter is not None
    refuse_code(trial.adapter)
    return PeftModel.from_pretrained(model, trial.adapter).merge_and_unload()
