"""PPO trials in a pack: one update of each, what it needs of the base model shared with others.

Where to read on, in the order of an update (`step`): `sampled.py` writes answers and has them read
by policy, reference and reward model; `earned.py` gives them rewards; `trial.begin_update` makes an
`experience.py` of them (with `kl.py`, `normalise.py` and `advantages.py`); `update.py` holds its
minibatches and their loss (`losses.py`), which `forward/objectives.py` brings into the gradients;
`trial.step_optimizer` and `trial.end_update` end it. The same with links, and what lies around it:
docs/path-of-a-trial.md.
"""

from collections.abc import Sequence

import torch

from trainables.data.token_rows import TokenRows
from trainables.evaluation.measure import Loss
from trainables.forward.objectives import objective_pass
from trainables.forward.passes import TrialRows, within_budget
from trainables.forward.sampling import answer_keys
from trainables.packing.finishing import finish
from trainables.packing.losses import packed_losses
from trainables.packing.pack import Pack, Program
from trainables.packing.trial import NamedTrials
from trainables.ppo.earned import earned, measured
from trainables.ppo.sampled import Asked, Sampled, sampled
from trainables.ppo.trial import PPOTrial

VALIDATION = -1  # in place of an update's number: the same noise at every evaluation


def step(pack: Pack, active: NamedTrials[PPOTrial]) -> None:
    """One update of every trial; then evaluations and answers where they are due."""
    training = [(n, t) for n, t in active if not t.progress.over]
    _train(pack, training)
    updated = [(n, t) for n, t in training if n in pack.trials]
    for name, trial in updated:
        with pack.own(name):
            trial.end_update()
    _evaluate(pack, [(n, t) for n, t in updated if n in pack.trials and t.progress.due])
    finish(pack, [(n, t) for n, t in active if n in pack.trials and t.progress.over])


def _train(pack: Pack, training: NamedTrials[PPOTrial]) -> None:
    rows = {}
    for found in sampled(pack, [_of_update(name, trial) for name, trial in training]):
        with pack.own(found.asked.name):
            _learn_from(pack, found)
            rows[found.asked.name] = found.rows
    while left := [(n, t) for n, t in training if n in pack.trials and t.update.left]:
        _step_optimizers(pack, [(n, t, _part(n, t, rows[n])) for n, t in left])


def _of_update(name: str, trial: PPOTrial) -> Asked:
    places = trial.places
    keys = answer_keys(trial.config.training.seed, trial.progress.step, len(places))
    return Asked(name, trial, trial.rows, places, keys)


def _learn_from(pack: Pack, found: Sampled) -> None:
    trial = found.asked.trial
    rewards = earned(found, pack.base.tokenizer)
    trial.watched = {f"sampled_{n}": v for n, v in measured(found, rewards).items()}
    trial.watched["entropy"] = found.entropy
    trial.begin_update(rewards.total, found.answers, found.scored)


def _part(name: str, trial: PPOTrial, rows: TokenRows) -> TrialRows:
    return TrialRows(name, trial.adapter, rows, trial.update.answers)


def _step_optimizers(pack: Pack, left: Sequence[tuple[str, PPOTrial, TrialRows]]) -> None:
    """The next minibatch of every trial that has one left."""
    trials, parts = {name: trial for name, trial, _ in left}, [part for *_, part in left]
    rerun = any(t.config.training.gradient_checkpointing for t in trials.values())
    for trial in trials.values():
        trial.update.begin()
    try:
        with pack.timed(parts) as seconds:
            for chunk in within_budget(parts, pack.max_tokens):
                objectives = [trials[part.trial].objective(part.chosen) for part in chunk]
                objective_pass(pack.base.model, chunk, objectives, rerun)
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
    for found in sampled(pack, [_validation(name, trial) for name, trial in due]):
        name, trial = found.asked.name, found.asked.trial
        with pack.own(name):
            rewards = earned(found, pack.base.tokenizer)
            loss, seconds = losses[name]
            trial.seconds += seconds
            metrics = {**loss.metrics, **measured(found, rewards)}
            spent = trial.seconds - before[name]
            trial.progress.evaluated(Loss(metrics, loss.components), trial, spent)


def _validation(name: str, trial: PPOTrial) -> Asked:
    limit = trial.config.evaluation.limit
    rows = trial.context.prepared.validation.with_questions().head(limit)
    keys = answer_keys(trial.config.training.seed, VALIDATION, len(rows))
    return Asked(name, trial, rows, range(len(rows)), keys)


def rewards_now(pack: Pack, name: str) -> dict[str, float]:
    """What a trial's answers to validation questions earn at this moment."""
    trial = pack.trials[name]
    assert isinstance(trial, PPOTrial)
    (found,) = sampled(pack, [_validation(name, trial)])
    return measured(found, earned(found, pack.base.tokenizer))


PROGRAM = Program(PPOTrial, step)
