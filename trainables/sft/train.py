"""One SFT trial in the isolated engine: TRL's trainer, PEFT's adapters or all weights,
one trial a process."""

import gc
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from trainables.context import TrialContext
from trainables.data.token_rows import TokenRows
from trainables.evaluation.benchmarks.answerer import Candidate, LocalModel
from trainables.evaluation.benchmarks.in_trial import measure_all
from trainables.evaluation.examples import answer_examples
from trainables.evaluation.measure import Loss, losses_elsewhere, measure_loss, measure_text
from trainables.kinds import SingleConfig
from trainables.models.load import Base, device_now, load_base
from trainables.models.trained import as_measured, counts, named_trainable, opened, restore
from trainables.regularizers.penalty import Penalty, penalty_of
from trainables.sft.callback import Course
from trainables.sft.config import SFTConfig, TrainingConfig
from trainables.sft.progress import Progress
from trainables.sft.trainer import MedsweepTrainer

Measured = tuple[Mapping[str, float], Mapping[str, Any]]  # metrics, facts


def train(
    config: SFTConfig, context: TrialContext, rungs: Mapping[float, float] | None = None
) -> None:
    """Train one adapter or all weights, reporting to `context`; the last report is final and
    holds all metrics. `rungs` are those of a staged trial, see `Progress`.

    Raises TrialFailed (NaN, zero gradient), TrialStopped (from the context), InputError, and
    whatever torch raises (out of memory).
    """
    device = device_now()
    base = load_base(config.model, device)
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with opened(base, config.lora, config.training.seed) as model:
        progress = Progress(config, context, "isolated", rungs=rungs)
        penalty = _penalty(config, progress, base, model)
        if context.checkpoint:
            restore(model, context.checkpoint.adapter)
        if not progress.over:
            _train(config, progress, base, model, penalty)
        finish(config, progress, base, model)
    gc.collect()


def _penalty(config: SFTConfig, progress: Progress, base: Base, model: Any) -> Penalty | None:
    """Made before a checkpoint is restored: it asks how the base itself computes."""
    wanted = config.training.regularizer
    if wanted is None or progress.over:
        return None
    return penalty_of(wanted, base, model, progress.context.prepared.general)


def _train(
    config: SFTConfig, progress: Progress, base: Base, model: Any, penalty: Penalty | None
) -> None:
    prepared, checkpoint = progress.context.prepared, progress.context.checkpoint
    course = Course(progress, partial(validation_loss, model, prepared.validation, config))
    with tempfile.TemporaryDirectory(prefix="medsweep-") as scratch:
        course.trainer = MedsweepTrainer(
            seed=config.training.seed,
            checkpoint=checkpoint,
            penalty=penalty,
            model=model,
            args=training_arguments(config, progress.planned, base.dtype, scratch),
            train_dataset=as_dataset(prepared.train),
            processing_class=base.tokenizer,
            callbacks=[course],
        )
        course.trainer.run(Path(scratch))


def training_arguments(config: SFTConfig, planned: int, dtype: torch.dtype, scratch: str) -> Any:
    """TRL's SFTConfig: the spec's fields as they are, the trainer's own files and logs off."""
    import trl

    skip = {"dataset_kwargs": {"skip_prepare_dataset": True}}
    options = trainer_options(config.training, planned, dtype, scratch)
    return on_one_device(trl.SFTConfig(**options, **skip))


def trainer_options(
    t: TrainingConfig, planned: int, dtype: torch.dtype, scratch: str
) -> dict[str, Any]:
    """What all of TRL's trainers are told."""
    elsewhere = {"num_train_epochs", "max_steps", "early_stopping_patience", "regularizer"}
    below = {"gradient_checkpointing", "bf16", "fp16"}
    on_gpu = torch.cuda.is_available()
    return {
        **t.model_dump(exclude=elsewhere | below),
        **_checkpointing(t.gradient_checkpointing),
        "bf16": t.bf16 if t.bf16 is not None else dtype == torch.bfloat16 and not t.fp16,
        "fp16": t.fp16 if t.fp16 is not None else dtype == torch.float16 and on_gpu and not t.bf16,
        "output_dir": scratch,
        "max_steps": planned,
        "use_cpu": not on_gpu,
        "logging_nan_inf_filter": False,
        "logging_strategy": "no",
        "save_strategy": "no",
        "eval_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "dataloader_pin_memory": on_gpu,
    }


def on_one_device(arguments: Any) -> Any:
    """A trial owns one device; the others are not its to replicate on."""
    if torch.cuda.is_available():
        arguments._n_gpu = 1
    return arguments


def _checkpointing(on: bool) -> dict[str, Any]:
    """Gradient checkpointing, by the name that this transformers gives it."""
    known = TrainingArguments.__dataclass_fields__
    name = next(n for n in ("activation_checkpointing", "gradient_checkpointing") if n in known)
    return {name: on, f"{name}_kwargs": {"use_reentrant": False}}


@contextmanager
def measuring(model: Any) -> Iterator[None]:
    """The model as it is measured, and afterwards in training again where it was."""
    was_training = model.training
    model.eval()
    try:
        with as_measured(model):
            yield
    finally:
        model.train(was_training)


def validation_loss(model: Any, rows: TokenRows, config: SingleConfig) -> Loss:
    """The loss of a model in training."""
    with measuring(model):
        return measure_loss(model, rows, config.evaluation)


def as_dataset(rows: TokenRows) -> Any:
    """The rows as TRL takes them: token ids, and labels that are -100 outside the answer."""
    from datasets import Dataset

    ids = [rows.row(i) for i in range(len(rows))]
    labels = [row.copy() for row in ids]
    for label, start in zip(labels, rows.answer_start, strict=True):
        label[:start] = -100
    return Dataset.from_dict({"input_ids": ids, "labels": labels})


def finish(
    config: SingleConfig,
    progress: Progress,
    base: Base,
    model: Any,
    rows: TokenRows | None = None,
    more: Callable[[], Measured] = lambda: ({}, {}),
    **facts: object,
) -> None:
    """Answer the questions with the best step's weights and report the trial's result.

    `rows` hold the questions, by default the validation rows; `more` measures what the kind has
    besides: metrics and facts. `facts` are told too.
    """
    if progress.best_adapter is not None:
        restore(model, progress.best_adapter)
    model.eval()
    begun = time.monotonic()
    rows = progress.context.prepared.validation if rows is None else rows
    asked = LocalModel(
        model,
        base.tokenizer,
        [Candidate(config.data.system_prompt)],
        config.evaluation.max_batch_tokens,
    )
    with as_measured(model):
        text, predictions = measure_text(model, base.tokenizer, rows, config.evaluation)
        found = measure_all(asked, progress.context.prepared.benchmarks)
        elsewhere = losses_elsewhere(model, progress.context.prepared.elsewhere, config.evaluation)
        predictions += answer_examples(model, base.tokenizer, config)
        own, about = more()
    memory = {}
    if torch.cuda.is_available():
        memory["gpu_peak_gb"] = torch.cuda.max_memory_allocated() / 1e9
    progress.finish(
        {**text, **found.metrics, **own},
        (*predictions, *found.predictions),
        memory,
        {**counts(base, named_trainable(model)), **elsewhere, **found.facts, **about, **facts},
        time.monotonic() - begun,
    )
