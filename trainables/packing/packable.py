"""What the packed engine cannot train; such trials run isolated. Imports no torch."""

from trainables.kinds import PACKED
from trainables.sft.config import SFTTrainingConfig
from trainables.staged.config import StagedConfig
from trainables.training.config import SingleTrial
from trainables.training.optimizers import unpackable_optimizer


def unpackable(config: SingleTrial | StagedConfig) -> str | None:
    """Why a trial cannot share its base model's calls, or None."""
    if isinstance(config, StagedConfig):
        for stage, trial in zip(config.stages, config.stage_trials, strict=True):
            if reason := unpackable(trial):
                return f"{reason} (stage {stage.name})"
        return None
    if config.kind not in PACKED:
        return f"trials of kind {config.kind} train one at a time"
    lora, training = config.lora, config.training
    if lora is None:
        return "all weights are trained"
    if training.regularizer and training.regularizer.kind == "ewc":
        return "EWC weighs each of the base's weights by itself"
    if lora.use_dora:
        return "DoRA changes the base's weights"
    if lora.modules_to_save:
        return "lora.modules_to_save trains copies of the base's modules"
    if isinstance(training, SFTTrainingConfig):
        if training.neftune_noise_alpha:
            return "NEFTune draws noise for a batch of one trial"
        if training.label_smoothing_factor:
            return "label smoothing needs the logits of whole batches of one trial"
    dtype = config.model.dtype
    if (training.fp16 and dtype != "float16") or (training.bf16 and dtype == "float32"):
        return "mixed precision on a base of another precision"
    return unpackable_optimizer(training.optim)
