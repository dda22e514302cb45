"""Keys of other tools and of older releases that need more than another name: another unit, another
place, or no such thing here. Those that only have another name are in
`search_spaces/foreign_names.py`.
"""

from typing import NamedTuple

from search_spaces.values import text_of
from sweeps.reading.foreign_absent import ANSWERS, EVALUATED, IN_EPOCHS, absent


class ForeignKey(NamedTuple):
    """What to say of a key, and what to write; without a `key` there is nothing like it."""

    message: str
    fix: str = "Remove it"
    key: str | None = None  # our field in the same section, whose value follows
    value: str | None = None  # None: the value as it was written

    def advice(self, value: object) -> str:
        """The fix for a key that was written with this value."""
        if self.key is None:
            return self.fix
        if value is False:  # switched off, as it is here by default
            return "Remove it"
        return f"Write `{self.key}: {text_of(value) if self.value is None else self.value}`"


def _absent(reason: str, fix: str = "Remove it") -> ForeignKey:
    return ForeignKey(f"is not supported: {reason}", fix)


SHARES = (
    "Write `split` in trial.data: shares of training, validation and test, e.g. [0.85, 0.1, 0.05]; "
    "or name rows of their own in `validation`"
)
TRACKING = "Write `tracking: {wandb: {project: …}}`, or `tracking: {tensorboard: true}`"
NO_PADDING = "rows are never padded to each other's length in a pack, and batches keep their order"
OWN_ROWS = "Write `validation: FILE` in trial.data: a file, a list of files, a folder or split:NAME"

FOREIGN: dict[str, ForeignKey] = {
    "warmup_ratio": ForeignKey(
        "is gone from transformers 5: warmup_steps below 1 is a share of all steps",
        key="warmup_steps",
    ),
    "torch_dtype": ForeignKey("is called dtype in transformers 5", key="dtype"),
    "load_in_4bit": ForeignKey("is said by model.quantization", key="quantization", value="nf4"),
    "load_in_8bit": ForeignKey("is said by model.quantization", key="quantization", value="int8"),
    "quantization_bit": ForeignKey(
        "is said by model.quantization", "Write `quantization: nf4` (4 bits) or `int8` (8 bits)"
    ),
    "bnb_4bit_use_double_quant": _absent("nf4 is always double-quantized"),
    "use_double_quant": _absent("nf4 is always double-quantized"),
    "trust_remote_code": _absent("a model's own code is never run"),
    "adapter": ForeignKey(
        "is no key here: adapters are what `trial.lora` says, and `lora: null` trains all weights",
        "Write `quantization: nf4` in trial.model for QLoRA, or an adapter to start from in "
        "lora.adapter_name_or_path",
    ),
    "finetuning_type": ForeignKey(
        "is said by `trial.lora`", "Write `lora: null` to train all weights, else the section lora"
    ),
    "lora_target_linear": ForeignKey(
        "is said by target_modules", "Write `target_modules: all-linear`"
    ),
    "bias": _absent("PEFT's default, none, is what is trained"),
    "task_type": _absent("it follows from trial.kind"),
    "fan_in_fan_out": _absent("it follows from the model's layers"),
    "lora_fan_in_fan_out": _absent("it follows from the model's layers"),
    "init_lora_weights": _absent("adapters begin as PEFT's default begins them"),
    # how rows are laid out
    "packing": _absent("a row is a sequence of its own", "Remove it: trials are packed, not rows"),
    "sample_packing": _absent(
        "a row is a sequence of its own", "Remove it: trials are packed, not rows"
    ),
    "pad_to_sequence_len": _absent(NO_PADDING),
    "group_by_length": _absent(NO_PADDING),
    "assistant_only_loss": _absent(ANSWERS),
    "completion_only_loss": _absent(ANSWERS),
    "train_on_inputs": _absent(ANSWERS),
    "train_on_input": _absent(ANSWERS),
    "top_k": _absent("answers are sampled from the whole distribution, by `temperature`"),
    "repetition_penalty": _absent("answers are written by the model's own probabilities"),
    "chat_template": _absent("the model's own is used"),
    "template": _absent("the model's own chat template is used"),
    "special_tokens": _absent("the model's own are used"),
    # when something happens
    "eval_steps": ForeignKey(f"is no key here: {EVALUATED}", IN_EPOCHS),
    "save_steps": ForeignKey(f"is no key here: {EVALUATED}", IN_EPOCHS),
    "evals_per_epoch": ForeignKey(f"is no key here: {EVALUATED}", IN_EPOCHS),
    "saves_per_epoch": ForeignKey(f"is no key here: {EVALUATED}", IN_EPOCHS),
    "eval_strategy": ForeignKey(f"is no key here: {EVALUATED}", IN_EPOCHS),
    "evaluation_strategy": ForeignKey(f"is no key here: {EVALUATED}", IN_EPOCHS),
    "save_strategy": ForeignKey(f"is no key here: {EVALUATED}", IN_EPOCHS),
    "logging_steps": _absent("a trial logs about 25 times, and at every evaluation"),
    "logging_strategy": _absent("a trial logs about 25 times, and at every evaluation"),
    "load_best_model_at_end": _absent("the best step's weights are always the ones that ship"),
    "metric_for_best_model": ForeignKey(
        "is said by search.objective", "Write `objective: {metric: …, mode: …}` in search"
    ),
    "greater_is_better": ForeignKey("is said by search.objective", "Write its `mode`: min or max"),
    "report_to": ForeignKey("is said by the section tracking", TRACKING),
    "logging_dir": ForeignKey("is said by the section tracking", TRACKING),
    "output_dir": ForeignKey("is no key here", "Use --output DIR on the command line"),
    "overwrite_output_dir": _absent("a run folder is never written over", "Use --name for another"),
    "resume_from_checkpoint": ForeignKey("is no key here", "Use `medsweep resume RUN`"),
    "storage": _absent("the run folder is the record of a sweep; study.db is made of it"),
    # rows for validation
    "val_set_size": ForeignKey("is said by data.split", SHARES),
    "val_size": ForeignKey("is said by data.split", SHARES),
    "test_size": ForeignKey("is said by data.split", SHARES),
    "validation_split": ForeignKey("is said by data.split", SHARES),
    "test_datasets": ForeignKey("is said by data.validation", OWN_ROWS),
    "eval_datasets": ForeignKey("is said by data.validation", OWN_ROWS),
    "mask_history": ForeignKey("is said by data.loss_turns", key="loss_turns", value="last"),
    "train_on_last_turn_only": ForeignKey(
        "is said by data.loss_turns", key="loss_turns", value="last"
    ),
    "roles_to_train": _absent(ANSWERS),
    "dataset_text_field": ForeignKey(
        "is said by data.fields", "Write `fields: {question: COLUMN, answer: COLUMN}` in trial.data"
    ),
    # reinforcement learning
    "mini_batch_size": ForeignKey(
        "is said by a number of minibatches",
        "Write `num_mini_batches`: into how many an update is cut",
    ),
    "num_processes": ForeignKey("is said by the section cluster", "See cluster.gpus_per_trial"),
    "nproc_per_node": ForeignKey("is said by the section cluster", "See cluster.gpus_per_trial"),
    "deepspeed": _absent("a trial has one device"),
    "fsdp": _absent("a trial has one device"),
    "fsdp_config": _absent("a trial has one device"),
    "ddp_find_unused_parameters": _absent("a trial has one device"),
    # searches
    "program": _absent("medsweep trains by itself; trial says what"),
    "command": _absent("medsweep trains by itself; trial says what"),
    "load_if_exists": ForeignKey("is no key here", "Use `medsweep resume RUN`"),
    "timeout": _absent("a sweep ends by search.num_trials", "Write `num_trials` in search"),
}

FOREIGN |= {name: _absent(reason, fix) for name, (reason, fix) in absent().items()}
FOREIGN["warmup_proportion"] = FOREIGN["warmup_ratio"]


def foreign_key(name: str) -> ForeignKey | None:
    """What to say of a key of another tool, or None."""
    return FOREIGN.get(name.lower().replace("-", "_"))
