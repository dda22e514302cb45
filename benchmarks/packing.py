"""Packed trials against the isolated engine and against one trial alone, in one run.

A measurement is a number of real tokens that each trial trains on in a step (rows without padding,
half of each row supervised), in

- `isolated`: TRL's trainer, one trial (what a sweep without packing does, one trial at a time);
- `packed`: k trials of this engine on one base model, k = 1 being the engine alone.

`tokens_per_s` is the sum over trials. `share_of_limit` is what the base model's matrix products
alone would take (forward, and backward to the inputs: 4 flops a weight and token, the head on
supervised tokens only) at this device's measured rate, over the time that was taken.

`python -m benchmarks.packing --device cpu`, from the repository's root; `--quick` takes under 90 s
on 2 cores.
"""

import argparse
import contextlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.device import device as describe_device
from benchmarks.shapes import MODELS, base_model, products
from trainables.context import ListContext
from trainables.data.prepare import Prepared
from trainables.data.token_rows import TokenRows
from trainables.models.adapters import adapted
from trainables.models.load import Base
from trainables.sft.config import SFTConfig

ROW = 128  # longest row
STEPS = 10_000  # planned, so that no evaluation falls into a measurement
JSON = dict[str, Any]


def token_rows(tokens: int, vocab: int, count: int, seed: int = 0) -> TokenRows:
    """`count` rows of `tokens` random tokens, the second half supervised."""
    drawn = np.random.default_rng(seed).integers(0, vocab, count * tokens, dtype=np.int32)
    return TokenRows(
        drawn,
        np.arange(count + 1, dtype=np.int64) * tokens,
        np.full(count, tokens // 2, dtype=np.int32),
        np.full(count, tokens, dtype=np.int64),
        *([str(i) for i in range(count)] for _ in range(4)),
    )


def trial(tokens: int, r: int, targets: list[str], seed: int) -> tuple[SFTConfig, Prepared]:
    """A trial of `tokens` a step, and its data."""
    batch = max(1, tokens // ROW)
    config = SFTConfig.model_validate(
        {
            "model": {"name_or_path": "toy:llama"},
            "data": {"source": "toy:drugs"},
            "lora": {"r": r, "target_modules": targets},
            "training": {
                "per_device_train_batch_size": batch,
                "max_steps": STEPS,
                "seed": seed,
                "max_length": ROW,
            },
            "evaluation": {"every_epochs": STEPS, "metrics": ["perplexity"]},
        }
    )
    rows = token_rows(min(tokens, ROW), 259, batch * 16, seed)
    return config, Prepared("benchmark", rows, rows.head(1), {})


class _Enough(Exception):
    """The measurement has its steps."""


def isolated_seconds(
    base: Base, config: SFTConfig, data: Prepared, warm: int, steps: int
) -> list[float]:
    """Seconds of each step of the isolated engine, after `warm` others."""
    from transformers import TrainerCallback

    from trainables.sft.train import _dataset, training_arguments
    from trainables.sft.trainer import MedsweepTrainer

    taken: list[float] = []

    class Timer(TrainerCallback):
        def on_step_begin(self, *_: Any, **__: Any) -> None:
            synchronize(base)
            self.began = time.perf_counter()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            synchronize(base)
            taken.append(time.perf_counter() - self.began)
            if len(taken) == warm + steps:
                raise _Enough

    with adapted(base, config.lora, 0) as model, tempfile.TemporaryDirectory() as scratch:
        trainer = MedsweepTrainer(
            seed=0,
            checkpoint=None,
            model=model,
            args=training_arguments(config, STEPS, base.dtype, scratch),
            train_dataset=_dataset(data.train),
            processing_class=base.tokenizer,
            callbacks=[Timer()],
        )
        with contextlib.suppress(_Enough):
            trainer.train()
    return taken[warm:]


def packed_seconds(
    base: Base, trials: list[tuple[SFTConfig, Prepared]], warm: int, steps: int
) -> list[float]:
    """Seconds of each step of a pack, after `warm` others."""
    from trainables.packing.pack import Pack

    pack = Pack(base, trials[0][0].model)
    for number, (config, data) in enumerate(trials):
        pack.join(str(number), config, ListContext(data))
    taken = []
    for _ in range(warm + steps):
        synchronize(base)
        began = time.perf_counter()
        ended = pack.step()
        synchronize(base)
        taken.append(time.perf_counter() - began)
        if ended:
            raise RuntimeError(f"a trial ended: {ended}")
    pack.close()
    return taken[warm:]


def synchronize(base: Base) -> None:
    """Wait for the device."""
    if base.model.device.type == "cuda":
        torch.cuda.synchronize()


def matmul_rate(device: str, dtype: torch.dtype) -> float:
    """Flops a second of the best of three square matrix products."""
    n = 8192 if device == "cuda" else 2048
    a = torch.randn(n, n, dtype=dtype, device=device)
    best = min(_seconds(lambda: a @ a, device) for _ in range(5))
    return 2 * n**3 / best


def _seconds(work: Callable[[], Any], device: str) -> float:
    began = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def peak_gb(device: str) -> float:
    """Peak memory since the last reset, in GB (GPU); resident memory now (CPU)."""
    if device == "cuda":
        peak = torch.cuda.max_memory_allocated() / 1e9
        torch.cuda.reset_peak_memory_stats()
        return peak
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e9


def measure(options: argparse.Namespace) -> list[JSON]:
    """All rows of the table."""
    base = base_model(options.model, options.quantization, options.device)
    rate = matmul_rate(options.device, base.dtype)
    layers, head = products(base.model)
    rows: list[JSON] = []
    for tokens in options.tokens:
        trials = [trial(tokens, options.r, options.targets, seed) for seed in range(max(options.k))]
        limit = rate / (4 * (layers + head / 2))  # tokens/s of the matrix products alone
        found: dict[tuple[str, int], list[float]] = {}
        peaks: dict[tuple[str, int], float] = {}
        for _ in range(options.rounds):  # in turns: a disturbance meets all of them
            for engine, k in [("isolated", 1), *(("packed", k) for k in options.k)]:
                if engine == "isolated":
                    taken = isolated_seconds(base, *trials[0], options.warm, options.steps)
                else:
                    taken = packed_seconds(base, trials[:k], options.warm, options.steps)
                found.setdefault((engine, k), []).extend(taken)
                peaks[engine, k] = max(peaks.get((engine, k), 0.0), peak_gb(options.device))
        speed = {key: key[1] * tokens / statistics.median(s) for key, s in found.items()}
        for (engine, k), per_s in speed.items():
            rows.append(
                {
                    "engine": engine,
                    "k": k,
                    "tokens": tokens,
                    "tokens_per_s": round(per_s, 1),
                    "step_s": round(statistics.median(found[engine, k]), 5),
                    "vs_isolated": round(per_s / speed["isolated", 1], 3),
                    "vs_solo": round(per_s / speed["packed", 1], 3),
                    "peak_gb": round(peaks[engine, k], 3),
                    "share_of_limit": round(per_s / limit, 3),
                }
            )
            print_row(rows[-1])
    about = {
        "model": options.model,
        "quantization": options.quantization,
        "r": options.r,
        "targets": options.targets,
        "matmul_tflops": round(rate / 1e12, 3),
        "device": describe_device(),
    }
    return [{**row, **about} for row in rows]


def print_row(row: JSON) -> None:
    """A line of the table."""
    print("  ".join(f"{name}={value}" for name, value in row.items()), flush=True)


def main() -> None:
    """Measure, print, and write what `--json` names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--model", choices=MODELS, default="smollm2-135m")
    parser.add_argument("--quantization", choices=("nf4", "none"), default="nf4")
    parser.add_argument("--tokens", type=int, nargs="+", default=[64, 128, 512, 2048])
    parser.add_argument("--k", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--r", type=int, default=16)
    parser.add_argument("--targets", nargs="+", default=["q_proj", "v_proj"])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--warm", type=int, default=2)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--quick", action="store_true", help="64 tokens, k of 1 and 8")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.quick:
        options.tokens, options.k, options.rounds = [64], [1, 8], 1
    rows = measure(options)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
