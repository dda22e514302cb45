"""Fields of a trial, or a stage of one, that have no effect."""

from collections.abc import Callable
from typing import Any

from sweeps.reading.effects.rule import REMOVE, EffectRule, Look, never
from sweeps.reading.file_checks import is_local

TEXTS = {"rouge", "bleu", "bertscore"}  # of `evaluation.metrics`, those of written answers


def _model_on_hub(name: Any) -> bool:
    return isinstance(name, str) and not name.startswith(("toy:", "pypi:")) and not is_local(name)


def _no_texts(look: Look) -> bool:
    return never(look, "evaluation.metrics", lambda names: bool(TEXTS & set(names)))


def _no_answers(look: Look) -> bool:
    return _no_texts(look) and never(look, "evaluation.examples", bool)


def _one_step(look: Look) -> bool:
    """Whether every update is one optimizer step: the policy is then the one that answered."""
    several = ("training.num_ppo_epochs", "training.num_mini_batches")
    return all(never(look, path, lambda n: n > 1) for path in several)


def _unweighed(name: str) -> Callable[[Look], bool]:
    return lambda look: never(look, "reward.weights", lambda weights: bool(weights.get(name)))


# of a trial, or a stage of one
TRIAL_RULES = (
    *(
        EffectRule(
            f"{section}.split",
            "data.split",
            lambda look: never(look, "data.validation", lambda rows: rows is None),
            "has no effect where data.validation names the rows: nothing is split off",
            "Remove it; test rows are those of data.test",
        )
        for section in ("DataConfig", "PairsConfig")
    ),
    EffectRule(
        "ModelConfig.revision",
        "model.revision",
        lambda look: never(look, "model.name_or_path", _model_on_hub),
        "is of models on the hub, and the model is not there",
        REMOVE,
    ),
    EffectRule(
        "TrainingConfig.num_train_epochs",
        "training.num_train_epochs",
        lambda look: never(look, "training.max_steps", lambda steps: steps is None),
        "has no effect where training.max_steps is set: that rules",
        "Remove one of the two",
        warns=True,
    ),
    EffectRule(
        "TrainingConfig.warmup_steps",
        "training.warmup_steps",
        lambda look: never(look, "training.lr_scheduler_type", lambda name: name != "constant"),
        "has no effect with the schedule constant",
        "Write lr_scheduler_type: constant_with_warmup, or remove it",
        neutral=(0,),
    ),
    EffectRule(
        "EvaluationConfig.limit",
        "evaluation.limit",
        lambda look: _no_texts(look) and never(look, "reward.weights", bool),
        "is of written answers, and no metric needs any",
        "Remove it, add rouge to metrics, or mean loss_limit",
        warns=True,
    ),
    EffectRule(
        "EvaluationConfig.max_new_tokens",
        "evaluation.max_new_tokens",
        _no_answers,
        "is of written answers, and neither metrics nor examples need any",
        "Remove it, or add rouge to metrics",
        warns=True,
    ),
    EffectRule(
        "EvaluationConfig.bertscore_model",
        "evaluation.bertscore_model",
        lambda look: never(look, "evaluation.metrics", lambda names: "bertscore" in names),
        "is of the metric bertscore, which is not asked",
        "Remove it, or add bertscore to metrics",
    ),
    *(
        EffectRule(
            f"RewardConfig.{name}",
            f"reward.{name}",
            _unweighed(weight),
            f"is of the reward {weight}, which has no weight",
            f"Remove it, or give {weight} a weight",
        )
        for name, weight in (("judge", "judge"), ("model", "reward_model"))
    ),
    *(
        EffectRule(
            f"PPOTrainingConfig.{name}",
            f"training.{name}",
            _one_step,
            "has no effect where an update is one optimizer step: the policy is then the one that "
            "answered",
            "Remove it, or raise num_ppo_epochs or num_mini_batches",
        )
        for name in ("cliprange", "target_kl")
    ),
    EffectRule(
        "PPOTrainingConfig.cliprange_value",
        "training.cliprange_value",
        lambda look: _one_step(look) or never(look, "training.vf_coef", bool),
        "has no effect where an update is one optimizer step, or vf_coef is 0",
        "Remove it, or raise num_ppo_epochs, num_mini_batches or vf_coef",
    ),
    EffectRule(
        "PPOTrainingConfig.kl_estimator",
        "training.kl_estimator",
        lambda look: never(look, "training.kl_coef", bool),
        "has no effect with kl_coef 0: the divergence is then no part of the reward",
        "Remove it, or give kl_coef a value above 0",
    ),
    EffectRule(
        "PPOTrainingConfig.kl_target",
        "training.kl_target",
        lambda look: never(look, "training.kl_coef", bool),
        "has no effect with kl_coef 0: what is steered is a multiple of it",
        "Remove it, or give kl_coef a start above 0",
    ),
    EffectRule(
        "PPOTrainingConfig.kl_horizon",
        "training.kl_horizon",
        lambda look: never(look, "training.kl_target", bool),
        "has no effect without a kl_target",
        "Remove it, or set training.kl_target",
    ),
    *(
        EffectRule(
            f"GRPOTrainingConfig.{name}",
            f"training.{name}",
            lambda look: never(look, "training.num_iterations", lambda n: n > 1),
            "has no effect with num_iterations 1: the policy is then the one that answered",
            "Remove it, or raise num_iterations",
        )
        for name in ("epsilon", "epsilon_high")
    ),
)
