"""TRL's SFTTrainer as medsweep runs it."""

from typing import Any

import torch
from trl import SFTTrainer

from trainables.isolated.resuming import Resuming
from trainables.regularizers.penalty import Penalty
from trainables.saved import Checkpoint
from trainables.training.order import EpochOrder


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
