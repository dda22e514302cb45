"""What other tools call our fields, where spelling alone would not find them.

Names of TRL, transformers, PEFT, Axolotl, LLaMA-Factory, W&B Sweeps, Optuna and Ray Tune.
Those that need more than another name (another unit, or no such thing here) are in
`sweeps/reading/foreign_keys.py`.
"""

# the foreign name, in lower case with underscores → the last part of our field's path
ALIASES: dict[str, str] = {
    # LoRA
    "rank": "r",
    "lora_r": "r",
    "lora_rank": "r",
    "alpha": "lora_alpha",
    "dropout": "lora_dropout",
    "lora_target": "target_modules",
    "lora_target_modules": "target_modules",
    "lora_modules_to_save": "modules_to_save",
    "additional_target": "modules_to_save",
    "peft_use_dora": "use_dora",
    "peft_use_rslora": "use_rslora",
    "lora_model_dir": "adapter_name_or_path",
    # model
    "model_name": "name_or_path",
    "model_name_or_path": "name_or_path",
    "base_model": "name_or_path",
    "pretrained_model_name_or_path": "name_or_path",
    "model_revision": "revision",
    "bnb_4bit_quant_type": "quantization",
    "bnb_4bit_compute_dtype": "dtype",
    "flash_attn": "attn_implementation",
    # training
    "noisy_embedding_alpha": "neftune_noise_alpha",
    "label_smoothing_eps": "label_smoothing_factor",
    "lr": "learning_rate",
    "epochs": "num_train_epochs",
    "num_epochs": "num_train_epochs",
    "n_epochs": "num_train_epochs",
    "batch_size": "per_device_train_batch_size",
    "micro_batch_size": "per_device_train_batch_size",
    "train_batch_size": "per_device_train_batch_size",
    "train_micro_batch_size_per_gpu": "per_device_train_batch_size",
    "grad_accum": "gradient_accumulation_steps",
    "accumulate_grad_batches": "gradient_accumulation_steps",
    "max_seq_length": "max_length",
    "max_seq_len": "max_length",
    "sequence_len": "max_length",
    "cutoff_len": "max_length",
    "model_max_length": "max_length",
    "max_sequence_length": "max_length",
    "scheduler": "lr_scheduler_type",
    "lr_scheduler": "lr_scheduler_type",
    "learning_rate_scheduler": "lr_scheduler_type",
    "optimizer": "optim",
    "warmup": "warmup_steps",
    "num_warmup_steps": "warmup_steps",
    "grad_clip": "max_grad_norm",
    "gradient_clipping": "max_grad_norm",
    "clip_grad_norm": "max_grad_norm",
    "activation_checkpointing": "gradient_checkpointing",
    "beta1": "adam_beta1",
    "beta2": "adam_beta2",
    "adam_eps": "adam_epsilon",
    "eps": "adam_epsilon",
    "wd": "weight_decay",
    "patience": "early_stopping_patience",
    "max_train_steps": "max_steps",
    # learning from preferences and rewards
    "pref_beta": "beta",
    "dpo_beta": "beta",
    "rl_beta": "beta",
    "pref_loss": "loss_type",
    "reward_weights": "weights",
    "reward_funcs": "weights",
    "init_kl_coef": "kl_coef",
    "ppo_epochs": "num_ppo_epochs",
    "ppo_target": "kl_target",
    "horizon": "kl_horizon",
    "num_sample_generations": "num_generations",
    "group_size": "num_generations",
    # data
    "dataset": "source",
    "dataset_name": "source",
    "dataset_path": "source",
    "data_path": "source",
    "train_file": "source",
    "max_samples": "limit",
    "max_train_samples": "limit",
    "dataset_split": "hub_split",
    "dataset_config": "subset",
    "interleave_probs": "weights",
    # search
    "method": "sampler",
    "search_alg": "sampler",
    "algorithm": "sampler",
    "n_trials": "num_trials",
    "num_samples": "num_trials",
    "run_cap": "num_trials",
    "max_trials": "num_trials",
    "count": "num_trials",
    "direction": "mode",
    "goal": "mode",
    "early_terminate": "early_stopping",
    "pruner": "early_stopping",
    "search_space": "parameters",
    "param_space": "parameters",
    "eta": "reduction_factor",
    # where it runs
    "max_concurrent": "max_concurrent_trials",
    "gpus": "gpus_per_trial",
    "num_gpus": "gpus_per_trial",
    "cpus": "cpus_per_trial",
    "num_cpus": "cpus_per_trial",
    "wandb_project": "project",
    "wandb_entity": "entity",
    "wandb_mode": "mode",
    "max_retries": "retries",
    "max_failures": "retries",
    "num_to_keep": "keep_checkpoints",
    "save_total_limit": "keep_checkpoints",
    "study_name": "name",
    "run_name": "name",
    "experiment_name": "name",
}


def our_name(name: str) -> str | None:
    """The last part of our field that a name of another tool stands for, or None.

    >>> our_name("lora-rank"), our_name("microBatchSize"), our_name("r")
    ('r', None, None)
    """
    return ALIASES.get(name.lower().replace("-", "_"))
