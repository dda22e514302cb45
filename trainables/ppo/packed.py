"""PPO trials in a pack: one update of each, what it needs of the base model shared with others.

Where to read on, in the order of an update (`step`): `sampled.py` writes answers and has them read
by policy, reference and reward model; `earned.py` gives them rewards; `trial.begin_update` makes an
`experience.py` of them (with `kl.py`, `normalise.py` and `advantages.py`); `update.py` holds its
minibatches and their loss (`losses.py`), which `forward/objectives.py` brings into the gradients;
`trial.step_optimizer` and `trial.end_update` end it. The same with links, and what lies around it:
docs/path-of-a-trial.md.
"""

from collections.abc import Mapping, Sequence

import torch

from trainables.data.token_rows import TokenRows
from trainables.evaluation.measure import Loss
from trainables.evaluation.row_results import RowTable
from trainables.forward.objectives import objective_pass
from trainables.forward.passes import TrialRows, within_budget
from trainables.forward.sampling import answer_keys
from trainables.packing.batches import save_if_asked
from trainables.packing.finishing import finish
from trainables.packing.losses import packed_losses
from trainables.packing.pack import Pack, Program
from trainables.packing.trial import NamedTrials
from trainables.ppo.earned import earned, earned_rows, measured
from trainables.ppo.sampled import Asked, Sampled, sampled
from trainables.ppo.trial import PPOTrial

VALIDATION = -1  # in place of an update's number: the same noise at every evaluation


def step(pack: Pack, active: NamedTrials[PPOTrial]) -> None:
    """One update of every trial; then evaluations and answers where they are due."""
    training = [(name, trial) for name, trial in active if not trial.progress.over]
    _train(pack, training)
    for name, trial in _there(pack, training):
        with pack.own(name):
            trial.end_update()
    save_if_asked(pack, _there(pack, training))
    updated = _there(pack, training)
    _evaluate(pack, [(name, trial) for name, trial in updated if trial.progress.due])
    finish(pack, [(name, trial) for name, trial in _there(pack, active) if trial.progress.over])


def _there(pack: Pack, trials: NamedTrials[PPOTrial]) -> NamedTrials[PPOTrial]:
    """Those that have not ended."""
    return [(name, trial) for name, trial in trials if name in pack.trials]


def _train(pack: Pack, training: NamedTrials[PPOTrial]) -> None:
    rows = {}  # by trial: prompts and answers of this update
    for written in sampled(pack, [_of_update(name, trial) for name, trial in training]):
        with pack.own(written.asked.name):
            _learn_from(pack, written)
            rows[written.asked.name] = written.rows
    while True:
        left = [(name, trial) for name, trial in _there(pack, training) if trial.update.left]
        if not left:
            return
        parts = [_part(name, trial, rows[name]) for name, trial in left]
        _step_optimizers(pack, dict(left), parts)


def _of_update(name: str, trial: PPOTrial) -> Asked:
    rows, training = trial.places, trial.config.training
    keys = answer_keys(training.seed, trial.progress.step, len(rows))
    how = training.temperature, training.response_length
    return Asked(name, trial, trial.rows, rows, keys, *how)


def _learn_from(pack: Pack, written: Sampled) -> None:
    trial = written.asked.trial
    rewards = earned(written, pack.base.tokenizer)
    metrics = measured(written, rewards)
    trial.watched = {f"sampled_{name}": value for name, value in metrics.items()}
    trial.watched["entropy"] = written.entropy
    trial.begin_update(rewards.total, written.answers, written.scored)


def _part(name: str, trial: PPOTrial, rows: TokenRows) -> TrialRows:
    return TrialRows(name, trial.adapter, rows, trial.update.answers)


def _step_optimizers(
    pack: Pack, trials: Mapping[str, PPOTrial], parts: Sequence[TrialRows]
) -> None:
    """The next minibatch of every trial that has one left; its rows are the trial's part."""
    recompute = any(t.config.training.gradient_checkpointing for t in trials.values())
    for trial in trials.values():
        trial.update.begin()
    try:
        with pack.timed(parts) as seconds:
            for chunk in within_budget(parts, pack.max_tokens):
                objectives = [trials[part.trial].objective(part.chosen) for part in chunk]
                objective_pass(pack.base.model, chunk, objectives, recompute)
    except torch.OutOfMemoryError as error:  # the minibatch begins again
        for trial in trials.values():
            trial.clear()
        pack.make_room(parts, error)
        return
    for name, trial in trials.items():
        trial.spend(seconds[name])
        with pack.own(name):
            trial.step_optimizer()


def _evaluate(pack: Pack, due: NamedTrials[PPOTrial]) -> None:
    """The validation loss, and what answers to validation questions earn."""
    before = {name: trial.seconds for name, trial in due}
    losses = packed_losses(pack, due)
    for written in sampled(pack, [_validation(name, trial) for name, trial in due]):
        name, trial = written.asked.name, written.asked.trial
        with pack.own(name):
            rewards = earned(written, pack.base.tokenizer)
            loss, seconds = losses[name]
            trial.seconds += seconds
            metrics = {**loss.metrics, **measured(written, rewards)}
            rows = (*loss.rows, earned_rows(written, rewards))
            spent = trial.seconds - before[name]
            trial.progress.evaluated(Loss(metrics, loss.components, rows), trial, spent)


def _validation(name: str, trial: PPOTrial) -> Asked:
    limit = trial.config.evaluation.limit
    rows = trial.context.prepared.validation.with_questions().head(limit)
    keys = answer_keys(trial.config.training.seed, VALIDATION, len(rows))
    return Asked(name, trial, rows, range(len(rows)), keys, *trial.config.measured_sampling)


def rewards_now(pack: Pack, name: str) -> dict[str, float]:
    """What a trial's answers to validation questions earn at this moment."""
    return earned_now(pack, name)[0]


def earned_now(pack: Pack, name: str) -> tuple[dict[str, float], RowTable]:
    """The same, and of each answer."""
    trial = pack.trials[name]
    assert isinstance(trial, PPOTrial)
    (written,) = sampled(pack, [_validation(name, trial)])
    rewards = earned(written, pack.base.tokenizer)
    return measured(written, rewards), earned_rows(written, rewards)


PROGRAM = Program(PPOTrial, step)
