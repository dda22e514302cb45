"""TRL's SFTTrainer as medsweep runs it."""

from collections.abc import Iterator
from typing import Any

import torch
from trl import SFTTrainer

from trainables.context import Checkpoint
from trainables.regularizers.penalty import Penalty
from trainables.sft.order import epoch_order
from trainables.sft.resuming import Resuming


class EpochOrder(torch.utils.data.Sampler[int]):
    """Each epoch's row order is a function of (seed, epoch) alone."""

    def __init__(self, rows: int, seed: int) -> None:
        self.rows, self.seed, self.epoch = rows, seed, 0

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[int]:
        return iter(epoch_order(self.rows, self.seed, self.epoch))


class MedsweepTrainer(Resuming, SFTTrainer):  # type: ignore[misc]
    """SFTTrainer that resumes from a Checkpoint, with a penalty on leaving the base's weights."""

    def __init__(
        self,
        *,
        seed: int,
        checkpoint: Checkpoint | None,
        penalty: Penalty | None = None,
        **options: Any,
    ) -> None:
        order = EpochOrder(len(options["train_dataset"]), seed)
        super().__init__(order=order, checkpoint=checkpoint, **options)
        self.penalty = penalty

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        loss = super().training_step(*args, **kwargs)
        if self.penalty and self.accelerator.sync_gradients:  # the step's last micro-batch
            scaler = self.accelerator.scaler
            self.step_penalty = self.penalty.add(scaler.get_scale() if scaler else 1.0)
        return loss
