"""The untouched base model, once a sweep: its measures, and how much of a difference is noise."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trainables.context import Report, TrialContext
from trainables.data.prepared import Prepared
from trainables.evaluation.noise_floor import noise_floor
from trainables.kinds import PAIRED, TrialConfig
from trainables.models.load import device_now, load_base
from trainables.saved import Checkpoint
from trainables.training.untouched import evaluate

NOISE = "noise_floor"  # in the base model's record


def evaluate_base(config: TrialConfig, context: TrialContext) -> None:
    """Report the base model's metrics and predictions in one final report, with the noise floor of
    its losses in this precision on this device. Pairs have losses of another kind, and none."""
    last = config.stage_trials[-1]
    if last.kind in PAIRED:
        evaluate(config, context)
        return
    base = load_base(last.model, device_now())
    floor = noise_floor(base.model, context.prepared.validation, last.evaluation)
    evaluate(config, _Noting(context, {NOISE: floor} if floor else {}))


class _Noting:
    """A TrialContext that adds facts to each report."""

    def __init__(self, context: TrialContext, facts: Mapping[str, Any]) -> None:
        self._context, self._facts = context, facts

    @property
    def prepared(self) -> Prepared:
        return self._context.prepared

    @property
    def checkpoint(self) -> Checkpoint | None:
        return self._context.checkpoint

    def report(self, report: Report) -> None:
        """Hand it on."""
        self._context.report(replace(report, facts={**report.facts, **self._facts}))
