"""For every path that may be searched: whether trials that differ in it are still measured alike.

The one place that says so. Two trials are measured alike by a metric where the same rows (ids and
tokens), prompt and sampling give it, by the same formula. A path is in `ALIKE`, or in `DIFFERS`
with the metrics that it changes the meaning of; a test fails for a path that is in neither. Which
of these metrics a sweep compares trials by, `comparable_checks` looks up. Where a field holds the
measure fixed whatever a trial has (`held_by`), the path may be searched: `held.py` sets that field
where the spec does not.

`training.seed` and `data.fold` are alike because the analysis averages over them.
"""

import re
from typing import NamedTuple

from sweeps.reading.metric_groups import MEASURED, OF_ROWS, group_of
from trainables.data.rows_apart import SPLIT, OwnRows, named_rows
from trainables.evaluation.metric_names import REWARD, UNSEEN
from trainables.rewards.config import REWARD_MODEL

LEARNED = f"{REWARD}{REWARD_MODEL}"
BENCHMARK = "or a benchmark's (evaluation.benchmarks)"
ONE_VALUE = "Write one value into the trial, or compare by"


class Difference(NamedTuple):
    """What trials that differ in a path are not measured alike by: groups of metrics, or names;
    why, and what to do instead. `kinds`: of the training that the path is in; () is all.
    `held_by` is the field that holds the measure fixed, of `evaluation` or beside the path."""

    metrics: tuple[str, ...]
    why: str
    fix: str
    kinds: tuple[str, ...] = ()
    held_by: str = ""

    def concerns(self, metric: str, kind: str) -> bool:
        """Whether a metric of trials of a kind means something else for each value."""
        among = metric in self.metrics or group_of(metric) in self.metrics
        return among and (not self.kinds or kind in self.kinds)


def differences(path: str) -> tuple[Difference, ...] | None:
    """In what trials that differ in a path of one training are not measured alike, () where they
    are; None where nobody has said so. The path is within its stage (`training.beta`); an entry of
    a mixture counts as the section `data`, whose fields it has."""
    path = re.sub(r"^data\.mixture\.\d+\.", "data.", path)
    for length in range(len(path.split(".")), 0, -1):
        above = ".".join(path.split(".")[:length])
        if above != path and above not in WHOLE:
            continue
        if above in DIFFERS:
            return DIFFERS[above]
        if above in ALIKE:
            return ()
    return None


# of a data section with validation rows of its own, the fields that change the training rows alone;
# the others say how its validation rows are read too
TRAINING_ALONE = frozenset({"limit", "seed", "split"})
FROM_ELSEWHERE = frozenset({"source", "revision", "subset", "hub_split"})  # beside files of its own


def training_alone(field: str, validation: OwnRows) -> bool:
    """Whether a field of a data section, whose `validation` is known, changes no measured row."""
    names = named_rows(validation)
    if any(str(name).startswith(SPLIT) for name in names):
        return field in TRAINING_ALONE
    return bool(names) and field in TRAINING_ALONE | FROM_ELSEWHERE


def held_path(path: str, held_by: str) -> str:
    """Where the field is that holds fixed what `path` (of the whole trial) would change."""
    beside = "" if held_by.startswith("evaluation.") else f"{path.rpartition('.')[0]}."
    return f"{beside}{held_by}"


def _paths(section: str, names: str) -> list[str]:
    return [f"{section}.{name}" for name in names.split()]


_COMPARED_DEFINITIONS = "values of different definitions cannot be compared"
_ALONE = f"{ONE_VALUE} a measure that means the same in every trial:"
_OF_PAIRS = f"Use a measure that means the same in every trial: pairwise_accuracy, {BENCHMARK}"
_OF_REWARDS = (
    "Use a measure that means the same in every trial: a reward by itself (reward_NAME), val_loss, "
    f"{BENCHMARK}"
)
_OF_A_REWARD = Difference(("reward", "train_loss"), _COMPARED_DEFINITIONS, _OF_REWARDS)
# of a reward model that is trained in each trial anew: see `reward_checks.teaches`
TAUGHT = _OF_A_REWARD._replace(metrics=("reward", LEARNED))
_OTHER_ROWS = Difference(
    OF_ROWS,
    "each trial would be measured on validation rows of its own",
    f"{_ALONE} a benchmark's (evaluation.benchmarks), which is asked the same of all",
)
_OTHER_DRAW = _OTHER_ROWS._replace(metrics=(*OF_ROWS, UNSEEN))
_OF_VALIDATION = tuple(group for group in OF_ROWS if group != "train")
_OTHER_LIMIT = _OTHER_ROWS._replace(metrics=_OF_VALIDATION, held_by="split_limit")
_CUT = Difference(
    (*_OF_VALIDATION, UNSEEN),
    "each trial's validation rows would be cut at a length of its own",
    f"{_ALONE} a benchmark's (evaluation.benchmarks), whose questions are not cut",
    held_by="evaluation.max_length",
)
_PROMPT = Difference(
    (*OF_ROWS, UNSEEN, "benchmark"),
    "each trial would be measured under a prompt of its own",
    "Write one prompt into the trial: it is what all are measured with. Compare prompts with "
    "sweeps of their own, or `medsweep evaluate`",
)
_TRAINED_ROWS = Difference(
    ("train",),
    "each trial's loss would be that of training rows of its own",
    "Use val_loss, whose rows are the same in all trials",
)
# the same of `data.limit` or `data.seed` where validation rows are their own
MORE_OR_FEWER = _TRAINED_ROWS._replace(metrics=("train", UNSEEN))
_SAMPLING = Difference(
    ("sampled",),
    "answers are sampled in each trial as it trains, so what they earn would be measured "
    "differently",
    f"{_ALONE} val_loss, {BENCHMARK}",
    ("ppo", "grpo"),
)
_TEMPERATURE = _SAMPLING._replace(held_by="evaluation.temperature")
_NUCLEUS = _SAMPLING._replace(held_by="evaluation.top_p")
_ANSWER_LENGTH = _SAMPLING._replace(held_by="evaluation.response_length")
_TRAIN_LOSS = Difference(
    ("train",),
    _COMPARED_DEFINITIONS,
    f"Use a measure that means the same in every trial: val_loss, {BENCHMARK}",
    ("ppo", "grpo", "reward"),
)
_PAIR_LOSS = Difference(("val_loss", "train_loss"), _COMPARED_DEFINITIONS, _OF_PAIRS, ("dpo",))
_OTHER_TOKENS = Difference(
    ("train", "answer_tokens", "truncated"),
    "each base model counts tokens of its own",
    f"{_ALONE} bits_per_byte, {BENCHMARK}",
)
_EVALUATION = "it is part of the measure itself, which must be one for all trials"
_ONE_MEASURE = "Write one value into trial.evaluation"


def _measure(*metrics: str) -> tuple[Difference, ...]:
    return (Difference(metrics, _EVALUATION, _ONE_MEASURE),)


# sections whose every field, and lists and mappings whose every entry, has the answer of the whole
WHOLE = frozenset(
    {
        *("lora", "reward.weights", "reward.judge", "reward.model", "training.regularizer"),
        *("data.fields", "data.cleaning", "data.unseen", "data.mixture", "data.weights"),
        "evaluation.benchmarks",
    }
)

DIFFERS: dict[str, tuple[Difference, ...]] = {
    # a loss per token of several models is replaced by bits per byte (`SearchSpec.compared`), for
    # which only trials that learn from pairs have no use
    "model.name_or_path": (
        _OTHER_TOKENS,
        Difference(("val_loss",), _COMPARED_DEFINITIONS, _OF_PAIRS, ("reward", "dpo")),
    ),
    "model.revision": (
        _OTHER_TOKENS._replace(
            metrics=(*_OTHER_TOKENS.metrics, "val_loss", "perplexity"),
            why="a revision may bring a tokenizer of its own, whose tokens are others",
        ),
    ),
    **dict.fromkeys(
        _paths(
            "data",
            "source format revision subset hub_split answer_index_base fields instruction "
            "rationale split_limit mixture name cleaning split folds validation test "
            "validation_seed",
        ),
        (_OTHER_ROWS,),
    ),
    "data.limit": (_OTHER_LIMIT, _TRAINED_ROWS),
    "data.seed": (_OTHER_DRAW,),
    "data.system_prompt": (_PROMPT,),
    "data.loss_turns": (
        _OTHER_ROWS._replace(
            metrics=("loss", "train"), why="each trial would be measured on answers of its own"
        ),
    ),
    "model.template_date": (_PROMPT,),
    "data.unseen": (_OTHER_ROWS._replace(metrics=(UNSEEN,)),),
    **dict.fromkeys(_paths("data", "weights weight"), (_TRAINED_ROWS,)),
    "reward.weights": (_OF_A_REWARD,),
    "reward.step_metric": (Difference(MEASURED, _EVALUATION, "Write one value"),),
    "reward.judge": (_OF_A_REWARD._replace(metrics=("reward", f"{REWARD}judge", "train_loss")),),
    "reward.model": (_OF_A_REWARD._replace(metrics=("reward", LEARNED, "train_loss")),),
    "stages": (_OTHER_DRAW._replace(why="each trial's last stage would measure in its own way"),),
    "training.max_length": (_CUT, _TRAINED_ROWS),
    "training.temperature": (_TEMPERATURE, _TRAIN_LOSS),
    "training.top_p": (_NUCLEUS, _TRAIN_LOSS),
    **dict.fromkeys(
        _paths("training", "response_length max_completion_length"), (_ANSWER_LENGTH, _TRAIN_LOSS)
    ),
    "training.beta": (
        _PAIR_LOSS._replace(metrics=(*_PAIR_LOSS.metrics, "pairwise_ece", "pairwise_brier")),
        _TRAIN_LOSS,
    ),
    "training.loss_type": (_PAIR_LOSS, _TRAIN_LOSS),
    "training.label_smoothing": (_PAIR_LOSS,),
    "training.label_smoothing_factor": (_TRAIN_LOSS,),
    "training.neftune_noise_alpha": (_TRAIN_LOSS,),
    **dict.fromkeys(
        _paths(
            "training",
            "center_rewards_coefficient num_generations num_iterations epsilon epsilon_high "
            "scale_rewards mask_truncated_completions num_ppo_epochs num_mini_batches gamma lam "
            "cliprange cliprange_value vf_coef entropy_coef kl_coef kl_estimator kl_target "
            "kl_horizon target_kl use_score_norm score_clip missing_eos_penalty whiten_rewards",
        ),
        (_TRAIN_LOSS,),
    ),
    "evaluation.metrics": _measure("text", "perplexity"),
    "evaluation.every_epochs": _measure(*MEASURED),
    "evaluation.limit": _measure("text", "sampled"),
    "evaluation.loss_limit": _measure("loss", "pairs", UNSEEN),
    "evaluation.max_new_tokens": _measure("text"),
    "evaluation.max_length": _measure(*_OF_VALIDATION, UNSEEN),
    **dict.fromkeys(_paths("evaluation", "temperature top_p response_length"), _measure("sampled")),
    "evaluation.max_batch_tokens": _measure("sampled"),  # batches draw their noise one by one
    "evaluation.bertscore_model": _measure("bertscore_f1"),
    "evaluation.benchmarks": _measure("benchmark"),
}

ALIKE = frozenset(
    {
        *_paths("model", "quantization dtype attn_implementation"),
        *("lora", "training.regularizer", "evaluation.examples"),
        *_paths("data", "fold private allow_benchmark_training"),
        *_paths(
            "training",
            "seed learning_rate num_train_epochs max_steps per_device_train_batch_size "
            "gradient_accumulation_steps lr_scheduler_type warmup_steps weight_decay max_grad_norm "
            "optim adam_beta1 adam_beta2 adam_epsilon gradient_checkpointing bf16 fp16 "
            "early_stopping_patience disable_dropout",
        ),
        *("name", "start"),  # of a stage
    }
)
