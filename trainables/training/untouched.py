"""The untouched base model, measured once a sweep as every trial is measured at its end."""

import time
from collections.abc import Callable
from importlib import import_module

from trainables.context import Report, TrialContext
from trainables.data.token_rows import TokenRows
from trainables.evaluation.benchmarks.answerer import Candidate, LocalModel
from trainables.evaluation.benchmarks.in_trial import measure_all
from trainables.evaluation.examples import answer_examples
from trainables.evaluation.measure import (
    Loss,
    answer_and_score,
    evaluation_facts,
    losses_elsewhere,
    measure_loss,
)
from trainables.kinds import UNTOUCHED, TrialConfig
from trainables.models.load import Base, device_now, load_base
from trainables.training.config import SingleTrial


def evaluate(config: TrialConfig, context: TrialContext) -> None:
    """Report the base model's metrics and predictions in one final report, as trials of the kind
    (of a staged trial its last stage's) are measured."""
    last = config.stage_trials[-1]
    if place := UNTOUCHED.get(last.kind):
        module, name = place.split(":")
        getattr(import_module(module), name)(last, context)
    else:
        measure_answers(last, context, context.prepared.validation)


def measure_answers(
    trial: SingleTrial,
    context: TrialContext,
    rows: TokenRows,
    also: Callable[[Base, Loss], Loss] = lambda _, loss: loss,
) -> None:
    """Report the loss on the answers of `rows`, changed by `also`, texts and benchmarks."""
    base, settings, start = load_base(trial.model, device_now()), trial.evaluation, time.monotonic()
    loss = also(base, measure_loss(base.model, rows, settings))
    text = answer_and_score(base.model, base.tokenizer, rows, settings)
    asked = LocalModel(
        base.model,
        base.tokenizer,
        [Candidate(trial.data.system_prompt)],
        settings.max_batch_tokens,
    )
    found = measure_all(asked, context.prepared.benchmarks)
    examples = answer_examples(base.model, base.tokenizer, trial)
    facts = losses_elsewhere(base.model, context.prepared.elsewhere, settings)
    context.report(
        Report(
            step=1,
            planned_steps=1,
            metrics={**loss.metrics, **text.metrics, **found.metrics},
            seconds=time.monotonic() - start,
            predictions=(*text.predictions, *examples, *found.predictions),
            rows=(*loss.rows, *text.rows, *found.rows),
            final=True,
            facts={
                "evaluation": evaluation_facts(rows, settings),
                **loss.facts,
                **facts,
                **found.facts,
            },
        )
    )
