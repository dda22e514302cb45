"""The validation losses of several trials in the same calls."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from trainables.data.token_rows import TokenRows
from trainables.evaluation.measure import Loss, reported_loss
from trainables.forward.passes import loss_pass, within_budget
from trainables.packing.pack import Pack
from trainables.packing.parts import loss_part
from trainables.packing.trial import NamedTrials, PackedTrial


class MeasuredLoss(NamedTuple):
    """A trial's validation loss, and its share of the seconds that measuring took."""

    loss: Loss
    seconds: float


def packed_losses(
    pack: Pack, due: NamedTrials[PackedTrial], rows: Mapping[str, TokenRows] | None = None
) -> dict[str, MeasuredLoss]:
    """By the trials' names, as `rows` are; None: on each trial's own validation rows."""
    rows = rows or {name: trial.context.prepared.validation for name, trial in due}
    parts = [loss_part(name, trial, rows[name]) for name, trial in due]
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


def packed_losses_elsewhere(
    pack: Pack, over: NamedTrials[PackedTrial]
) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    """What `trainables.evaluation.measure.losses_elsewhere` gives of each trial, and the seconds
    that it took; both by the trials' names."""
    losses: dict[str, dict[str, float]] = defaultdict(dict)
    seconds: dict[str, float] = defaultdict(float)
    rows = {name: dict(trial.context.prepared.elsewhere) for name, trial in over}
    for stage in dict.fromkeys(stage for own in rows.values() for stage in own):
        asked = [(name, trial) for name, trial in over if stage in rows[name]]
        measured = packed_losses(pack, asked, {name: rows[name][stage] for name, _ in asked})
        for name, found in measured.items():
            losses[name][stage] = found.loss.metrics["val_loss"]
            seconds[name] += found.seconds
    return {name: {"val_losses": found} for name, found in losses.items()}, seconds
