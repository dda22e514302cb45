"""The end of trials in a pack, with their best steps' adapters: side by side they are measured on
other stages' rows and answer the questions; each by itself they are asked their benchmarks."""

import time
from collections import defaultdict
from collections.abc import Sequence

from trainables.context import TrialStopped
from trainables.evaluation.benchmarks.answerer import Candidate, LocalModel
from trainables.evaluation.benchmarks.in_trial import Benchmarked, measure_all
from trainables.evaluation.examples import example_predictions
from trainables.evaluation.measure import score_text
from trainables.models.load import Base
from trainables.models.trained import counts
from trainables.packing.answers import packed_answers
from trainables.packing.losses import packed_losses_elsewhere
from trainables.packing.pack import Pack
from trainables.packing.parts import example_part, question_part
from trainables.packing.trial import PackedTrial

Named = Sequence[tuple[str, PackedTrial]]


def finish(pack: Pack, over: Named) -> None:
    """Measure what is measured at the end, and report the results."""
    alike: dict[tuple[int, int], list[tuple[str, PackedTrial]]] = defaultdict(list)
    for name, trial in over:
        with pack.own(name):
            if trial.progress.best_adapter is not None:
                trial.adapter.restore(trial.progress.best_adapter)
            settings = trial.config.evaluation
            alike[settings.max_new_tokens, settings.max_batch_tokens].append((name, trial))
    for (new_tokens, budget), trials in alike.items():
        _answer(pack, trials, new_tokens, budget)


def _answer(pack: Pack, trials: Named, new_tokens: int, budget: int) -> None:
    parts = [question_part(name, trial) for name, trial in trials]
    # in calls of their own: other batches could round the scored answers otherwise
    examples = [example_part(name, trial, pack.base.tokenizer) for name, trial in trials]
    with pack.timed([*parts, *examples]) as seconds:
        answers, extra = (
            packed_answers(pack.base, asked, new_tokens, budget) for asked in (parts, examples)
        )
    elsewhere, more_seconds = packed_losses_elsewhere(pack, trials)
    ended = zip(parts, answers, examples, extra, trials, strict=True)
    for part, texts, example, more, (name, trial) in ended:
        with pack.own(name):
            measuring = seconds[name] + more_seconds[name]
            trial.seconds += measuring
            text, predictions = score_text(texts, part.rows, trial.config.evaluation)
            found, spent = _benchmarks(pack.base, trial)
            trial.seconds += spent
            predictions += example_predictions(example.rows, more)
            memory, facts = pack.memory(trial)
            facts |= counts(pack.base, trial.adapter.by_name(trial.adapter.flat))
            trial.progress.finish(
                {**text, **found.metrics},
                (*predictions, *found.predictions),
                memory,
                {**facts, **elsewhere.get(name, {}), **found.facts, **trial.facts()},
                measuring + spent,
            )
            raise TrialStopped


def _benchmarks(base: Base, trial: PackedTrial) -> tuple[Benchmarked, float]:
    """A trial's benchmarks, asked of it alone, and the seconds they took."""
    config, begun = trial.config, time.monotonic()
    asked = LocalModel(
        base.model,
        base.tokenizer,
        [Candidate(config.data.system_prompt, trial.adapter)],
        config.evaluation.max_batch_tokens,
    )
    found = measure_all(asked, trial.context.prepared.benchmarks)
    return found, time.monotonic() - begun
