"""A trial and its untouched base model on what was sealed, each kind by the sweep's own measure:
the test rows, and the test parts of benchmarks that trials were asked other questions of."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.chat_sessions import opened_trial
from analysis.files import RunError
from analysis.rewards_on_test import rewards_on_test
from analysis.runs import Run, TrialView

if TYPE_CHECKING:
    from trainables.data.benchmark import LoadedBenchmark
    from trainables.data.sealed import OpenedRows
    from trainables.data.token_rows import TokenRows
    from trainables.evaluation.config import EvaluationConfig
    from trainables.evaluation.row_results import RowTable
    from trainables.reward_model.config import RewardModelConfig
    from trainables.training.config import SingleTrial

Metrics = dict[str, float]


class Measured(NamedTuple):
    """What a model measures, and the same row by row."""

    metrics: Metrics
    rows: "tuple[RowTable, ...]" = ()


class Exam(NamedTuple):
    """What was sealed, as a model reads it. `key` tells it apart from any other."""

    rows: "OpenedRows | None"
    benchmarks: "tuple[LoadedBenchmark, ...]"
    key: str


class OnTestRows(NamedTuple):
    """What a trial measures, and its base model; None where that need not be measured."""

    exam: Exam
    own: Measured
    base: Measured | None


class Asked(NamedTuple):
    """What to measure: `config` is that of the trial's last training, `sealed` are the hashes of
    test rows that the run recorded (none: it kept no test rows), and `needed` says whether the base
    model is to be measured too on the exam with this key."""

    config: "SingleTrial"
    sealed: set[str]
    needed: Callable[[str], bool] = lambda _: True


def on_test_rows(run: Run, trial: TrialView, asked: Asked) -> OnTestRows:
    """Measure the trial, and its base model where needed. Raises RunError, InputError."""
    from trainables.reward_model.config import RewardModelConfig

    config = asked.config
    if isinstance(config, RewardModelConfig):
        return _of_pairs(trial, config, asked)
    if config.lora is None:
        return _of_all_weights(trial, asked)
    with opened_trial(run.folder, trial.trial) as (_, pair):
        exam = _exam(asked, pair.tokenizer)
        of = partial(_measured, config, pair.model, pair.tokenizer, exam)
        own, base = of(True), None
        if asked.needed(exam.key):
            with pair.model.disable_adapter():
                base = of(False)
    return OnTestRows(exam, own, base)


def _of_pairs(trial: TrialView, config: "RewardModelConfig", asked: Asked) -> OnTestRows:
    """A reward model by its scores, the base by what it would sooner write, as in the sweep."""
    from sweeps.run_folder.weights import read_adapter
    from trainables.models.load import device_now, load_base
    from trainables.reward_model.learned import LearnedReward
    from trainables.reward_model.measures import final_metrics, measured_loss, scores_of
    from trainables.reward_model.untouched import untouched_scores

    saved = read_adapter(trial.adapter.parent) if trial.adapter else None
    if saved is None:
        raise RunError(f"{trial.trial} kept no reward model. Name another trial.")
    base, budget = load_base(config.model, device_now()), config.evaluation.max_batch_tokens
    exam = _exam(asked._replace(config=config), base.tokenizer)
    assert exam.rows is not None, "a reward model is asked no benchmark"
    pairs = exam.rows.rows
    learned = LearnedReward(base, saved, max_batch_tokens=budget)
    scores = [scores_of(pairs, learned.raw(pairs))]
    if asked.needed(exam.key):
        scores.append(untouched_scores(base.model, pairs, budget))
    losses = ((own, measured_loss(pairs, own)) for own in scores)
    found = [Measured({**m.metrics, **final_metrics(own, None)}, m.rows) for own, m in losses]
    return OnTestRows(exam, found[0], found[1] if len(found) > 1 else None)


def _of_all_weights(trial: TrialView, asked: Asked) -> OnTestRows:
    """The base first, then with the trial's weights in its place, in the base's own precision."""
    from sweeps.run_folder.weights import kept_weights
    from trainables.models.load import device_now, load_base

    weights = kept_weights(trial.model.parent) if trial.model else None
    if weights is None:
        raise RunError(f"{trial.trial} kept no weights. Name another trial.")
    base = load_base(asked.config.model, device_now())
    exam = _exam(asked, base.tokenizer)
    untouched = None
    if asked.needed(exam.key):
        untouched = _measured(asked.config, base.model, base.tokenizer, exam, False)
    with _with_weights(base, weights) as model:
        own = _measured(asked.config, model, base.tokenizer, exam, True)
    return OnTestRows(exam, own, untouched)


@contextmanager
def _with_weights(base: Any, weights: Path) -> Iterator[Any]:
    from trainables.models.whole import all_weights, in_own_precision, restore_whole

    with all_weights(base) as model:
        restore_whole(model, weights.read_bytes())
        with in_own_precision(model):
            yield model


def _exam(asked: Asked, tokenizer: Any) -> Exam:
    """Read what was sealed; of the rows the very ones."""
    from sweeps.readiness.measured_rows import rows_key
    from trainables.data.lengths import Lengths
    from trainables.data.sealed import open_test
    from trainables.evaluation.benchmarks.items import load
    from trainables.evaluation.benchmarks.test_part import left_sealed

    config, rows = asked.config, None
    benchmarks = tuple(map(load, left_sealed(config.evaluation.benchmarks)))
    if asked.sealed or not benchmarks:
        lengths = Lengths(config.training.max_length, config.evaluation.max_length)
        rows = open_test(config.data, tokenizer, lengths, asked.sealed)
    parts = [rows_key(rows.rows) if rows else "", *(each.fingerprint for each in benchmarks)]
    return Exam(rows, benchmarks, hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16])


def _measured(
    config: "SingleTrial", model: Any, tokenizer: Any, exam: Exam, tuned: bool
) -> Measured:
    """By the sweep's own measure; the loss is that of all test rows."""
    found = [_of_rows(config, model, tokenizer, exam.rows.rows, tuned)] if exam.rows else []
    if exam.benchmarks:
        found.append(_of_benchmarks(config, model, tokenizer, exam.benchmarks))
    metrics = {name: value for one in found for name, value in one.metrics.items()}
    return Measured(metrics, tuple(table for one in found for table in one.rows))


def _of_rows(
    config: "SingleTrial", model: Any, tokenizer: Any, rows: "TokenRows", tuned: bool
) -> Measured:
    from trainables.dpo.config import DPOConfig
    from trainables.dpo.measure import Pairs, chosen, untouched_loss
    from trainables.evaluation.measure import answer_and_score, measure_loss

    whole = config.model_copy(update={"evaluation": _whole(config.evaluation)})
    settings = whole.evaluation
    asked = chosen(rows) if isinstance(whole, DPOConfig) else rows
    if not isinstance(whole, DPOConfig):
        loss = measure_loss(model, rows, settings)
    elif tuned:
        loss = Pairs(model, rows, whole).measured(model)[0]
    else:
        loss = untouched_loss(measure_loss(model, asked, settings), rows, whole)
    text = answer_and_score(model, tokenizer, asked, settings)
    earned, sampled = rewards_on_test(whole, model, tokenizer, rows, tuned)
    metrics = {**loss.metrics, **earned, **text.metrics}
    return Measured(metrics, (*loss.rows, *sampled, *text.rows))


def _of_benchmarks(
    config: "SingleTrial", model: Any, tokenizer: Any, asked: "Sequence[LoadedBenchmark]"
) -> Measured:
    from trainables.evaluation.benchmarks.answerer import Candidate, LocalModel
    from trainables.evaluation.benchmarks.in_trial import measure_all

    candidate, budget = Candidate(config.data.system_prompt), config.evaluation.max_batch_tokens
    found = measure_all(LocalModel(model, tokenizer, [candidate], budget), asked)
    return Measured(found.metrics, found.rows)


def _whole(settings: "EvaluationConfig") -> "EvaluationConfig":
    return settings.model_copy(update={"loss_limit": None})
