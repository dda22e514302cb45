"""The untouched base model, measured once a sweep as every trial is measured at its end."""

import time

from trainables.context import Report, TrialContext
from trainables.evaluation.benchmarks.answerer import LocalModel
from trainables.evaluation.benchmarks.in_trial import measure_all
from trainables.evaluation.examples import answer_examples
from trainables.evaluation.measure import evaluation_facts, measure_loss, measure_text
from trainables.models.load import device_now, load_base
from trainables.sft.config import SFTConfig


def evaluate(config: SFTConfig, context: TrialContext) -> None:
    """Report the base model's metrics and predictions in one final report."""
    rows = context.prepared.validation
    base = load_base(config.model, device_now())
    start = time.monotonic()
    loss = measure_loss(base.model, rows, config.evaluation)
    text, predictions = measure_text(base.model, base.tokenizer, rows, config.evaluation)
    asked = LocalModel(
        base.model, base.tokenizer, config.data.system_prompt, config.evaluation.max_batch_tokens
    )
    found = measure_all(asked, context.prepared.benchmarks)
    predictions += answer_examples(base.model, base.tokenizer, config)
    context.report(
        Report(
            step=1,
            planned_steps=1,
            metrics={**loss, **text, **found.metrics},
            seconds=time.monotonic() - start,
            predictions=(*predictions, *found.predictions),
            final=True,
            facts={"evaluation": evaluation_facts(rows, config.evaluation), **found.facts},
        )
    )
