"""Our PPO on the toy task: the proof that it learns, and the comparison with TRL's.

    python -m benchmarks.ppo_toy --json benchmarks/results/ppo-toy.json

Search and final runs are those of `benchmarks.toy_task`, as in `benchmarks.ppo_toy_trl`; all
seeds of a setting train in one pack, each exactly as if it were alone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.output import JSON, device
from benchmarks.toy_task import ANSWER_TOKENS, LETTERS, answer, compare, prompt_tokens
from benchmarks.trial_steps import joined, trained
from trainables.data.chat_format import encode_many
from trainables.data.prepared import Prepared
from trainables.data.rows import Row
from trainables.data.token_rows import TokenRows, token_rows
from trainables.models.load import load_base
from trainables.models.tokenizer import load_tokenizer
from trainables.ppo.config import PPOConfig

REPEATED = 32  # each question, so that a batch of them all is an epoch


def rows(folder: Path, repeated: int) -> TokenRows:
    """The questions, each so many times."""
    pairs = [(letter, answer(letter)) for letter in LETTERS] * repeated
    encoded = [e for e in encode_many(load_tokenizer(folder), pairs, None, 32) if e]
    assert encoded[0].input_ids[:3] == prompt_tokens(LETTERS[0])
    named = [Row(str(n), str(n), *pair) for n, pair in enumerate(pairs)]
    return token_rows(named, encoded)


def config(folder: Path, setting: JSON, seed: int) -> PPOConfig:
    """A trial of the shared setting; the learning rate falls linearly, as it does there."""
    names = set(setting) - {"batch", "lora", "updates"}
    return PPOConfig.model_validate(
        {
            "model": {"name_or_path": str(folder), "dtype": "float32"},
            "data": {"source": "toy:drugs", "system_prompt": None},
            "lora": setting["lora"],
            "reward": {"weights": {"benchmarks.toy_task:right_places": 1}},
            "training": {
                "seed": seed,
                "per_device_train_batch_size": setting["batch"],
                "max_steps": setting["updates"],
                "lr_scheduler_type": "linear",
                "warmup_steps": 0,
                "max_length": 32,
                **{name: setting[name] for name in names},
            },
            "evaluation": {
                "metrics": ["perplexity"],
                "every_epochs": setting["updates"],
                "max_new_tokens": ANSWER_TOKENS,
            },
        }
    )


def run(folder: Path, setting: JSON, seeds: Sequence[int]) -> dict[int, list[float]]:
    """The mean true reward of each update's answers, by seed. Raises what ends a trial early."""
    data = Prepared("toy task", rows(folder, REPEATED), rows(folder, 1), {})
    trials = [config(folder, setting, seed) for seed in seeds]
    base = load_base(trials[0].model, "cpu")
    pack = joined(base, [(trial, data) for trial in trials])
    own: list[Any] = list(pack.trials.values())
    rewards = [[trial.watched["sampled_reward"] for trial in own] for _ in trained(pack)]
    return dict(zip(seeds, (list(curve) for curve in zip(*rewards, strict=True)), strict=True))


def main() -> None:
    """Search, repeat the best setting, write."""
    compare(__doc__, "ppo-toy.json", run, lambda: {"engine": "medsweep", "device": device()})


if __name__ == "__main__":
    main()
