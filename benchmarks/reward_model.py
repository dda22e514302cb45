"""A small reward model on real pairs: how often it ranks the better answer higher, by source.

Trains on some sources, and measures on their validation pairs and on a source that it never saw
(`--unseen`), beside the untouched base model's own preference.

    python -m benchmarks.reward_model --data DIR --json FILE

Below DIR lie LiveQA's judged answers, MEDEC's validation file and MedSafetyBench's train file.
"""

import argparse
import time
from pathlib import Path
from typing import Any

from benchmarks.output import command, device, write
from benchmarks.shapes import SMOLLM2
from trainables.context import ListContext, Report
from trainables.data.prepare import prepare
from trainables.data.prepared import Prepared
from trainables.models.resolve import resolve
from trainables.models.tokenizer import load_tokenizer, tokenizer_key
from trainables.reward_model.config import RewardModelConfig
from trainables.reward_model.train import train
from trainables.reward_model.untouched import measure_pairs

SOURCES: dict[str, tuple[str, str | None]] = {  # name → (file, format)
    "siblings": ("hpo:siblings", None),
    "medec": ("MEDEC-MS-ValidationSet*.csv", "medec"),
    "medsafetybench": ("train.jsonl", "medsafetybench"),
    "liveqa": ("liveqa*.jsonl", "liveqa"),
}


def source(name: str, data: Path, limit: int) -> dict[str, Any]:
    """A pair source of the spec, found below `data`."""
    file, format = SOURCES[name]
    place = file if format is None else str(next(data.rglob(file)))
    return {"source": place, "format": format, "limit": limit, "name": name}


def trial(arguments: argparse.Namespace) -> RewardModelConfig:
    """The reward model that is trained."""
    names = [name for name in SOURCES if name not in arguments.unseen]
    own = [source(name, arguments.data, arguments.limit) for name in names]
    others = [source(name, arguments.data, arguments.unseen_limit) for name in arguments.unseen]
    return RewardModelConfig.model_validate(
        {
            "model": {"name_or_path": arguments.model, "dtype": arguments.dtype},
            "data": {
                "mixture": own,
                "unseen": others,
                "split": (0.7, 0.3, 0.0),
                "system_prompt": None,
            },
            "lora": {"r": 8, "target_modules": "all-linear"},
            "training": {
                "learning_rate": arguments.learning_rate,
                "num_train_epochs": arguments.epochs,
                "per_device_train_batch_size": 8,
                "max_length": arguments.max_length,
            },
            "evaluation": {"every_epochs": 100.0},  # besides the rungs
        }
    )


def prepared(config: RewardModelConfig) -> Prepared:
    """Its pairs, tokenised."""
    folder = resolve(config.model)
    words = (lambda: load_tokenizer(folder)), tokenizer_key(folder)
    return prepare(config.data, *words, config.training.max_length, print)


def told(report: Report) -> dict[str, Any]:
    """What a final report says."""
    return {"metrics": dict(report.metrics), "pairwise": report.facts["pairwise"]}


def rows(found: dict[str, Any]) -> list[str]:
    """A line a source, the base model and the reward model side by side."""
    lines = []
    for part in ("seen", "unseen"):
        for name, own in found["reward_model"]["pairwise"].get(part, {}).get("sources", {}).items():
            base = found["base_model"]["pairwise"][part]["sources"][name]
            cells = [_cell(view["pairwise_accuracy"]) for view in (base, own)]
            lines.append(f"{name} ({part}, {own['pairwise_accuracy']['n']}) | {' | '.join(cells)}")
    return lines


def _cell(found: dict[str, Any]) -> str:
    low, high = found["interval"]
    return f"{found['value']:.2f} [{low:.2f}, {high:.2f}]"


def main() -> None:
    """Train, print a table, write JSON."""
    parser = command(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder above the files")
    parser.add_argument("--model", default=SMOLLM2)
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--unseen", nargs="+", default=["liveqa"], choices=SOURCES)
    parser.add_argument("--limit", type=int, default=85, help="pairs a source, 30%% for validation")
    parser.add_argument("--unseen-limit", type=int, default=40)
    parser.add_argument("--max-length", type=int, default=256)
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    arguments = parser.parse_args()
    config = trial(arguments)
    data = prepared(config)
    begun = time.monotonic()
    base, own = ListContext(data), ListContext(data)
    measure_pairs(config, base)
    train(config, own)
    found = {
        "device": device(),
        "seconds": time.monotonic() - begun,
        "arguments": {n: v for n, v in vars(arguments).items() if n not in ("data", "json")},
        "pairs": data.report["kept"],
        "truncated": data.report["truncated"],
        "base_model": told(base.reports[-1]),
        "reward_model": told(own.reports[-1]),
        "losses": [
            {"step": r.step, **{n: v for n, v in r.metrics.items() if n != "minutes"}}
            for r in own.reports
            if not r.final
        ],
    }
    print("\n".join(["source (pairs) | base model | reward model", *rows(found)]))
    write(arguments.json, found)


if __name__ == "__main__":
    main()
