"""The validation losses of several trials in the same calls."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from trainables.evaluation.measure import Loss, reported_loss
from trainables.packing.pack import Pack
from trainables.packing.parts import loss_part
from trainables.packing.passes import loss_pass, within_budget
from trainables.packing.trial import PackedTrial


class MeasuredLoss(NamedTuple):
    """A trial's validation loss, and its share of the seconds that measuring took."""

    loss: Loss
    seconds: float


def packed_losses(pack: Pack, due: Sequence[tuple[str, PackedTrial]]) -> dict[str, MeasuredLoss]:
    """By the trials' names."""
    parts = [loss_part(name, trial) for name, trial in due]
    nats: dict[str, list[float]] = defaultdict(list)  # in the order of the trial's rows
    budget = min((t.config.evaluation.max_batch_tokens for _, t in due), default=0)
    with pack.timed(parts) as seconds:
        for chunk in within_budget(parts, budget):
            for part, found in zip(chunk, loss_pass(pack.base.model, chunk), strict=True):
                nats[part.trial] += found
    return {
        name: MeasuredLoss(
            reported_loss(part.rows, nats[name], trial.config.evaluation), seconds[name]
        )
        for part, (name, trial) in zip(parts, due, strict=True)
    }
