"""One update of a PPO trial: its answers, and the optimizer steps on them that are left."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from trainables.forward.log_probs import chunks
from trainables.forward.objectives import AnswerLogits
from trainables.ppo.config import PPOTrainingConfig
from trainables.ppo.experience import Experience
from trainables.ppo.losses import entropy, policy_loss, value_loss

ValueFunction = Callable[[Tensor], Tensor]  # the trunk's states (tokens, width) → (tokens,)


class Update:
    """`left` are the minibatches (numbers of answers) still to be trained on. What is watched of an
    optimizer step adds up in `watched`, and of all steps in `sums`."""

    def __init__(
        self, experience: Experience, left: Sequence[Sequence[int]], training: PPOTrainingConfig
    ) -> None:
        self.experience, self.left, self.training = experience, [*left], training
        self.watched: dict[str, float] = defaultdict(float)
        self.sums: dict[str, float] = defaultdict(float)
        self.steps = 0

    @property
    def answers(self) -> Sequence[int]:
        """Those of the next optimizer step."""
        return self.left[0]

    def begin(self) -> None:
        """Forget what was watched of the optimizer step under way."""
        self.watched.clear()

    def objective(
        self, answers: Sequence[int], values: ValueFunction, scale: float
    ) -> Callable[[AnswerLogits], Tensor]:
        """PPO's loss, times `scale`, of some of the step's answers, as their part of its mean over
        all answer tokens of the step."""
        # of these answers alone: (tokens,) each; and their share of the step's tokens
        past, training = self.experience.of(answers), self.training
        share = past.starts[-1] / self.experience.tokens(self.answers)

        def loss(seen: AnswerLogits) -> Tensor:
            mask = torch.ones_like(past.old, dtype=torch.bool)  # (tokens,): nothing is padding
            new = seen.log_probabilities(training.temperature)  # (tokens,)
            policy = policy_loss(new, past.old, past.advantages, mask, training.cliprange)
            now = values(seen.hidden)  # (tokens, width) → (tokens,)
            value = value_loss(now, past.values, past.returns, mask, training.cliprange_value)
            total = policy.loss + training.vf_coef * value.loss  # a scalar, as all that follow
            if training.entropy_coef:
                entropies = seen_entropy(seen, training.temperature)  # (tokens,)
                total = total - training.entropy_coef * entropies.mean()
            self._note(
                share,
                loss=total,
                policy_loss=policy.loss,
                value_loss=value.loss,
                clip_fraction=policy.clip_fraction,
                value_clip_fraction=value.clip_fraction,
                approximate_kl=policy.approximate_kl,
            )
            return total * share * scale

        return loss

    def _note(self, share: float, **means: Tensor) -> None:
        for name, value in means.items():
            self.watched[name] += share * float(value.detach())

    @property
    def finite(self) -> bool:
        """Whether the loss of the step under way is a number."""
        return math.isfinite(self.watched["loss"])

    @property
    def too_far(self) -> bool:
        """Whether the policy has gone further from the one that answered than `target_kl`."""
        limit = self.training.target_kl
        return limit is not None and self.watched["approximate_kl"] > limit

    def stop(self) -> None:
        """Leave the steps that are left."""
        self.left.clear()

    def end(self, grad_norm: float) -> None:
        """Note that the step under way is done."""
        for name, value in {**self.watched, "grad_norm": grad_norm}.items():
            self.sums[name] += value
        self.steps += 1
        del self.left[0]

    def means(self) -> dict[str, float]:
        """What was watched, over the steps that were done."""
        return {name: value / self.steps for name, value in self.sums.items()}


def seen_entropy(seen: AnswerLogits, temperature: float) -> Tensor:
    """(tokens,) entropy in nats of the policy before each token, at a temperature."""
    exact = torch.promote_types(seen.logits.dtype, torch.float32)
    # a few rows of (tokens, vocabulary) at a time
    parts = [entropy(part.to(exact) / temperature) for (part,) in chunks(seen.logits)]
    return torch.cat(parts)
