"""Reward models in a pack: a batch of pairs of each goes through the base model together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from safetensors.torch import load, save

from trainables.context import TrialContext
from trainables.data.token_rows import TokenRows
from trainables.evaluation.row_results import UNSEEN_PAIRS
from trainables.forward.passes import TrialRows, within_budget
from trainables.forward.states import state_objective_pass, state_pass
from trainables.models.load import Base
from trainables.packing.batches import BatchTrial, batch_step
from trainables.packing.finishing import with_best_adapters
from trainables.packing.pack import Pack, Program
from trainables.packing.trial import NamedTrials
from trainables.reward_model.config import RewardModelConfig
from trainables.reward_model.head import HEAD, fresh_reward_model, scores
from trainables.reward_model.losses import reward_loss
from trainables.reward_model.measures import (
    Scores,
    facts_of,
    final_metrics,
    measured_loss,
    pair_table,
    scores_of,
)
from trainables.reward_model.pairs import measured_facts, measured_pairs
from trainables.saved import Checkpoint, TrialStopped


class RewardTrial(BatchTrial):
    """A trial whose loss is the mean over all pairs of an optimizer step.

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

    def _resume(self, checkpoint: Checkpoint) -> None:
        tensors = load(checkpoint.adapter)
        if HEAD not in tensors:
            tensors[HEAD] = self.adapter.heads[HEAD].detach().cpu()
            checkpoint = replace(checkpoint, adapter=save(tensors))
        super()._resume(checkpoint)

    def objective(self, states: torch.Tensor) -> torch.Tensor:
        """The part that some pairs have in the step's mean loss, times `scale`; `states` (2 pairs,
        width) are those of chosen and rejected rows in turn."""
        found, pairs = scores(states, self.adapter.heads[HEAD]), sum(map(len, self.batches))
        coefficient = self.config.training.center_rewards_coefficient
        return reward_loss(found[::2], found[1::2], coefficient).sum() / pairs * self.scale


def step(pack: Pack, active: NamedTrials[RewardTrial]) -> None:
    """One batch of every trial; then updates and measurements where they are due."""
    batch_step(pack, active, _run, _evaluate, _finish)


def _run(
    model: Any, parts: Sequence[TrialRows], trials: Sequence[RewardTrial], recompute: bool
) -> list[float]:
    return state_objective_pass(model, parts, [trial.objective for trial in trials], recompute)


def _evaluate(pack: Pack, due: NamedTrials[RewardTrial]) -> None:
    found = packed_scores(pack, [(n, t, _validation(t)) for n, t in due])
    for name, trial in due:
        with pack.own(name):
            scored, seconds = found[name]
            trial.seconds += seconds
            trial.progress.evaluated(measured_loss(_validation(trial), scored), trial, seconds)


def _finish(pack: Pack, over: NamedTrials[RewardTrial]) -> None:
    """Measure the best steps' models, also on sources that were never trained on, and report."""
    over = with_best_adapters(pack, over)
    seen = packed_scores(pack, [(n, t, _validation(t)) for n, t in over])
    others = [(n, t, t.context.prepared.unseen) for n, t in over]
    unseen = packed_scores(pack, [(n, t, rows) for n, t, rows in others if rows is not None])
    for name, trial in over:
        with pack.own(name):
            own, seconds = seen[name]
            other, more = unseen.get(name, (None, 0.0))
            trial.seconds += seconds + more
            memory, facts = pack.memory(trial)
            facts |= trial.counts(pack.base)
            facts |= {"pairwise": facts_of(own, other), "evaluation": _settings(trial)}
            metrics, apart = final_metrics(own, other), trial.context.prepared.unseen
            rows = [pair_table(UNSEEN_PAIRS, apart, other)] if apart and other else []
            trial.progress.finish(metrics, (), memory, facts, seconds + more, rows)
            raise TrialStopped


def _settings(trial: RewardTrial) -> dict[str, Any]:
    return measured_facts(trial.context.prepared.validation, trial.config.evaluation)


def _validation(trial: RewardTrial) -> TokenRows:
    return measured_pairs(trial.context.prepared.validation, trial.config.evaluation)


def packed_scores(
    pack: Pack, asked: Sequence[tuple[str, RewardTrial, TokenRows]]
) -> dict[str, tuple[Scores, float]]:
    """The scores of each trial's own pairs, and its share of the seconds, by its name."""
    parts = [TrialRows(name, trial.adapter, rows, range(len(rows))) for name, trial, rows in asked]
    budget = min((t.config.evaluation.max_batch_tokens for _, t, _ in asked), default=0)
    with pack.timed(parts) as seconds:
        values = part_scores(pack, parts, budget)
    return {
        name: (scores_of(rows, values[name].tolist()), seconds[name]) for name, _, rows in asked
    }


def part_scores(pack: Pack, parts: Sequence[TrialRows], budget: int) -> dict[str, torch.Tensor]:
    """(its rows,) scores of each part by the reward model that is its adapter, by the trial's name;
    in passes of at most `budget` tokens."""
    found: dict[str, list[torch.Tensor]] = defaultdict(list)
    for chunk in within_budget(parts, budget):
        for part, states in zip(chunk, state_pass(pack.base.model, chunk), strict=True):
            found[part.trial].append(scores(states, part.adapter.heads[HEAD].detach()))
    pieces = {part.trial: found[part.trial] for part in parts}
    return {name: torch.cat(own) if own else torch.zeros(0) for name, own in pieces.items()}


PROGRAM = Program(RewardTrial, step)
