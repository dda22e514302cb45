"""The untouched base model of a sweep of kind dpo: a policy that is its own reference."""

from trainables.context import TrialContext
from trainables.dpo.config import DPOConfig
from trainables.dpo.measure import chosen, untouched_loss
from trainables.training.untouched import measure_answers


def measure(trial: DPOConfig, context: TrialContext) -> None:
    """Report it as a trial is reported at its end."""
    rows = context.prepared.validation
    measure_answers(trial, context, chosen(rows), lambda _, loss: untouched_loss(loss, rows, trial))
