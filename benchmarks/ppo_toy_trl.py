"""TRL 1.12's PPOTrainer on the toy task, for comparison with `benchmarks.ppo_toy`.

TRL has no PPO any more, so this runs in an environment of its own, with nothing of medsweep:

    python -m venv trl112 && trl112/bin/pip install torch==2.13.0 'trl==1.12.*' peft
    trl112/bin/python -m benchmarks.ppo_toy_trl --json benchmarks/results/ppo-toy-trl.json

The policy is the same model with the same LoRA, the value model a second copy of it with a head, of
which all weights are trained (TRL's usual set-up). The reward "model" computes the true reward from
token ids.
"""

import argparse
import gc
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmarks.output import JSON
from benchmarks.toy_task import LETTERS, VOCABULARY, compare, prompt_tokens, token_score

PROMPT = 3  # tokens


class Scores(torch.nn.Module):
    """What TRL takes for a reward model's trunk: its "states" are the sequences' true rewards."""

    def __init__(self) -> None:
        super().__init__()
        self.means: list[float] = []

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: Any) -> Any:
        """(rows, tokens, 1): each row's reward at all of its tokens."""
        found = [
            token_score(VOCABULARY[int(ids[1])], ids[PROMPT : int(mask.sum())].tolist())
            for ids, mask in zip(input_ids, attention_mask, strict=True)
        ]
        self.means.append(sum(found) / len(found))
        states = torch.tensor(found)[:, None, None].expand(*input_ids.shape, 1)
        return argparse.Namespace(hidden_states=[states])


class TrueReward(torch.nn.Module):
    """TRL's interface of a reward model."""

    base_model_prefix = "trunk"

    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.score = Scores(), torch.nn.Identity()


def run(folder: Path, setting: JSON, seed: int) -> list[float]:
    """The mean true reward of each update's answers."""
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import (
        AutoModelForCausalLM,
        AutoModelForSequenceClassification,
        AutoTokenizer,
        PrinterCallback,
        set_seed,
    )
    from trl.experimental.ppo import PPOTrainer

    set_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    reward = TrueReward()
    prompts = [prompt_tokens(letter) for letter in LETTERS] * 32
    with tempfile.TemporaryDirectory() as out:
        trainer = PPOTrainer(
            args=arguments(setting, seed, out),
            processing_class=tokenizer,
            model=AutoModelForCausalLM.from_pretrained(folder),
            ref_model=None,
            reward_model=reward,
            value_model=AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1),
            train_dataset=Dataset.from_dict({"input_ids": prompts}),
            eval_dataset=Dataset.from_dict({"input_ids": prompts}),
            peft_config=LoraConfig(task_type="CAUSAL_LM", **setting["lora"]),
        )
        trainer.remove_callback(PrinterCallback)
        gc.freeze()  # TRL collects after every update: most of the time of so small a model
        try:
            trainer.train()
        except ValueError as error:  # the policy has diverged, and answers with padding alone
            print(error, flush=True)
        gc.unfreeze()
    means = reward.trunk.means
    return means + [0.0] * (setting["updates"] - len(means))


def arguments(setting: JSON, seed: int, out: str) -> Any:
    """TRL's PPOConfig of a setting."""
    from trl.experimental.ppo import PPOConfig

    same = (
        "learning_rate", "num_mini_batches", "num_ppo_epochs", "kl_coef", "gamma", "lam",
        "cliprange", "cliprange_value", "vf_coef", "temperature", "response_length",
    )  # fmt: skip
    return PPOConfig(
        output_dir=out,
        seed=seed,
        per_device_train_batch_size=setting["batch"],
        local_rollout_forward_batch_size=setting["batch"],
        total_episodes=setting["updates"] * setting["batch"],
        lr_scheduler_type="linear",
        warmup_steps=0,
        stop_token="eos",
        num_sample_generations=0,
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=True,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        **{name: setting[name] for name in same},
    )


def main() -> None:
    """Search, repeat the best setting, write."""
    compare(__doc__, "ppo-toy-trl.json", each, about)


def each(folder: Path, setting: JSON, seeds: Sequence[int]) -> dict[int, list[float]]:
    """Every seed's run, one after the other."""
    return {seed: run(folder, setting, seed) for seed in seeds}


def about() -> JSON:
    """Versions and device."""
    packages = ("trl", "torch", "transformers", "peft", "accelerate")
    cpu = next(
        (x.partition(":")[2].strip() for x in Path("/proc/cpuinfo").read_text().splitlines()
         if x.startswith("model name")), "unknown",
    )  # fmt: skip
    return {"engine": "trl", "packages": {p: version(p) for p in packages}, "cpu": cpu}


if __name__ == "__main__":
    main()
