"""A pool of real runs for `benchmarks.choosing --pool`: configurations x seeds on a small model.

    python -m benchmarks.choosing_pool --json benchmarks/results/choosing-pool.json

Each configuration is trained with each of 20 seeds (initialisation, order, dropout) by the packed
engine, without Ray, and its validation loss is kept row by row. Some configurations are the same
settings under another name, with seeds of their own, so that they are truly equal.
"""

import time
from collections.abc import Iterator
from typing import Any

import torch

from benchmarks.output import JSON, command, device, write
from trainables.context import ListContext, Report
from trainables.data.prepare import prepare
from trainables.data.prepared import Prepared
from trainables.evaluation.row_results import VALIDATION
from trainables.models.load import Base, load_base
from trainables.models.tokenizer import tokenizer_key
from trainables.packing.pack import Pack
from trainables.sft.config import SFTConfig

TOY = {"source": "toy:drugs", "system_prompt": None, "limit": 130}
SETTINGS = {  # rate, rank
    "A": (1e-2, 8),
    "B": (1.4e-2, 8),
    "C": (2e-2, 8),
    "D": (1.4e-2, 16),
    "E": (1e-2, 16),
    "F": (2e-2, 4),
}
EQUAL = {"B again": "B", "D again": "D"}
SEEDS, PACK = 20, 16


def configuration(name: str, seed: int) -> SFTConfig:
    """A run of the pool; those of the same settings have other seeds."""
    rate, r = SETTINGS[EQUAL.get(name, name)]
    return SFTConfig.model_validate(
        {
            "model": {"name_or_path": "toy:llama", "dtype": "float32"},
            "data": {**TOY, "split": [0.65, 0.3, 0.05]},
            "lora": {"r": r, "lora_alpha": 2 * r, "target_modules": "all-linear"},
            "training": {
                "learning_rate": rate,
                "num_train_epochs": 1,
                "per_device_train_batch_size": 8,
                "max_length": 96,
                "seed": seed + (1000 if name in EQUAL else 0),
            },
            "evaluation": {"metrics": ["perplexity"], "every_epochs": 1},
        }
    )


def runs(base: Base, rows: Prepared, seeds: int) -> Iterator[JSON]:
    """Every run of the pool, packed."""
    asked = [(name, seed) for name in (*SETTINGS, *EQUAL) for seed in range(seeds)]
    for i in range(0, len(asked), PACK):
        some = asked[i : i + PACK]
        contexts = {f"{name}/{seed}": ListContext(rows) for name, seed in some}
        pack = Pack(base, configuration("A", 0).model)
        for name, seed in some:
            pack.join(f"{name}/{seed}", configuration(name, seed), contexts[f"{name}/{seed}"])
        while pack.trials:
            for ended in pack.step():
                if ended.error is not None:
                    raise ended.error
        pack.close()
        for name, seed in some:
            last = contexts[f"{name}/{seed}"].reports[-1]
            yield {"name": name, "seed": seed, **_measured(last)}


def _measured(report: Report) -> JSON:
    """The validation loss, and each row's share of it: their mean is the loss."""
    (table,) = [t for t in report.rows if t["set"] == VALIDATION]
    nats, tokens = table["values"]["nats"], table["values"]["tokens"]
    scale = len(tokens) / sum(t or 0.0 for t in tokens)
    shares = [round((n or 0.0) * scale, 5) for n in nats]
    return {"val_loss": round(report.metrics["val_loss"], 6), "rows": shares}


def main() -> None:
    """Train all, and write them."""
    parser = command(__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    options = parser.parse_args()
    first: Any = configuration("A", 0)
    base = load_base(first.model, torch.device("cpu"))
    rows = prepare(first.data, lambda: base.tokenizer, tokenizer_key(base.folder), 96)
    print(f"{len(rows.train)} training rows, {len(rows.validation)} validation rows", flush=True)
    begun, told = time.perf_counter(), []
    for run in runs(base, rows, options.seeds):
        told.append(run)
        print(run["name"], run["seed"], run["val_loss"], flush=True)
    write(
        options.json,
        {
            "settings": {name: SETTINGS[EQUAL.get(name, name)] for name in (*SETTINGS, *EQUAL)},
            "equal": EQUAL,
            "seconds": round(time.perf_counter() - begun, 1),
            "runs": told,
            "device": device(),
        },
        indent=None,
    )


if __name__ == "__main__":
    main()
