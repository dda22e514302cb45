"""Which trials and engines honour a field of the spec, for every field of every section.

`docs/spec.md` shows it, `sweeps.reading.effects` refuses what follows from it, and a test
fails for a field that is not here. Add a field by adding its name to its class below.
"""

from typing import NamedTuple

PACKED_ONLY = frozenset({"ppo", "reward"})  # kinds that never train in the isolated engine
ANSWERING = ("sft", "ppo", "grpo", "dpo")  # kinds whose trials write answers

REWARDED = ("ppo", "grpo")  # kinds whose answers earn rewards


class Honoured(NamedTuple):
    """Where a field has an effect. `kinds`: of trials and stages, none named: all that have the
    section. `isolated`: only in the isolated engine. `where`: what else must hold, in words; a rule
    of `sweeps.reading.effects`, or the section itself, refuses or warns about the rest."""

    kinds: tuple[str, ...] = ()
    isolated: bool = False
    where: str = ""

    def __str__(self) -> str:
        """E.g. `sft, reward; isolated; where max_steps is null`."""
        parts = [", ".join(self.kinds) or "all"]
        parts += ["isolated only"] if self.isolated else []
        parts += [f"where {self.where}"] if self.where else []
        return "; ".join(parts)


ALL = Honoured()


def _fields(everywhere: str, **others: Honoured) -> dict[str, Honoured]:
    return {**dict.fromkeys(everywhere.split(), ALL), **others}


_OF_HUB = Honoured(where="`source` is on the hub")
_PUBLISHED = Honoured(where="`source` is not `hpo:…` or `toy:…`")
_OF_COLUMNS = Honoured(where="there is no `format`")
_OF_PAIRS = Honoured(where="`format` is null or preference")
_ITEMS = Honoured(where="there is a `format`, or `source` is `hpo:…`")
_SCORED = Honoured(where="a measure scores the options")
_GENERATED = Honoured(where="a measure needs written answers")
_OWN_STEP = Honoured(where="an update has several optimizer steps")
_REUSED = Honoured(where="`num_iterations` is above 1")
_KL_COSTS = Honoured(where="`kl_coef` is above 0")
_MADE = Honoured(where="`mode` is not disabled")

HONOURED: dict[str, dict[str, Honoured]] = {
    "SweepSpec": _fields("name trial search cluster tracking limits confirm smoke"),
    "ConfirmConfig": _fields("top seeds baselines vary stop_when_clear"),
    "SingleTrial": _fields("kind model data lora training evaluation"),
    "PPOConfig": _fields("reward"),
    "GRPOConfig": _fields("reward"),
    "StagedConfig": _fields("kind model lora evaluation stages"),
    "Stage": _fields("name"),
    "SFTStage": _fields("kind data training"),
    "RewardStage": _fields("kind data training start"),
    "PPOStage": _fields("kind data reward training"),
    "GRPOStage": _fields("kind data reward training"),
    "DPOStage": _fields("kind data training"),
    "ModelConfig": _fields(
        "name_or_path quantization dtype template_date",
        revision=Honoured(where="`name_or_path` is on the hub"),
        attn_implementation=Honoured(isolated=True),
    ),
    "LoraConfig": _fields(
        "r lora_alpha target_modules use_rslora adapter_name_or_path",
        lora_dropout=Honoured(("sft", "reward", "grpo", "dpo"), where="`disable_dropout` is false"),
        use_dora=Honoured(("sft", "grpo", "dpo"), isolated=True),
        modules_to_save=Honoured(("sft", "grpo", "dpo"), isolated=True),
    ),
    "SourceConfig": _fields(
        "source limit private validation test",
        split_limit=Honoured(where="`validation` is null"),
        format=_PUBLISHED,
        revision=_OF_HUB,
        subset=_OF_HUB,
        hub_split=Honoured(where="`source` is on the hub or has a `format`"),
        answer_index_base=Honoured(where="`format` is medmcqa"),
        fields=_OF_COLUMNS,
        instruction=_ITEMS,
        rationale=Honoured(
            where="there is a `format` or `fields.reasoning`, and `instruction` is not extractive"
        ),
        allow_benchmark_training=Honoured(where="there is a `format`"),
    ),
    "Component": _fields("name", weight=Honoured(where="`data.weights` is null")),
    "DataConfig": _fields(
        "mixture cleaning seed folds system_prompt",
        split=Honoured(where="`validation` is null"),
        validation_seed=Honoured(where="`validation` is null"),
        weights=Honoured(where="there is a `mixture`"),
        loss_turns=Honoured(where="rows are chats of several turns"),
        fold=Honoured(where="there are `folds`"),
    ),
    "FieldMapping": {
        **dict.fromkeys(("question", "answer", "group", "system", "messages"), _OF_COLUMNS),
        "reasoning": Honoured(where="there is no `format` and no column of chats"),
    },
    "CleaningConfig": _fields(
        "min_question_chars min_answer_chars drop_bare_boolean near_duplicate_threshold "
        "collapse_spaces"
    ),
    "PairSourceConfig": _fields(
        "source name limit private validation test",
        split_limit=Honoured(where="`validation` is null"),
        format=_PUBLISHED,
        revision=_OF_HUB,
        subset=_OF_HUB,
        hub_split=Honoured(where="`source` is on the hub or has a `format`"),
        fields=_OF_PAIRS,
        allow_benchmark_training=Honoured(where="there is a `format`"),
    ),
    "PairsConfig": _fields(
        "mixture unseen seed system_prompt",
        split=Honoured(where="`validation` is null"),
        validation_seed=Honoured(where="`validation` is null"),
    ),
    "PairFields": _fields(
        "", prompt=_OF_PAIRS, chosen=_OF_PAIRS, rejected=_OF_PAIRS, group=_OF_PAIRS
    ),
    "TrainingConfig": _fields(
        "seed learning_rate max_steps per_device_train_batch_size gradient_accumulation_steps "
        "lr_scheduler_type weight_decay max_grad_norm optim adam_beta1 adam_beta2 adam_epsilon "
        "gradient_checkpointing max_length early_stopping_patience",
        num_train_epochs=Honoured(where="`max_steps` is null"),
        warmup_steps=Honoured(where="`lr_scheduler_type` is not constant"),
        bf16=Honoured(("sft", "grpo", "dpo")),
        fp16=Honoured(("sft", "grpo", "dpo")),
        regularizer=Honoured(("sft", "reward")),
    ),
    "SFTTrainingConfig": _fields(
        "",
        neftune_noise_alpha=Honoured(isolated=True),
        label_smoothing_factor=Honoured(isolated=True),
    ),
    "RegularizerConfig": _fields("kind weight", data=Honoured(("sft",), True, "`kind` is ewc")),
    "DPOTrainingConfig": _fields(
        "beta loss_type disable_dropout",
        label_smoothing=Honoured(where="`loss_type` is robust or exo_pair"),
    ),
    "RewardTrainingConfig": _fields("center_rewards_coefficient"),
    "GRPOTrainingConfig": _fields(
        "num_generations max_completion_length temperature top_p beta num_iterations loss_type "
        "scale_rewards mask_truncated_completions",
        epsilon=_REUSED,
        epsilon_high=_REUSED,
    ),
    "PPOTrainingConfig": _fields(
        "response_length temperature num_ppo_epochs num_mini_batches gamma lam vf_coef "
        "entropy_coef kl_coef use_score_norm score_clip missing_eos_penalty whiten_rewards",
        cliprange=_OWN_STEP,
        cliprange_value=Honoured(where="an update has several optimizer steps, `vf_coef` above 0"),
        target_kl=_OWN_STEP,
        kl_estimator=_KL_COSTS,
        kl_target=_KL_COSTS,
        kl_horizon=Honoured(where="there is a `kl_target`"),
    ),
    "EvaluationConfig": _fields(
        "every_epochs loss_limit max_batch_tokens max_length",
        temperature=Honoured(REWARDED),
        top_p=Honoured(("grpo",)),
        response_length=Honoured(REWARDED),
        metrics=Honoured(ANSWERING),
        examples=Honoured(ANSWERING),
        benchmarks=Honoured(ANSWERING),
        limit=Honoured(ANSWERING, where="`metrics` has one of texts, or answers are rewarded"),
        max_new_tokens=Honoured(ANSWERING, where="`metrics` has one of texts, or of `examples`"),
        bertscore_model=Honoured(ANSWERING, where="`metrics` has bertscore"),
    ),
    "BenchmarkConfig": _fields(
        "name source split limit measures instruction few_shot",
        letters=_SCORED,
        samples=_GENERATED,
        max_new_tokens=_GENERATED,
        temperature=Honoured(where="`samples` is above 1"),
        bertscore_model=Honoured(where="`measures` has bertscore_f1"),
        seed=Honoured(where="something is drawn: `limit`, `few_shot` or `samples`"),
    ),
    "RewardConfig": _fields(
        "weights step_metric",
        judge=Honoured(where="the reward `judge` has a weight"),
        model=Honoured(where="the reward `reward_model` has a weight; no stages"),
    ),
    "JudgeConfig": _fields(
        "base_url model api_key_env batch_size timeout_seconds retries max_cost_usd "
        "usd_per_million_input_tokens usd_per_million_output_tokens max_answer_chars"
    ),
    "LearnedRewardConfig": _fields("adapter_name_or_path"),
    "SearchSpec": _fields(
        "parameters baselines objective sampler seed early_stopping selection num_trials seeds"
    ),
    "Parameter": _fields("value values distribution min max q simplex when times"),
    "Objective": _fields("metric mode"),
    "EarlyStopping": _fields(
        "kind metric",
        reduction_factor=Honoured(where="`kind` is asha"),
        grace=Honoured(where="it is at most 0.5, the last rung before the end"),
        min_trials=Honoured(where="`kind` is median"),
    ),
    "Selection": _fields(
        "rule constraints targets cheapest_by",
        metrics=Honoured(where="`rule` is balanced or lexicographic"),
        weights=Honoured(where="`rule` is weighted"),
        tolerances=Honoured(where="`rule` is lexicographic"),
    ),
    "ClusterConfig": _fields(
        "target cpus_per_trial gpus_per_trial trials_per_gpu max_concurrent_trials",
        address=Honoured(where="`target` is ray"),
    ),
    "TrackingConfig": _fields("wandb tensorboard"),
    "WandbConfig": _fields("mode", project=_MADE, entity=_MADE, log_adapter=_MADE),
    "LimitsConfig": _fields(
        "retries hang_minutes grace_seconds disk_gb keep_checkpoints max_lost_rows "
        "min_training_rows"
    ),
}
