"""Keys of other tools for what is not here, or is said by other fields, by the reason."""

EVALUATED = "a trial is evaluated, and its checkpoint written, every `evaluation.every_epochs`"
IN_EPOCHS = "Write `every_epochs` in trial.evaluation: a number of epochs, e.g. 0.5"
ANSWERS = "the loss is always that of answers alone, of chats by `data.loss_turns`"

ABSENT: dict[str, tuple[str, str]] = {  # a reason, and the keys that it is of
    "batches are what the spec says": (
        "Remove it",
        "auto_find_batch_size eval_accumulation_steps dataloader_drop_last",
    ),
    "an update is of per_device_train_batch_size x gradient_accumulation_steps rows": (
        "Write these two: their product is that size",
        "total_batch_size global_batch_size effective_batch_size train_global_batch_size",
    ),
    "schedules have transformers' defaults": (
        "Remove it",
        "min_lr min_lr_ratio cosine_min_lr_ratio decay_steps lr_decay_steps lr_decay_ratio "
        "cosine_constant_lr_ratio num_cycles lr_scheduler_args",
    ),
    "a warm-up is said in steps": (
        "Write `warmup_steps`: steps, or below 1 a share of all steps",
        "warmup_epochs warmup_fraction",
    ),
    "gradients are clipped by their norm": ("Write `max_grad_norm`", "max_grad_value clip_value"),
    "there is no such method here": (
        "Remove it",
        "galore use_galore galore_rank lisa_n_layers lisa_step_interval relora_steps "
        "relora_warmup_steps ema ema_decay use_ema badam use_badam apollo use_apollo "
        "loraplus_lr_embedding lora_plus_lr_ratio loraplus_lr_ratio layerwise_lr lr_groups "
        "llama_pro use_llama_pro freeze_trainable_layers",
    ),
    "Unsloth's patches are not used": (
        "Remove it",
        "use_unsloth unsloth unsloth_gradient_checkpointing use_unsloth_gc "
        "unsloth_cross_entropy_loss unsloth_lora_mlp unsloth_lora_qkv unsloth_lora_o "
        "lora_mlp_kernel lora_qkv_kernel lora_o_kernel",
    ),
    "adapters begin as PEFT's default begins them": (
        "Remove it",
        "use_loftq loftq loftq_config pissa pissa_init pissa_iter pissa_convert init_weights "
        "freeze_a use_qalora qalora peft_init_lora_weights use_olora eva_config corda_config",
    ),
    "PEFT's default, none, is what is trained": ("Remove it", "lora_bias lora_bias_trainable"),
    "LoRA leaves the base frozen": (
        "Write `lora: null` to train all weights, or lora.modules_to_save for whole modules",
        "freeze_embeddings unfrozen_parameters freeze_layers freeze_vision_tower trainable_layers",
    ),
    "precision is said by trial.model": (
        "Write `dtype` in trial.model (bf16 and fp16 in trial.training mix precisions)",
        "precision mixed_precision half_precision_backend fp32 pure_bf16 bfloat16 float16",
    ),
    "the process's own settings hold": ("Remove it", "tf32 allow_tf32 cudnn_benchmark"),
    "the tokenizer's own are used": (
        "Remove it",
        "pad_token eos_token bos_token unk_token padding_side add_bos_token use_fast_tokenizer "
        "tokenizer_use_fast resize_token_embeddings resize_vocab add_tokens tokens new_tokens "
        "tokenizer_type split_special_tokens special_tokens_map",
    ),
    "the model's own configuration holds": (
        "Remove it",
        "rope_scaling rope_theta rope_parameters use_cache tie_word_embeddings "
        "max_position_embeddings model_config overrides_of_model_config s2_attn shift_attn "
        "low_cpu_mem_usage offload_folder max_memory model_type tokenizer_config device",
    ),
    "a run is shipped once it is chosen": (
        "Use `medsweep best RUN --export DIR`, and upload that folder",
        "push_to_hub hub_model_id hub_token hub_strategy hub_private_repo hub_repo_id "
        "push_to_hub_model_id",
    ),
    "medsweep sees to it": (
        "Remove it",
        "logging_first_step include_tokens_per_second include_num_input_tokens_seen "
        "save_only_model save_safetensors label_names log_level disable_tqdm "
        "gradient_checkpointing_kwargs activation_checkpointing_kwargs num_proc "
        "dataset_processes dataset_prepared_path preprocessing_batch_size buffer_size "
        "preprocessing_num_workers overwrite_cache tokenized_path skip_memory_metrics "
        "logging_nan_inf_filter use_cpu no_cuda local_rank do_train do_eval do_predict "
        "eval_on_start eval_delay gc_steps torch_empty_cache_steps padding_free "
        "eval_sample_packing eval_packing pad_to_multiple_of batch_eval_metrics "
        "dataloader_prefetch_factor dataloader_persistent_workers neat_packing gc_after_trial "
        "show_progress_bar catch controller fail_fast raise_on_failed_trial",
    ),
    "a trial has one device": (
        "Remove it",
        "accelerator num_nodes tensor_parallel_size context_parallel_size sequence_parallel_degree "
        "tensor_parallel ddp_timeout ddp_bucket_cap_mb fsdp_transformer_layer_cls_to_wrap "
        "deepspeed_config ds_config parallelism_config fsdp_final_state_dict_type",
    ),
    EVALUATED: (
        IN_EPOCHS,
        "val_check_interval check_val_every_n_epoch eval_freq eval_interval save_interval "
        "eval_every save_every checkpoint_every evaluation_interval save_freq test_freq "
        "eval_interval_steps",
    ),
    "answers are written without beams": (
        "Remove it",
        "generation_num_beams num_beam beam_size length_penalty",
    ),
    "an answer ends where the model ends it, or after max_new_tokens": (
        "Remove it",
        "min_new_tokens min_length stop_strings stop_sequences stop_token_ids",
    ),
    "metrics are named": (
        "Write `metrics: [perplexity, rouge]`, and benchmarks in `benchmarks`",
        "compute_metrics predict_with_generate eval_causal_lm_metrics do_causal_lm_eval",
    ),
    "benchmarks ask without examples": (
        "Remove it",
        "num_fewshot n_shot fewshot num_shots fewshot_as_multiturn",
    ),
    "so many rows are measured": (
        "Write `loss_limit` (losses) or `limit` (answers) in trial.evaluation",
        "eval_num_samples eval_samples max_eval_samples max_predict_samples eval_max_samples",
    ),
    "the model's own chat template is used": (
        "Remove it",
        "prompt_template prompt_format prompt_style chat_template_path default_template "
        "chat_template_kwargs instruction_template response_template conversation_template",
    ),
    "chats of role/content and from/value are read as they are": (
        "Remove it",
        "field_human field_model role_field content_field message_field_role "
        "message_field_content message_property_mappings role_tag content_tag user_tag "
        "assistant_tag field_system drop_system_message",
    ),
    ANSWERS: ("Remove it", "train_on_prompt train_on_response_only mask_prompt mask_inputs"),
    "a sampler's own settings are fixed": (
        "Remove it",
        "n_startup_trials n_ei_candidates multivariate constant_liar sampler_kwargs "
        "consider_prior prior_weight n_warmup_steps interval_steps",
    ),
    "how many trials run at once is said by cluster": (
        "Write `max_concurrent_trials` in cluster",
        "n_jobs parallelism num_parallel_trials parallel_trials concurrency",
    ),
    "what a trial gets is said by cluster": (
        "Write `gpus_per_trial` and `cpus_per_trial` in cluster",
        "resources_per_trial resources trial_resources",
    ),
}


def absent() -> dict[str, tuple[str, str]]:
    """Key → why it is not supported, and what to do."""
    return {name: (why, fix) for why, (fix, names) in ABSENT.items() for name in names.split()}
