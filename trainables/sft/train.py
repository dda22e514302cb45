"""One SFT trial in the isolated engine: TRL's trainer, PEFT's adapters or all weights,
one trial a process."""

import gc
import tempfile
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trainables.context import TrialContext
from trainables.data.token_rows import TokenRows
from trainables.isolated.arguments import on_one_device, trainer_options
from trainables.isolated.callback import Course
from trainables.isolated.finishing import finish, validation_loss
from trainables.models.load import Base, device_now, load_base
from trainables.models.trained import opened, restore
from trainables.regularizers.penalty import Penalty, penalty_of
from trainables.sft.config import SFTConfig
from trainables.sft.trainer import MedsweepTrainer
from trainables.training.progress import TrialProgress


def train(
    config: SFTConfig, context: TrialContext, rungs: Mapping[float, float] | None = None
) -> None:
    """Train one adapter or all weights, reporting to `context`; the last report is final and
    holds all metrics. `rungs` are those of a staged trial, see `TrialProgress`.

    Raises TrialFailed (NaN, zero gradient), TrialStopped (from the context), InputError, and
    whatever torch raises (out of memory).

    Example, with rows of `trainables.data.prepare.prepare`:

    >>> from trainables.context import ListContext
    >>> trial = SFTConfig.model_validate(
    ...     {
    ...         "model": {"name_or_path": "toy:llama", "dtype": "float32"},
    ...         "data": {"source": "toy:drugs"},
    ...         "training": {"max_steps": 2},
    ...         "evaluation": {"limit": 1, "max_new_tokens": 1},
    ...     }
    ... )
    >>> context = ListContext(rows)
    >>> train(trial, context)
    >>> last = context.reports[-1]
    >>> last.final, last.step, "val_loss" in last.metrics
    (True, 2, True)
    """
    device = device_now()
    base = load_base(config.model, device)
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with opened(base, config.lora, config.training.seed) as model:
        progress = TrialProgress(config, context, "isolated", rungs=rungs)
        penalty = _penalty(config, progress, base, model)
        if context.checkpoint:
            restore(model, context.checkpoint.adapter)
        if not progress.over:
            _train(config, progress, base, model, penalty)
        finish(config, progress, base, model)
    gc.collect()


def _penalty(config: SFTConfig, progress: TrialProgress, base: Base, model: Any) -> Penalty | None:
    """Made before a checkpoint is restored: it asks how the base itself computes."""
    wanted = config.training.regularizer
    if wanted is None or progress.over:
        return None
    return penalty_of(wanted, base, model, progress.context.prepared.general)


def _train(
    config: SFTConfig, progress: TrialProgress, base: Base, model: Any, penalty: Penalty | None
) -> None:
    prepared, checkpoint = progress.context.prepared, progress.context.checkpoint
    course = Course(progress, partial(validation_loss, model, prepared.validation, config))
    with tempfile.TemporaryDirectory(prefix="medsweep-") as scratch, warnings.catch_warnings():
        # true until TRL 2.0; `constraints.txt` says which one is installed
        warnings.filterwarnings("ignore", "`label_smoothing_factor` is deprecated", FutureWarning)
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


def as_dataset(rows: TokenRows) -> Any:
    """The rows as TRL takes them: token ids, and labels that are -100 outside the answer."""
    from datasets import Dataset

    ids = [rows.row(i) for i in range(len(rows))]
    labels = [np.full_like(row, -100) for row in ids]
    for i, label in enumerate(labels):
        learnt = rows.supervised(i)
        label[learnt] = ids[i][learnt]
    return Dataset.from_dict({"input_ids": ids, "labels": labels})
