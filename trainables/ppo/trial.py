"""One PPO trial of a pack: which prompts it answers, what the answers earn, what it keeps."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from trainables.context import TrialContext
from trainables.evaluation.generation import end_tokens
from trainables.forward.adapter import PackedAdapter, bare, fresh_adapter, saved_adapter
from trainables.forward.objectives import AnswerLogits
from trainables.models.load import Base
from trainables.models.reference import ROLE as REFERENCE
from trainables.models.reference import frozen_of
from trainables.packing.trial import PackedTrial
from trainables.ppo.config import PPOConfig
from trainables.ppo.experience import ScoredAnswers, experience, minibatches
from trainables.ppo.kl import AdaptiveKL, Controller, FixedKL
from trainables.ppo.normalise import RunningScale
from trainables.ppo.update import Update
from trainables.reward_model.head import HEAD
from trainables.rewards.config import REWARD_MODEL
from trainables.rewards.kept_step import step_criterion
from trainables.rewards.scoring import Scorer
from trainables.saved import Checkpoint, Diverged
from trainables.seeds import derived_seed
from trainables.training.order import epochs_done, step_batches

VALUE_WEIGHT, VALUE_BIAS = "value_head.weight", "value_head.bias"


class PPOTrial(PackedTrial):
    """A policy and its value head; what they are compared with is frozen.

    The reference is the adapter that the trial started from, or the base where it started fresh.
    """

    config: PPOConfig
    update: Update

    def __init__(
        self,
        base: Base,
        config: PPOConfig,
        context: TrialContext,
        rungs: Mapping[float, float] | None = None,
    ) -> None:
        training = config.training
        adapter = fresh_adapter(base, config.lora, training.seed, value_head(base))
        self.reward_scale, self.sampled_tokens = RunningScale(), 0
        self.kl: Controller = FixedKL(training.kl_coef)
        if training.kl_target is not None:
            self.kl = AdaptiveKL(training.kl_coef, training.kl_target, training.kl_horizon)
        super().__init__(
            config, context, adapter, rungs, criterion=step_criterion(config.reward), may_rest=True
        )
        self.frozen = frozen_of(context.checkpoint, adapter.settings)
        saved = self.frozen.get(REFERENCE)
        self.reference = saved_adapter(base, saved) if saved else bare(base)
        self.reward_model = self._reward_model(base)
        self.scorer = Scorer(config.reward, apart=self.reward_model is not None)
        self.ends = frozenset(end_tokens(base.model, base.tokenizer))
        self.rows = context.prepared.train
        self.rows.check_questions()
        self.watched: dict[str, float] = {}  # of the answers of this update
        self.spent = 0.0  # seconds of this update
        self.broken: float | None = None  # a loss that is not a finite number

    def _reward_model(self, base: Base) -> PackedAdapter | None:
        """What the reward `reward_model` asks, where it counts and there is one."""
        saved = self.frozen.get(REWARD_MODEL)
        if saved is None or not self.config.reward.weights.get(REWARD_MODEL):
            return None
        return saved_adapter(base, saved, heads=(HEAD,))

    @property
    def adapters(self) -> Sequence[PackedAdapter]:
        """The policy, its reference, and its reward model where it has one."""
        if self.reward_model is None:
            return (self.adapter, self.reference)
        return (self.adapter, self.reference, self.reward_model)

    @property
    def places(self) -> list[int]:
        """The rows whose prompts this update answers."""
        training = self.config.training
        batches = step_batches(
            len(self.rows),
            training.per_device_train_batch_size,
            training.gradient_accumulation_steps,
            training.seed,
            self.progress.step,
        )
        return [row for batch in batches for row in batch]

    def cut(self, answers: Sequence[Sequence[int]]) -> list[bool]:
        """Whether each answer was cut before its end."""
        return [not answer or answer[-1] not in self.ends for answer in answers]

    def values(self, hidden: torch.Tensor) -> torch.Tensor:
        """(tokens,) of the trunk's states (tokens, width)."""
        weight, bias = self.adapter.heads[VALUE_WEIGHT], self.adapter.heads[VALUE_BIAS]
        # (tokens, width) x (width, 1) → (tokens, 1)
        return torch.nn.functional.linear(hidden.to(weight.dtype), weight, bias)[:, 0]

    def objective(self, answers: Sequence[int]) -> Callable[[AnswerLogits], torch.Tensor]:
        """The loss of some answers of the minibatch under way."""
        return self.update.objective(answers, self.values, self.scale)

    def spend(self, seconds: float) -> None:
        """Note time of this update."""
        self.seconds += seconds
        self.spent += seconds

    def begin_update(
        self, totals: Sequence[float], answers: Sequence[Sequence[int]], scored: ScoredAnswers
    ) -> None:
        """Make this update's experience of what its answers earn in all (0..1 each)."""
        training, lengths = self.config.training, [len(answer) for answer in answers]
        scores = self._normalised(torch.tensor(totals, dtype=torch.float64))  # (answers,)
        if training.missing_eos_penalty is not None:
            scores -= training.missing_eos_penalty * torch.tensor(self.cut(answers))
        scores = scores.to(scored.values.device)
        coefficient = self.kl.value
        gained = experience(scored, lengths, scores, coefficient, training)
        left = minibatches(len(lengths), training, self._seeds())
        self.update = Update(gained.experience, left, training)
        self.watched["kl_coef"] = coefficient
        self.watched["explained_variance"] = gained.explained_variance
        self.kl.update(sum(gained.kl) / len(lengths), len(lengths))
        self.sampled_tokens += sum(lengths) + sum(len(self.rows.prompt(p)) for p in self.places)

    def _normalised(self, scores: torch.Tensor) -> torch.Tensor:
        limit = self.config.training.score_clip
        if self.config.training.use_score_norm:
            self.reward_scale.add(scores)
            return self.reward_scale.normalised(scores, limit)
        return scores if limit is None else scores.clamp(-limit, limit)

    def _seeds(self) -> list[int]:
        training, step = self.config.training, self.progress.step
        epochs = range(training.num_ppo_epochs)
        return [derived_seed("minibatch", training.seed, step, epoch) for epoch in epochs]

    def step_optimizer(self) -> None:
        """End an optimizer step: move, or end the update where the policy has gone too far from the
        one that answered.

        Where the loss is no finite number nothing moves any more, but the rows stay in place until
        the update ends: with other rows beside them the other trials would round differently.
        """
        if not self.update.finite:
            self.broken = self.broken or self.update.watched["loss"]
        if self.broken is not None:
            self.clear()
            self.update.end(math.nan)
        elif self.update.too_far:
            self.clear()
            self.update.stop()
        else:
            self.update.end(self.apply_gradient()[0])

    def end_update(self) -> None:
        """Step the schedule and tell the progress. Raises Diverged where a loss was not a finite
        number."""
        if self.broken is not None:
            raise Diverged(
                f"the PPO loss is {self.broken} at step {self.progress.step + 1} "
                "(try a lower learning rate)"
            )
        self.scheduler.step()
        training, step = self.config.training, self.progress.step + 1
        batch = training.per_device_train_batch_size
        accumulation = training.gradient_accumulation_steps
        means = self.update.means()
        self.progress.step_done(
            loss=means.pop("loss", 0.0),
            grad_norm=means.pop("grad_norm", 0.0),
            rate=self.scheduler.get_last_lr()[0],
            epoch=epochs_done(len(self.rows), batch, accumulation, step),
            seconds=self.spent,
            **self.watched,
            **means,
        )
        self.spent = 0.0

    def snapshot(self, state: dict[str, Any]) -> Checkpoint:
        """As Weights."""
        more = {
            "kl_coef": self.kl.value,
            "reward_scale": self.reward_scale.state(),
            "sampled_tokens": self.sampled_tokens,
        }
        return replace(super().snapshot({**state, **more}), frozen=self.frozen)

    def _resume(self, checkpoint: Checkpoint) -> None:
        super()._resume(checkpoint)
        if checkpoint.step:
            self.kl.value = float(checkpoint.state["kl_coef"])
            self.reward_scale.restore(checkpoint.state["reward_scale"])
            self.sampled_tokens = int(checkpoint.state["sampled_tokens"])

    def _scheduled(self, state: Mapping[str, Any]) -> int:
        return int(state["step"])

    def facts(self) -> dict[str, Any]:
        """As PackedTrial."""
        return {"tokens": self.sampled_tokens}


def value_head(base: Base) -> dict[str, torch.Tensor]:
    """A value head (1, width) and its bias, at zero: no state is worth anything yet."""
    width = base.model.get_output_embeddings().in_features
    return {VALUE_WEIGHT: torch.zeros(1, width), VALUE_BIAS: torch.zeros(1)}
