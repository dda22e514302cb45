"""Our PPO on the toy task: the proof that it learns, and the comparison with TRL's.

    python -m benchmarks.ppo_toy --json benchmarks/results/ppo-toy.json

Search and final runs are those of `benchmarks.toy_search`, as in `benchmarks.ppo_toy_trl`; all
seeds of a setting train in one pack, each exactly as if it were alone.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.device import device
from benchmarks.toy_search import JSON, SEEDS, Run, best, searched, tried, write
from benchmarks.toy_task import ANSWER_TOKENS, LETTERS, answer, prompt_tokens, write_model
from trainables.context import ListContext
from trainables.data.chat_format import encode_many
from trainables.data.prepared import Prepared
from trainables.data.rows import Row
from trainables.data.token_rows import TokenRows, token_rows
from trainables.models.load import load_base
from trainables.models.tokenizer import load_tokenizer
from trainables.packing.pack import Pack
from trainables.ppo.config import PPOConfig

ABLATIONS: dict[str, JSON] = {
    "no clipping": {"cliprange": 1e6, "cliprange_value": 1e6},
    "no value baseline": {"vf_coef": 0.0},  # the head stays at zero
}
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
    trials = {seed: config(folder, setting, seed) for seed in seeds}
    pack = Pack(load_base(trials[seeds[0]].model, "cpu"), trials[seeds[0]].model)
    curves: dict[int, list[float]] = {seed: [] for seed in seeds}
    for seed, trial in trials.items():
        pack.join(str(seed), trial, ListContext(data))
    own: dict[int, Any] = {seed: pack.trials[str(seed)] for seed in seeds}
    while pack.trials:
        for ended in pack.step():
            if ended.error:
                raise ended.error
        for seed, curve in curves.items():
            curve.append(own[seed].watched["sampled_reward"])
    pack.close()
    return curves


def ablated(run_all: Run, setting: JSON) -> dict[str, JSON]:
    """The chosen setting without a part of PPO."""
    return {name: tried(run_all, {**setting, **own}, SEEDS) for name, own in ABLATIONS.items()}


def main() -> None:
    """Search, repeat the best setting, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results/ppo-toy.json"))
    parser.add_argument("--place", type=int, help="only this setting of the search, not written")
    parser.add_argument(
        "--ablate", action="store_true", help="add what parts are worth to the file"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        model = write_model(Path(folder) / "model")

        def all_seeds(setting: JSON, seeds: Sequence[int]) -> dict[int, list[float]]:
            return run(model, setting, seeds)

        if options.place is not None:
            searched(all_seeds, [options.place])
            return
        if options.ablate:
            found = json.loads(options.json.read_text())
            found["ablations"] = ablated(all_seeds, found["final"]["setting"])
            options.json.write_text(json.dumps(found) + "\n")
            return
        search = searched(all_seeds)
        about = {"engine": "medsweep", "device": device(), "threads": 1}
        write(options.json, about, search, tried(all_seeds, best(search), SEEDS))


if __name__ == "__main__":
    main()
