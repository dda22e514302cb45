"""Keys of other tools whose meaning depends on the section that they were written in: a `scheduler`
is a learning rate's in `training` and Ray Tune's rule for stopping in `search`.
"""

STOPPING = "Write `early_stopping: {kind: asha}` (or median)"
NO_PATH = "Write `source: FILE`: a file, a data set of the hub or toy:drugs"
COLUMNS = "Write `fields: {question: COLUMN, answer: COLUMN}`"
GREEDY = "Remove it: answers are greedy, those of ppo and grpo sampled at `temperature`"
ONE_DEVICE = "Remove it: a trial has one device"
NO_STOP = "Remove it: an answer ends where the model ends it, or after max_new_tokens"
CHATS = "Remove it: chats of role/content and from/value are read as they are"
MEMORY = "Remove it: memory is measured; `trials_per_gpu` says how many trials share a device"
SAMPLER = "Remove it: a sampler's own settings are fixed"
TOKENIZER = "Remove it: the tokenizer of the model's own folder is used"

# (section, foreign key in lower case) → what to write
PLACES: dict[tuple[str, str], str] = {
    ("search", "scheduler"): STOPPING,
    ("search", "grace_period"): "Write `grace` in search.early_stopping, a share of all steps",
    ("early_stopping", "grace_period"): "Did you mean `grace`?",
    ("early_stopping", "type"): "Did you mean `kind`?",
    ("early_stopping", "brackets"): "Remove it: there is one bracket",
    ("search", "metric"): "Write `objective: {metric: …, mode: …}`",
    ("", "metric"): "Write `objective: {metric: …, mode: …}` in search",
    ("search", "time_budget_s"): "Remove it: a sweep ends by `num_trials`",
    ("", "datasets"): "Write `source` in trial.data, or several files with weights in `mixture`",
    ("", "dataset"): "Write `source` in trial.data",
    ("", "description"): "Write it as a comment: # ...",
    ("lora", "target"): "Did you mean `target_modules`?",
    ("lora", "peft_type"): "Remove it: adapters are LoRA's",
    ("lora", "rank_pattern"): "Remove it: all modules have one rank",
    ("lora", "alpha_pattern"): "Remove it: all modules have one alpha",
    ("lora", "layers_to_transform"): "Remove it: all layers are adapted",
    ("model", "tokenizer"): TOKENIZER,
    ("model", "tokenizer_name"): TOKENIZER,
    ("model", "tokenizer_name_or_path"): TOKENIZER,
    ("model", "device_map"): "Remove it: a trial has one device",
    ("model", "use_flash_attention_2"): "Write `attn_implementation: flash_attention_2`",
    ("model", "flash_attention"): "Write `attn_implementation: flash_attention_2`",
    ("", "flash_attention"): "Write `attn_implementation: flash_attention_2` in trial.model",
    ("model", "quantization_config"): "Write `quantization: nf4` or `int8`",
    ("model", "name"): "Did you mean `name_or_path`?",
    ("model", "path"): "Did you mean `name_or_path`?",
    ("data", "path"): NO_PATH,
    ("data", "file"): NO_PATH,
    ("data", "name"): NO_PATH,
    ("data", "dataset_dir"): NO_PATH,
    ("data", "data_files"): NO_PATH,
    ("data", "text_column"): COLUMNS,
    ("data", "prompt_column"): COLUMNS,
    ("data", "columns"): COLUMNS,
    ("data", "type"): "Write `format`, or name columns in `fields`",
    ("data", "shuffle"): "Remove it: each epoch has an order of its own, drawn by training.seed",
    ("data", "streaming"): "Remove it: files are read whole",
    ("evaluation", "do_sample"): GREEDY,
    ("evaluation", "num_beams"): "Remove it: answers are written without beams",
    ("evaluation", "batch_size"): "Write `max_batch_tokens`",
    ("evaluation", "per_device_eval_batch_size"): "Write `max_batch_tokens`",
    ("training", "per_device_eval_batch_size"): "Write `max_batch_tokens` in trial.evaluation",
    ("training", "eval_batch_size"): "Write `max_batch_tokens` in trial.evaluation",
    ("evaluation", "metric"): "Did you mean `metrics`?",
    ("evaluation", "tasks"): "Did you mean `benchmarks`?",
    ("training", "lr_scheduler_kwargs"): "Remove it: schedules have transformers' defaults",
    (
        "training",
        "use_liger_kernel",
    ): "Remove it: Liger's kernels are not installed",
    (
        "training",
        "torch_compile",
    ): "Remove it: no engine compiles the model",
    ("training", "loraplus_lr_ratio"): "Remove it: both matrices have one learning rate",
    ("training", "stage"): "Write `kind` in trial: sft, reward, ppo, grpo, dpo or staged",
    ("training", "output_router_logits"): "Remove it: there is no such loss here",
    ("training", "max_prompt_length"): "Write `max_length`: tokens of question and answer together",
    ("training", "data_seed"): "Remove it: training.seed draws the order of rows too",
    ("training", "train_on_eos"): "Remove it: the end mark of what is learnt is always learnt",
    ("training", "strategy"): ONE_DEVICE,
    ("training", "devices"): ONE_DEVICE,
    ("training", "stop"): "Remove it: a trial ends by its epochs, max_steps or patience",
    ("evaluation", "stop"): NO_STOP,
    (
        "evaluation",
        "seed",
    ): "Remove it: answers are greedy, or drawn alike for all trials",
    ("evaluation", "eval_table_size"): "Write `examples`: questions that every trial answers",
    ("data", "shuffle_seed"): "Write `seed`, which draws rows and splits",
    ("data", "train_split"): "Write `hub_split`: the published split to train on",
    ("data", "roles"): CHATS,
    ("lora", "exclude_modules"): "Write the modules to adapt in `target_modules`",
    ("search", "stop"): "Remove it: a sweep ends by `num_trials`, a trial by its epochs",
    ("search", "points_to_evaluate"): "Write `baselines: {NAME: {lora.r: 8, …}}`",
    ("search", "num_workers"): "Write `max_concurrent_trials` in cluster",
    ("search", "group"): SAMPLER,
    ("search", "direction"): "Write `objective: {metric: …, mode: min}`",
    ("search", "directions"): "Write a list of objectives, each with its `mode`",
    ("search", "goal"): "Write `objective: {metric: …, mode: min}`",
    **dict.fromkeys((("search", n) for n in ("random_state", "random_seed")), "Write `seed`"),
    ("objective", "name"): "Write `metric`",
    ("objective", "goal"): "Write `mode: min` or `mode: max`",
    ("objective", "direction"): "Write `mode: min` or `mode: max`",
    (
        "early_stopping",
        "min_iter",
    ): "Write `grace`, a share of all steps",
    ("early_stopping", "max_iter"): "Remove it: a trial ends by its own epochs",
    ("early_stopping", "eta"): "Write `reduction_factor`",
    ("early_stopping", "patience"): (
        "Write `early_stopping_patience` in trial.training: this one compares trials"
    ),
    ("cluster", "memory_per_trial"): MEMORY,
    ("cluster", "gpu_memory"): MEMORY,
    ("cluster", "num_workers"): "Write `max_concurrent_trials`: trials that run at once",
    ("cluster", "use_gpu"): "Write `gpus_per_trial: 1`, or 0",
    ("cluster", "nodes"): "Remove it: trials go wherever the cluster at `address` has room",
    ("cluster", "num_nodes"): "Remove it: trials go wherever the cluster at `address` has room",
    ("", "wandb"): "Write `tracking: {wandb: {project: NAME}}`",
    ("", "tensorboard"): "Write `tracking: {tensorboard: true}`",
    ("", "stage"): "Write `kind` in trial: sft, reward, ppo, grpo, dpo or staged",
    ("", "defaults"): "Remove it: a spec holds everything; `--set` changes single values",
    (
        "",
        "use_peft",
    ): "Remove it: `lora: null` in trial trains all weights, else LoRA",
    **dict.fromkeys(
        [
            ("training", name)
            for name in (
                "dataloader_num_workers",
                "dataloader_pin_memory",
                "preprocessing_num_workers",
                "dataset_num_proc",
                "overwrite_cache",
                "remove_unused_columns",
                "plot_loss",
            )
        ],
        "Remove it: medsweep sees to it",
    ),
}


def of_section(section: str, key: str) -> str | None:
    """What to write for a key in this section ("" is the top of the file), or None.

    >>> of_section("search", "scheduler"), of_section("training", "scheduler")
    ('Write `early_stopping: {kind: asha}` (or median)', None)
    """
    return PLACES.get((section, key.lower().replace("-", "_")))
