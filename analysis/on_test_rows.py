"""A trial and its untouched base model on the test rows, each kind by the sweep's own measure."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.chat_sessions import opened_trial
from analysis.files import RunError
from analysis.runs import Run, TrialView

if TYPE_CHECKING:
    from trainables.data.sealed import OpenedRows
    from trainables.data.token_rows import TokenRows
    from trainables.evaluation.config import EvaluationConfig
    from trainables.reward_model.config import RewardModelConfig
    from trainables.training.config import SingleTrial

Metrics = dict[str, float]


class OnTestRows(NamedTuple):
    """What a trial and its base model measure, on which rows."""

    opened: "OpenedRows"
    metrics: Metrics
    base: Metrics


def on_test_rows(run: Run, trial: TrialView, config: "SingleTrial", sealed: set[str]) -> OnTestRows:
    """Measure both; `config` is that of the trial's last training, `sealed` are the hashes of test
    rows that the run recorded. Raises RunError, InputError."""
    from trainables.reward_model.config import RewardModelConfig

    if isinstance(config, RewardModelConfig):
        return _of_pairs(trial, config, sealed)
    if config.lora is None:
        return _of_all_weights(trial, config, sealed)
    with opened_trial(run.folder, trial.trial) as (_, pair):
        opened = _opened(config, pair.tokenizer, sealed)
        tuned = _measured(config, pair.model, pair.tokenizer, opened.rows, True)
        with pair.model.disable_adapter():
            base = _measured(config, pair.model, pair.tokenizer, opened.rows, False)
    return OnTestRows(opened, tuned, base)


def _of_pairs(trial: TrialView, config: "RewardModelConfig", sealed: set[str]) -> OnTestRows:
    """A reward model by its scores, the base by what it would sooner write, as in the sweep."""
    from sweeps.run_folder.weights import read_adapter
    from trainables.models.load import device_now, load_base
    from trainables.reward_model.learned import LearnedReward
    from trainables.reward_model.measures import final_metrics, loss_of, scores_of
    from trainables.reward_model.untouched import untouched_scores

    saved = read_adapter(trial.adapter.parent) if trial.adapter else None
    if saved is None:
        raise RunError(f"{trial.trial} kept no reward model. Name another trial.")
    base, budget = load_base(config.model, device_now()), config.evaluation.max_batch_tokens
    opened = _opened(config, base.tokenizer, sealed)
    learned = LearnedReward(base, saved, max_batch_tokens=budget)
    own = scores_of(opened.rows, learned.raw(opened.rows))
    untouched = untouched_scores(base.model, opened.rows, budget)
    found = [{**loss_of(x).metrics, **final_metrics(x, None)} for x in (own, untouched)]
    return OnTestRows(opened, *found)


def _of_all_weights(trial: TrialView, config: "SingleTrial", sealed: set[str]) -> OnTestRows:
    """The base first, then with the trial's weights in its place, in the base's own precision."""
    from sweeps.run_folder.weights import kept_weights
    from trainables.models.load import device_now, load_base

    weights = kept_weights(trial.model.parent) if trial.model else None
    if weights is None:
        raise RunError(f"{trial.trial} kept no weights. Name another trial.")
    base = load_base(config.model, device_now())
    opened = _opened(config, base.tokenizer, sealed)
    untouched = _measured(config, base.model, base.tokenizer, opened.rows, False)
    with _with_weights(base, weights) as model:
        tuned = _measured(config, model, base.tokenizer, opened.rows, True)
    return OnTestRows(opened, tuned, untouched)


@contextmanager
def _with_weights(base: Any, weights: Path) -> Iterator[Any]:
    from trainables.models.whole import all_weights, in_own_precision, restore_whole

    with all_weights(base) as model:
        restore_whole(model, weights.read_bytes())
        with in_own_precision(model):
            yield model


def _opened(config: "SingleTrial", tokenizer: Any, sealed: set[str]) -> "OpenedRows":
    from trainables.data.lengths import Lengths
    from trainables.data.sealed import open_test

    lengths = Lengths(config.training.max_length, config.evaluation.max_length)
    return open_test(config.data, tokenizer, lengths, sealed)


def _measured(
    config: "SingleTrial", model: Any, tokenizer: Any, rows: "TokenRows", tuned: bool
) -> Metrics:
    """By the sweep's own measure; the loss is that of all test rows."""
    from trainables.dpo.config import DPOConfig
    from trainables.dpo.measure import Pairs, chosen, untouched_loss
    from trainables.evaluation.measure import measure_loss, measure_text

    whole = config.model_copy(update={"evaluation": _whole(config.evaluation)})
    settings = whole.evaluation
    asked = chosen(rows) if isinstance(whole, DPOConfig) else rows
    if not isinstance(whole, DPOConfig):
        loss = measure_loss(model, rows, settings)
    elif tuned:
        loss = Pairs(model, rows, whole).measured(model)[0]
    else:
        loss = untouched_loss(measure_loss(model, asked, settings), rows, whole)
    return {**loss.metrics, **measure_text(model, tokenizer, asked, settings)[0]}


def _whole(settings: "EvaluationConfig") -> "EvaluationConfig":
    return settings.model_copy(update={"loss_limit": None})
