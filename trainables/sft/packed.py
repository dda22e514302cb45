"""Supervised trials in a pack: one batch of each goes through the base model together."""

from collections.abc import Mapping, Sequence
from typing import Any

from trainables.context import TrialContext
from trainables.forward.adapter import fresh_adapter
from trainables.forward.passes import TrialRows, train_pass
from trainables.models.load import Base
from trainables.packing.batches import BatchTrial, batch_step
from trainables.packing.finishing import finish
from trainables.packing.losses import packed_losses
from trainables.packing.pack import Pack, Program
from trainables.packing.trial import NamedTrials
from trainables.sft.config import SFTConfig


class SupervisedTrial(BatchTrial):
    """A trial whose loss is the mean over all answer tokens of an optimizer step."""

    def __init__(
        self,
        base: Base,
        config: SFTConfig,
        context: TrialContext,
        rungs: Mapping[float, float] | None = None,
    ) -> None:
        assert config.lora is not None, "packable refuses trials without an adapter"
        adapter = fresh_adapter(base, config.lora, config.training.seed)
        super().__init__(config, context, adapter, rungs)

    def begin_step(self) -> None:
        """As BatchTrial."""
        super().begin_step()
        counts = self.rows.answer_counts()
        self.answer_tokens = sum(int(counts[row]) for batch in self.batches for row in batch)


def step(pack: Pack, active: NamedTrials[SupervisedTrial]) -> None:
    """One batch of every trial; then updates, evaluations and answers where they are due."""
    batch_step(pack, active, _run, _evaluate, finish)


def _run(
    model: Any, parts: Sequence[TrialRows], trials: Sequence[SupervisedTrial], recompute: bool
) -> list[float]:
    weights = [trial.scale / trial.answer_tokens for trial in trials]
    return train_pass(model, parts, weights, recompute)


def _evaluate(pack: Pack, due: NamedTrials[SupervisedTrial]) -> None:
    losses = packed_losses(pack, due)
    for name, trial in due:
        with pack.own(name):
            loss, seconds = losses[name]
            trial.seconds += seconds
            trial.progress.evaluated(loss, trial, seconds)


PROGRAM = Program(SupervisedTrial, step)
