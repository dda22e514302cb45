"""The untouched base model, measured once a sweep as every trial is measured at its end."""

import time

from trainables.context import Report, TrialContext
from trainables.dpo.config import DPOConfig
from trainables.dpo.measure import chosen, untouched_loss
from trainables.evaluation.benchmarks.answerer import LocalModel
from trainables.evaluation.benchmarks.in_trial import measure_all
from trainables.evaluation.examples import answer_examples
from trainables.evaluation.measure import (
    evaluation_facts,
    losses_elsewhere,
    measure_loss,
    measure_text,
)
from trainables.kinds import TrialConfig
from trainables.models.load import device_now, load_base
from trainables.reward.config import RewardModelConfig
from trainables.reward.untouched import measure_pairs


def evaluate(config: TrialConfig, context: TrialContext) -> None:
    """Report the base model's metrics and predictions in one final report."""
    rows, last = context.prepared.validation, config.stage_trials[-1]
    if isinstance(last, RewardModelConfig):
        measure_pairs(last, context)
        return
    if isinstance(last, DPOConfig):
        rows = chosen(rows)
    settings = last.evaluation
    base = load_base(config.model, device_now())
    start = time.monotonic()
    loss = measure_loss(base.model, rows, settings)
    if isinstance(last, DPOConfig):
        loss = untouched_loss(loss, context.prepared.validation, last)
    text, predictions = measure_text(base.model, base.tokenizer, rows, settings)
    asked = LocalModel(
        base.model, base.tokenizer, last.data.system_prompt, settings.max_batch_tokens
    )
    found = measure_all(asked, context.prepared.benchmarks)
    predictions += answer_examples(base.model, base.tokenizer, last)
    facts = losses_elsewhere(base.model, context.prepared.elsewhere, settings)
    context.report(
        Report(
            step=1,
            planned_steps=1,
            metrics={**loss.metrics, **text, **found.metrics},
            seconds=time.monotonic() - start,
            predictions=(*predictions, *found.predictions),
            final=True,
            facts={
                "evaluation": evaluation_facts(rows, settings),
                **loss.facts,
                **facts,
                **found.facts,
            },
        )
    )
