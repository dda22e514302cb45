"""PPO on SmolLM2 with the medical rewards: does the mean reward rise while KL stays bounded?

Several seeds train in one pack on definitions of clinical findings, from the untouched model. It
prints rewards of the answers trained on, and of validation answers before and after.

`python -m benchmarks.ppo_medical`, from the repository's root; with `--json FILE` all curves.
"""

import argparse
import json
import statistics
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.output import command, device, write
from benchmarks.shapes import SMOLLM2
from benchmarks.trial_steps import trained
from trainables.context import ListContext, Report
from trainables.data.prepare import prepare
from trainables.data.prepared import Prepared
from trainables.models.load import device_now, load_base
from trainables.models.resolve import resolve
from trainables.models.tokenizer import load_tokenizer, tokenizer_key
from trainables.packing.pack import Pack
from trainables.ppo.config import PPOConfig
from trainables.ppo.packed import rewards_now


def trial(options: argparse.Namespace, seed: int) -> PPOConfig:
    """The trial of a seed."""
    return PPOConfig.model_validate(
        {
            "model": {"name_or_path": SMOLLM2, "quantization": options.quantization},
            "data": {"source": "hpo:definitions", "limit": 600, "system_prompt": None},
            "lora": {"r": 16, "lora_alpha": 32, "target_modules": ["q_proj", "v_proj"]},
            "training": {
                "seed": seed,
                "learning_rate": options.learning_rate,
                "lr_scheduler_type": "constant",
                "per_device_train_batch_size": options.prompts,
                "response_length": options.response_length,
                "temperature": 1.0,
                "num_ppo_epochs": options.epochs,
                "num_mini_batches": options.mini_batches,
                "kl_coef": options.kl_coef,
                "max_steps": options.updates,
                "max_length": 128,
            },
            "evaluation": {"limit": 24, "loss_limit": 24, "metrics": [], "every_epochs": 1000},
        }
    )


def rows(config: PPOConfig) -> Prepared:
    """The data, from the cache or made."""
    folder = resolve(config.model)
    words = partial(load_tokenizer, folder), tokenizer_key(folder)
    return prepare(config.data, *words, config.training.max_length)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Validation rewards before and after, and each seed's reports."""
    trials = {str(seed): trial(options, seed) for seed in range(options.seeds)}
    data = rows(trials["0"])
    config = trials["0"].model
    pack = Pack(load_base(config, device_now()), config)
    contexts = {name: ListContext(data) for name in trials}
    for name, own in trials.items():
        pack.join(name, own, contexts[name])
    before = [rewards_now(pack, name) for name in trials]
    for _ in trained(pack):
        _tell(contexts)
    ends = {name: context.reports[-1].metrics for name, context in contexts.items()}
    curves = {name: [_line(r) for r in c.reports[:-1]] for name, c in contexts.items()}
    return {
        "device": device(),
        "settings": vars(options) | {"json": None},
        "before": before,
        "last": [_last(context.reports) for context in contexts.values()],
        "best": [dict(end) for end in ends.values()],
        "curves": curves,
    }


def _line(report: Report) -> dict[str, Any]:
    return {"step": report.step, **report.metrics}


def _last(reports: list[Report]) -> dict[str, float]:
    """What was measured after the last update."""
    return dict([r.metrics for r in reports if "reward" in r.metrics and not r.final][-1])


def _tell(contexts: dict[str, ListContext]) -> None:
    last = [c.reports[-1] for c in contexts.values()]
    if any("sampled_reward" not in r.metrics for r in last):
        return
    means = {
        n: statistics.fmean(r.metrics[n] for r in last)
        for n in last[0].metrics
        if n.startswith("sampled_")
    }
    told = " ".join(f"{n.removeprefix('sampled_')} {v:.3f}" for n, v in means.items())
    print(f"update {last[0].step}: {told}", flush=True)


def table(found: dict[str, Any]) -> str:
    """Rewards before, and after the last update: mean over seeds and each seed's."""
    names = [n for n in found["last"][0] if n in found["before"][0]]
    lines = [f"{found['device']['cpu']}, {len(found['last'])} seeds, validation answers"]
    for name in names:
        before, after = ([m[name] for m in found[when]] for when in ("before", "last"))
        each = ", ".join(f"{value:.3f}" for value in after)
        means = statistics.fmean(before), statistics.fmean(after)
        lines.append(f"{name:<22} {means[0]:>8.3f} → {means[1]:<8.3f} ({each})")
    return "\n".join([*lines, *_curves(found)])


def _curves(found: dict[str, Any]) -> Iterator[str]:
    """Means of the answers trained on, over every five updates."""
    for name, lines in found["curves"].items():
        for metric in ("sampled_reward", "sampled_kl"):
            values = [line[metric] for line in lines if metric in line]
            means = (statistics.fmean(values[i : i + 5]) for i in range(0, len(values), 5))
            yield f"seed {name}, {metric:<15} {' '.join(f'{m:.3f}' for m in means)}"


def main() -> None:
    """Run and print."""
    parser = command(__doc__)
    parser.add_argument("--updates", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--prompts", type=int, default=48, help="answered an update, each seed")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--mini-batches", type=int, default=4)
    parser.add_argument("--response-length", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=4e-4)
    parser.add_argument("--kl-coef", type=float, default=0.02)
    parser.add_argument("--quantization", default="none", choices=["none", "nf4"])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--show", type=Path, help="print what a --json FILE holds, and no more")
    options = parser.parse_args()
    if options.show:
        print(table(json.loads(options.show.read_text())))
        return
    if options.threads:
        torch.set_num_threads(options.threads)
    found = run(options)
    print(table(found))
    write(options.json, found)


if __name__ == "__main__":
    main()
