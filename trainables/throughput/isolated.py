"""How long optimizer steps of the isolated engine take."""

import contextlib
import tempfile
import time
from functools import partial
from typing import Any

import torch
from transformers import TrainerCallback

from trainables.data.token_rows import TokenRows
from trainables.models.load import Base
from trainables.models.trained import opened
from trainables.sft.config import SFTConfig
from trainables.sft.train import as_dataset, training_arguments
from trainables.sft.trainer import MedsweepTrainer
from trainables.training.config import SingleTrial
from trainables.training.order import example_lengths, tokens_of_steps

PLANNED = 10_000  # steps: so many that no evaluation and no end falls into a measurement


class _Enough(Exception):
    """The measurement has its steps."""


class _Timer(TrainerCallback):  # type: ignore[misc]
    """Seconds of each optimizer step, `count` of them."""

    def __init__(self, count: int) -> None:
        self.taken: list[float] = []
        self._count = count

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._began = now()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.taken.append(now() - self._began)
        if len(self.taken) == self._count:
            raise _Enough


def now() -> float:
    """The time in seconds, once the device has done all that it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def step_tokens(config: SingleTrial, rows: TokenRows, step: int) -> int:
    """Tokens of a trial's optimizer step, counted from 0."""
    training = config.training
    lengths = example_lengths(rows, config.kind)
    batch = training.per_device_train_batch_size
    accumulation = training.gradient_accumulation_steps
    until = partial(tokens_of_steps, lengths, batch, accumulation, training.seed)
    return until(step + 1) - until(step)


def step_seconds(base: Base, config: SFTConfig, rows: TokenRows, count: int) -> list[float]:
    """Seconds of a fresh trial's first `count` steps, on a base that is left as it was."""
    timer = _Timer(count)
    with opened(base, config.lora, 0) as model, tempfile.TemporaryDirectory() as scratch:
        trainer = MedsweepTrainer(
            seed=config.training.seed,
            checkpoint=None,
            model=model,
            args=training_arguments(config, PLANNED, base.dtype, scratch),
            train_dataset=as_dataset(rows),
            processing_class=base.tokenizer,
            callbacks=[timer],
        )
        with contextlib.suppress(_Enough):
            trainer.train()
    return timer.taken
