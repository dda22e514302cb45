"""The end of trials in a pack, with their best steps' adapters: side by side they answer the
questions, are measured on other stages' rows, and are asked their benchmarks."""

from collections import defaultdict
from typing import Any, NamedTuple, TypeVar

from trainables.evaluation.benchmarks.in_trial import Benchmarked
from trainables.evaluation.examples import example_predictions
from trainables.evaluation.measure import score_text
from trainables.forward.passes import TrialRows
from trainables.packing.answers import packed_answers
from trainables.packing.benchmarks import packed_benchmarks
from trainables.packing.losses import packed_losses_elsewhere
from trainables.packing.pack import Pack
from trainables.packing.parts import example_part, question_part
from trainables.packing.trial import NamedTrials, PackedTrial
from trainables.saved import TrialStopped

T = TypeVar("T", bound=PackedTrial)


class TrialAnswers(NamedTuple):
    """A trial's answers to validation questions and to examples, and its share of the seconds."""

    asked: TrialRows
    texts: list[str]
    examples: TrialRows
    others: list[str]
    seconds: float


def finish(pack: Pack, over: NamedTrials[PackedTrial]) -> None:
    """Measure what is measured at the end, and report the results."""
    over = with_best_adapters(pack, over)
    if not over:
        return
    answered = _answered(pack, over)
    losses, seconds = packed_losses_elsewhere(pack, over)
    benchmarks = packed_benchmarks(pack, over)
    for name, trial in over:
        if name in benchmarks:
            with pack.own(name):
                found, asking = benchmarks[name]
                spent = answered[name].seconds + seconds[name] + asking
                _report(pack, trial, answered[name], found, losses.get(name, {}), spent)
                raise TrialStopped


def with_best_adapters(pack: Pack, over: NamedTrials[T]) -> NamedTrials[T]:
    """The trials with their best steps' adapters."""
    for name, trial in over:
        with pack.own(name):
            if trial.progress.best_adapter is not None:
                trial.adapter.restore(trial.progress.best_adapter)
    return [(name, trial) for name, trial in over if name in pack.trials]


def _answered(pack: Pack, over: NamedTrials[PackedTrial]) -> dict[str, TrialAnswers]:
    alike: dict[tuple[int, int], list[tuple[str, PackedTrial]]] = defaultdict(list)
    for name, trial in over:
        settings = trial.config.evaluation
        alike[settings.max_new_tokens, settings.max_batch_tokens].append((name, trial))
    answers: dict[str, TrialAnswers] = {}
    for (new_tokens, budget), trials in alike.items():
        for own in _together(pack, trials, new_tokens, budget):
            answers[own.asked.trial] = own
    return answers


def _together(
    pack: Pack, trials: NamedTrials[PackedTrial], new_tokens: int, budget: int
) -> list[TrialAnswers]:
    parts = [question_part(name, trial) for name, trial in trials]
    # in calls of their own: other batches could round the scored answers otherwise
    examples = [example_part(name, trial, pack.base.tokenizer) for name, trial in trials]
    with pack.timed([*parts, *examples]) as seconds:
        texts = packed_answers(pack.base, parts, new_tokens, budget)
        others = packed_answers(pack.base, examples, new_tokens, budget)
    times = [seconds[name] for name, _ in trials]
    return list(map(TrialAnswers, parts, texts, examples, others, times))


def _report(
    pack: Pack,
    trial: PackedTrial,
    answered: TrialAnswers,
    found: Benchmarked,
    losses: dict[str, Any],
    seconds: float,
) -> None:
    trial.seconds += seconds
    text = score_text(answered.texts, answered.asked.rows, trial.config.evaluation)
    examples = example_predictions(answered.examples.rows, answered.others)
    memory, facts = pack.memory(trial)
    facts |= trial.counts(pack.base)
    trial.progress.finish(
        {**text.metrics, **found.metrics},
        (*text.predictions, *examples, *found.predictions),
        memory,
        {**facts, **losses, **found.facts, **trial.facts()},
        seconds,
        (*text.rows, *found.rows),
    )
