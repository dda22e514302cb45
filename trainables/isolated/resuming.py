"""TRL's trainers with medsweep's checkpoint format and seeds that survive a resume."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, TrainerState

from trainables.models.trained import named_trainable, weights_bytes
from trainables.saved import Checkpoint, SavedAdapter
from trainables.training.moments import optimizer_bytes, restore_optimizer
from trainables.training.optimizers import known_to_transformers


class Resuming:
    """Before one of TRL's trainers among the bases of a class: keeps each step's loss and gradient
    norm, and resumes from a Checkpoint.

    `order` is a sampler of the training rows with an attribute `epoch`, of which its order is a
    function; `frozen` are adapters that the trial needs and does not train, by role.
    """

    # what transformers' Trainer has
    args: Any
    model: Any
    accelerator: Any
    optimizer: Any
    lr_scheduler: Any
    train_dataset: Any

    def __init__(
        self,
        *,
        order: Any,
        checkpoint: Checkpoint | None,
        frozen: Mapping[str, SavedAdapter] | None = None,
        **options: Any,
    ) -> None:
        # TRL casts adapters on a quantized base to bfloat16, whose 8 bits lose small updates
        exact = {p: p.data.float() for p in named_trainable(options["model"]).values()}
        super().__init__(**options)
        for parameter, values in exact.items():
            parameter.data = values
        self.remove_callback(PrinterCallback)  # type: ignore[attr-defined]
        self.order = order
        self.step_loss = 0.0
        self.step_penalty: float | None = None
        self.grad_norm = 0.0
        self._frozen = frozen or {}
        self._states = known_to_transformers(self.args.optim.value).states
        self._resume = checkpoint if checkpoint and checkpoint.step else None

    def run(self, scratch: Path) -> None:
        """Train to the end, or on from the checkpoint; `scratch` takes the step count over."""
        if self._resume is None:
            self.train()  # type: ignore[attr-defined]
            return
        state = TrainerState(
            global_step=self._resume.step,
            epoch=self._resume.state["epoch"],
            logging_steps=self.args.logging_steps,
            save_steps=self.args.save_steps,
            train_batch_size=self.args.train_batch_size,
        )
        state.save_to_json(str(scratch / "trainer_state.json"))
        self.train(resume_from_checkpoint=str(scratch))  # type: ignore[attr-defined]

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        loss: torch.Tensor = super().training_step(*args, **kwargs)  # type: ignore[misc]
        self.step_loss += float(loss)  # micro-batches of a step add up to its mean
        return loss

    def watched(self) -> Mapping[str, float]:
        """What is told of the step just done besides its loss: names of TELEMETRY."""
        return {}

    def snapshot(self, state: dict[str, Any]) -> Checkpoint:
        """Everything needed to go on after the step just done."""
        scaler = self.accelerator.scaler
        return Checkpoint(
            adapter=weights_bytes(self.model),
            optimizer=optimizer_bytes(self.optimizer, named_trainable(self.model), self._states),
            state={**state, "scaler": scaler.state_dict() if scaler is not None else None},
            frozen=self._frozen,
        )

    def _get_train_sampler(self, *_: Any) -> Any:
        return self.order

    def _get_grad_norm(self, *args: Any, **kwargs: Any) -> Any:
        norm = super()._get_grad_norm(*args, **kwargs)  # type: ignore[misc]
        self.grad_norm = float(norm)
        return norm

    # the trainer's own checkpoint files (pickles) are neither written nor read
    def _load_from_checkpoint(self, *_: Any, **__: Any) -> None:
        """The adapter's weights are in place before the trainer is made."""

    def _load_rng_state(self, *_: Any) -> None:
        """Every step seeds its own generator."""

    def _load_scaler(self, *_: Any) -> None:
        if self._resume and self._resume.state["scaler"] and self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(self._resume.state["scaler"])

    def _load_optimizer_and_scheduler(self, *_: Any) -> None:
        if self._resume is None:
            return
        restore_optimizer(
            self.optimizer.optimizer,
            named_trainable(self.model),
            self._resume.optimizer,
            self._resume.state["updates"],
            self._states,
        )
        with warnings.catch_warnings():  # the scheduler expects the optimizer to go first
            warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)
            for _step in range(self._resume.state["updates"]):
                self.lr_scheduler.step()
