"""TRL's GRPOTrainer with medsweep's prompts, rewards, reference, checkpoints and seeds."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import fmean
from typing import Any

import torch
from trl import GRPOTrainer
from trl.trainer.utils import pad

from trainables.evaluation.metric_names import REWARD
from trainables.grpo.config import GRPOTrainingConfig
from trainables.grpo.order import GroupOrder
from trainables.grpo.rollouts import as_json, from_json
from trainables.isolated.resuming import Resuming
from trainables.models.reference import ROLE, as_reference, set_reference
from trainables.saved import Checkpoint, SavedAdapter

WATCHED = {
    "reward": "sampled_reward",
    "entropy": "entropy",
    "clip_ratio/region_mean": "clip_fraction",
    "completions/mean_length": "sampled_answer_tokens",
    "completions/clipped_ratio": "sampled_truncated",
}


class MedsweepGRPOTrainer(Resuming, GRPOTrainer):  # type: ignore[misc]
    """GRPOTrainer that asks tokenised prompts and resumes from a Checkpoint, also between two steps
    on the same answers."""

    def __init__(
        self,
        *,
        training: GRPOTrainingConfig,
        checkpoint: Checkpoint | None,
        frozen: Mapping[str, SavedAdapter],
        **options: Any,
    ) -> None:
        order = GroupOrder(len(options["train_dataset"]), training)
        super().__init__(order=order, checkpoint=checkpoint, frozen=frozen, **options)
        set_reference(self.model, frozen.get(ROLE))
        self.uses = order.uses
        self.divergences: list[float] = []  # nats an answer, of each batch of the step
        self.last: dict[str, float] = {}  # watched values as last known
        self.tokens = 0  # of prompts and answers, all steps so far
        if self._resume:
            self.tokens, self.last = (self._resume.state[name] for name in ("tokens", "watched"))
            self._step = self._resume.step * training.gradient_accumulation_steps
            self._buffered_inputs = from_json(self._resume.state["rollouts"], self.model.device)

    def watched(self) -> Mapping[str, float]:
        """The step's loss, entropy and clipping, and what the answers it saw are like."""
        for name, values in self._metrics["train"].items():
            if ours := WATCHED.get(name) or _of_one_reward(name):
                self.last[ours] = fmean(values)
        self._metrics["train"].clear()
        if self.divergences:
            self.last["sampled_kl"] = fmean(self.divergences)
            self.divergences.clear()
        return {**self.last, "policy_loss": self.step_loss}

    @contextmanager
    def at(self, temperature: float) -> Iterator[None]:
        """Log-probabilities at another temperature than that of training."""
        self.temperature = temperature
        try:
            yield
        finally:
            self.temperature = self.args.temperature

    @torch.no_grad()
    def divergence(self, prompts: Sequence[Any], answers: Sequence[Sequence[int]]) -> list[float]:
        """log p - log q of each answer to its prompt (token ids), summed over its tokens: policy
        and reference at the temperature of sampling (see `at`), nats."""
        model = self.accelerator.unwrap_model(self.model)
        gaps: list[float] = []
        for first in range(0, len(answers), self.args.per_device_train_batch_size):
            part = slice(first, first + self.args.per_device_train_batch_size)
            ids, mask, kept = self._padded(prompts[part], answers[part])
            policy = self._log_probs(ids, mask, kept)
            with as_reference(model):
                gap = policy - self._log_probs(ids, mask, kept)
            gaps += (gap * mask[:, -kept:]).sum(dim=1).tolist()
        return gaps

    def _padded(
        self, prompts: Sequence[Any], answers: Sequence[Sequence[int]]
    ) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Ids and mask (rows, tokens), prompts padded at the left and answers at the right, and
        the width of the answers."""
        left = pad([torch.as_tensor(p, dtype=torch.long) for p in prompts], -1, "left")
        right = pad([torch.as_tensor(a, dtype=torch.long) for a in answers], -1, "right")
        ids = torch.cat([left, right], dim=1).to(self.model.device)
        mask = (ids >= 0).long()
        return ids.masked_fill(ids < 0, self._tokenizer.pad_token_id), mask, right.size(1)

    def _log_probs(self, ids: torch.Tensor, mask: torch.Tensor, kept: int) -> torch.Tensor:
        found, _, _ = super()._get_per_token_logps_and_entropies(self.model, ids, mask, kept)
        return torch.as_tensor(found)

    def snapshot(self, state: dict[str, Any]) -> Checkpoint:
        """As Resuming; answers that are used again are in the state."""
        again = self._step % self.uses != 0
        rollouts = as_json(self._buffered_inputs) if again and self._buffered_inputs else None
        own = {"tokens": self.tokens, "watched": {**self.last}, "rollouts": rollouts}
        return super().snapshot({**state, **own})

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self._asked = [row["prompt_ids"] for row in inputs]
        found: dict[str, Any] = super()._generate_and_score_completions(inputs)
        return found

    def _tokenize_prompts(self, prompts: list[Any]) -> tuple[list[Any], None, dict[str, Any]]:
        return self._asked, None, {}

    def _generate(self, prompts: list[Any]) -> Any:
        found = super()._generate(prompts)
        self.tokens += sum(len(ids) for part in found[:2] for ids in part)
        return found

    def _get_per_token_logps_and_entropies(self, *args: Any, **options: Any) -> Any:
        found = super()._get_per_token_logps_and_entropies(*args, **options)
        self._logps = found[0].detach()
        return found

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """TRL's loss; with `beta` above 0 it has the reference's log-probabilities."""
        loss: torch.Tensor = super()._compute_loss(model, inputs)
        if "ref_per_token_logps" in inputs:
            gap = (self._logps - inputs["ref_per_token_logps"]) * inputs["completion_mask"]
            self.divergences.append(float(gap.sum(dim=1).mean()))
        return loss


def _of_one_reward(name: str) -> str | None:
    """TRL's `rewards/NAME/mean` as ours."""
    found = re.fullmatch(r"rewards/(.+)/mean", name)
    return found and f"sampled_{REWARD}{found[1]}"
