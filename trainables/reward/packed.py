"""Reward models in a pack: a batch of pairs of each goes through the base model together."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from safetensors.torch import load, save

from trainables.context import Checkpoint, TrialContext, TrialStopped
from trainables.data.token_rows import TokenRows
from trainables.models.load import Base
from trainables.models.trained import counts
from trainables.packing.pack import Pack
from trainables.packing.passes import Part, within_budget
from trainables.packing.program import Program
from trainables.packing.states import Objective, state_objective_pass, state_pass
from trainables.packing.trial import PackedTrial
from trainables.reward.config import RewardModelConfig
from trainables.reward.head import HEAD, fresh_reward_model, scores
from trainables.reward.losses import reward_loss
from trainables.reward.measures import Scores, facts_of, final_metrics, loss_of, scores_of
from trainables.reward.pairs import measured_facts, measured_pairs
from trainables.sft.order import epochs_done, step_batches

Named = Sequence[tuple[str, "RewardTrial"]]


class RewardTrial(PackedTrial):
    """Where a trial is in its pairs, and in the batches of an optimizer step.

    It may start from an adapter without a head, that of a supervised trial: the head is then new.
    """

    config: RewardModelConfig

    def __init__(
        self,
        base: Base,
        config: RewardModelConfig,
        context: TrialContext,
        rungs: Mapping[float, float] | None = None,
    ) -> None:
        adapter = fresh_reward_model(base, config.lora, config.training.seed)
        super().__init__(config, context, adapter, rungs)
        self.rows = context.prepared.train
        self._begin_step()

    def _resume(self, checkpoint: Checkpoint) -> None:
        tensors = load(checkpoint.adapter)
        if HEAD not in tensors:
            tensors[HEAD] = self.adapter.heads[HEAD].detach().cpu()
            checkpoint = replace(checkpoint, adapter=save(tensors))
        super()._resume(checkpoint)

    def _begin_step(self) -> None:
        t = self.config.training
        self.batches = step_batches(
            len(self.rows) // 2,
            t.per_device_train_batch_size,
            t.gradient_accumulation_steps,
            t.seed,
            self.progress.step,
        )
        self.pairs = sum(map(len, self.batches))  # of this step
        self.done = 0  # batches of this step that have been through
        self.loss = 0.0  # mean over all pairs of the step, as far as it is known
        self.spent = 0.0  # seconds of this step

    @property
    def part(self) -> tuple[list[int], list[int]]:
        """The rows of the next batch, chosen and rejected in turn, and their places in the step."""
        first = sum(map(len, self.batches[: self.done]))
        own = self.batches[self.done]
        rows = [row for pair in own for row in (2 * pair, 2 * pair + 1)]
        return rows, list(range(2 * first, 2 * (first + len(own))))

    @property
    def complete(self) -> bool:
        """Whether all batches of the step have been through."""
        return self.done == len(self.batches)

    def objective(self, states: torch.Tensor) -> torch.Tensor:
        """The part that some pairs have in the step's mean loss, times `scale`; `states` (2 pairs,
        width) are those of chosen and rejected rows in turn."""
        found = scores(states, self.adapter.heads[HEAD])
        coefficient = self.config.training.center_rewards_coefficient
        return reward_loss(found[::2], found[1::2], coefficient).sum() / self.pairs * self.scale

    def batch_done(self, loss: float, seconds: float) -> None:
        """Note a batch: its part of the step's mean loss, and its seconds."""
        self.done += 1
        self.loss += loss
        self.spent += seconds
        self.seconds += seconds

    def restart_step(self) -> None:
        """Forget the batches of this step that have been through."""
        self.clear()
        self.done, self.loss = 0, 0.0

    def update(self) -> None:
        """Clip, step the optimizer and the schedule, and go on to the next step.

        Raises TrialFailed where the loss is not a finite number; then nothing is updated.
        """
        norm = math.nan
        if math.isfinite(self.loss):
            norm, moved = self.apply_gradient()
            if moved:
                self.scheduler.step()
        t, step = self.config.training, self.progress.step + 1
        batch, accumulation = t.per_device_train_batch_size, t.gradient_accumulation_steps
        self.progress.step_done(
            loss=self.loss,
            grad_norm=norm,
            rate=self.scheduler.get_last_lr()[0],
            epoch=epochs_done(len(self.rows) // 2, batch, accumulation, step),
            seconds=self.spent,
            penalty=self.penalty,
        )
        if not self.progress.over:
            self._begin_step()


def step(pack: Pack, active: Named) -> None:
    """One batch of every trial; then updates and measurements where they are due."""
    training = [(n, t) for n, t in active if not t.progress.over]
    _train(pack, training)
    updated = [(n, t) for n, t in training if t.complete]
    for name, trial in updated:
        with pack.own(name):
            trial.update()
    _evaluate(pack, [(n, t) for n, t in updated if n in pack.trials and t.progress.due])
    _finish(pack, [(n, t) for n, t in active if n in pack.trials and t.progress.over])


def _train(pack: Pack, training: Named) -> None:
    trials = dict(training)
    parts = [_training_part(name, trial) for name, trial in training]
    rerun = any(t.config.training.gradient_checkpointing for _, t in training)
    losses: dict[str, float] = defaultdict(float)
    try:
        with pack.timed(parts) as seconds:
            for chunk in within_budget(parts, pack.max_tokens, together=2):
                objectives: list[Objective] = [trials[part.trial].objective for part in chunk]
                found = state_objective_pass(pack.base.model, chunk, objectives, rerun)
                for part, loss in zip(chunk, found, strict=True):
                    losses[part.trial] += loss / trials[part.trial].scale
    except torch.OutOfMemoryError as error:  # the steps begin again
        for _, trial in training:
            trial.restart_step()
        pack.make_room(parts, error)
        return
    for name, trial in training:
        trial.batch_done(losses[name], seconds[name])


def _training_part(name: str, trial: RewardTrial) -> Part:
    rows, places = trial.part
    seed, at = trial.config.training.seed, trial.progress.step
    return Part(name, trial.adapter, trial.rows, rows, places, seed, at)


def _evaluate(pack: Pack, due: Named) -> None:
    found = packed_scores(pack, [(n, t, _validation(t)) for n, t in due])
    for name, trial in due:
        with pack.own(name):
            scored, seconds = found[name]
            trial.seconds += seconds
            trial.progress.evaluated(loss_of(scored), trial, seconds)


def _finish(pack: Pack, over: Named) -> None:
    """Measure the best steps' models, also on sources that were never trained on, and report."""
    for name, trial in over:
        with pack.own(name):
            if trial.progress.best_adapter is not None:
                trial.adapter.restore(trial.progress.best_adapter)
    over = [(name, trial) for name, trial in over if name in pack.trials]
    seen = packed_scores(pack, [(n, t, _validation(t)) for n, t in over])
    others = [(n, t, t.context.prepared.unseen) for n, t in over]
    unseen = packed_scores(pack, [(n, t, rows) for n, t, rows in others if rows is not None])
    for name, trial in over:
        with pack.own(name):
            own, seconds = seen[name]
            other, more = unseen.get(name, (None, 0.0))
            trial.seconds += seconds + more
            memory, facts = pack.memory(trial)
            facts |= counts(pack.base, trial.adapter.by_name(trial.adapter.flat))
            facts |= {"pairwise": facts_of(own, other), "evaluation": _settings(trial)}
            metrics = final_metrics(own, other)
            trial.progress.finish(metrics, (), memory, facts, seconds + more)
            raise TrialStopped


def _settings(trial: RewardTrial) -> dict[str, Any]:
    return measured_facts(trial.context.prepared.validation, trial.config.evaluation)


def _validation(trial: RewardTrial) -> TokenRows:
    return measured_pairs(trial.context.prepared.validation, trial.config.evaluation)


def packed_scores(
    pack: Pack, asked: Sequence[tuple[str, RewardTrial, TokenRows]]
) -> dict[str, tuple[Scores, float]]:
    """The scores of each trial's own pairs, and its share of the seconds, by its name."""
    parts = [Part(name, trial.adapter, rows, range(len(rows))) for name, trial, rows in asked]
    values: dict[str, list[float]] = defaultdict(list)  # in the order of the trial's rows
    trials = {name: trial for name, trial, _ in asked}
    budget = min((t.config.evaluation.max_batch_tokens for t in trials.values()), default=0)
    with pack.timed(parts) as seconds:
        for chunk in within_budget(parts, budget):
            for part, states in zip(chunk, state_pass(pack.base.model, chunk), strict=True):
                head = trials[part.trial].adapter.heads[HEAD].detach()
                values[part.trial] += scores(states, head).tolist()
    return {name: (scores_of(rows, values[name]), seconds[name]) for name, _, rows in asked}


PROGRAM = Program(RewardTrial, step)
