"""TRL's GRPOTrainer with medsweep's prompts, rewards, reference, checkpoints and seeds."""

from collections.abc import Mapping
from statistics import fmean
from typing import Any

import torch
from trl import GRPOTrainer
from trl.trainer.utils import use_adapter

from trainables.context import Adapter, Checkpoint
from trainables.grpo.config import GRPOTrainingConfig
from trainables.grpo.order import GroupOrder
from trainables.grpo.rollouts import as_json, from_json
from trainables.models.reference import NAME, set_reference
from trainables.sft.resuming import Resuming

WATCHED = {
    "reward": "sampled_reward",
    "entropy": "entropy",
    "clip_ratio/region_mean": "clip_fraction",
}


class MedsweepGRPOTrainer(Resuming, GRPOTrainer):  # type: ignore[misc]
    """GRPOTrainer that asks tokenised prompts, tells the divergence in nats an answer, and resumes
    from a Checkpoint, also between two steps on the same answers."""

    def __init__(
        self,
        *,
        training: GRPOTrainingConfig,
        checkpoint: Checkpoint | None,
        reference: Adapter | None,
        **options: Any,
    ) -> None:
        order = GroupOrder(len(options["train_dataset"]), training)
        super().__init__(order=order, checkpoint=checkpoint, **options)
        set_reference(self.model, reference)
        self.uses = order.uses
        self.divergences: list[float] = []  # of each batch since the last evaluation
        self.step_divergences: list[float] = []
        self.last: dict[str, float] = {}  # watched values as last known
        self.tokens = 0  # of prompts and answers, all steps so far
        if self._resume:
            self.tokens, self.last = (self._resume.state[name] for name in ("tokens", "watched"))
            self._step = self._resume.step * training.gradient_accumulation_steps
            self._buffered_inputs = from_json(self._resume.state["rollouts"], self.model.device)

    def watched(self) -> Mapping[str, float]:
        """The step's divergence, loss, entropy, clipping, and the reward of the answers."""
        for name, values in self._metrics["train"].items():
            if name in WATCHED:
                self.last[WATCHED[name]] = fmean(values)
        self._metrics["train"].clear()
        kl = fmean(self.step_divergences)
        self.step_divergences.clear()
        return {**self.last, "kl": kl, "policy_loss": self.step_loss}

    def divergence(self) -> float:
        """Nats an answer, mean over the steps since this was last asked."""
        found = fmean(self.divergences)
        self.divergences.clear()
        return found

    def snapshot(self, state: dict[str, Any]) -> Checkpoint:
        """As Resuming; answers that are used again are in the state."""
        again = self._step % self.uses != 0
        rollouts = as_json(self._buffered_inputs) if again and self._buffered_inputs else None
        own = {"tokens": self.tokens, "watched": {**self.last}, "rollouts": rollouts}
        return super().snapshot({**state, **own})

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self._asked = [row["prompt_ids"] for row in inputs]
        found: dict[str, Any] = super()._generate_and_score_completions(inputs)
        if "ref_per_token_logps" not in found:  # beta is 0: only to tell the divergence
            found["ref_per_token_logps"] = self._reference_logps(found)
        return found

    def _tokenize_prompts(self, prompts: list[Any]) -> tuple[list[Any], None, dict[str, Any]]:
        return self._asked, None, {}

    def _generate(self, prompts: list[Any]) -> Any:
        found = super()._generate(prompts)
        self.tokens += sum(len(ids) for part in found[:2] for ids in part)
        return found

    @torch.no_grad()
    def _reference_logps(self, found: Mapping[str, Any]) -> torch.Tensor:
        ids, mask = (
            torch.cat([found[f"prompt_{kind}"], found[f"completion_{kind}"]], dim=1)
            for kind in ("ids", "mask")
        )
        model = self.accelerator.unwrap_model(self.model)
        with use_adapter(model, NAME if NAME in model.peft_config else None):
            logps, _, _ = super()._get_per_token_logps_and_entropies(
                self.model,
                ids,
                mask,
                found["completion_ids"].size(1),
                batch_size=self.args.per_device_train_batch_size,
            )
        return torch.as_tensor(logps)

    def _get_per_token_logps_and_entropies(self, *args: Any, **options: Any) -> Any:
        found = super()._get_per_token_logps_and_entropies(*args, **options)
        self._logps = found[0].detach()
        return found

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """TRL's loss; log p - log q of sampled answers estimates KL(policy || reference)."""
        loss: torch.Tensor = super()._compute_loss(model, inputs)
        gap = (self._logps - inputs["ref_per_token_logps"]) * inputs["completion_mask"]
        self.step_divergences.append(float(gap.sum(dim=1).mean()))
        self.divergences.append(self.step_divergences[-1])
        return loss
