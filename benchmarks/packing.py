"""Packed trials against the isolated engine and against one trial alone, in one run.

A measurement is a number of real tokens that each trial trains on in a step (rows of one length,
half of each supervised), in

- `isolated`: TRL's trainer, one trial (what a sweep without packing does, one trial at a time);
- `packed`: k trials of this engine on one base model, k = 1 being the engine alone.

`tokens_per_s` is the sum over trials. `share_of_limit` is what the base model's matrix products
alone would take (forward, and backward to the inputs: 4 flops a weight and token, the head on
supervised tokens only) at this device's measured rate, over the time that was taken.

`--flashcards` measures the flashcards system's steps instead: batches of 2 rows, 8 of them
accumulated, of different lengths up to 512 tokens. Their lengths are assumed: log-normal with a
median of 130 tokens and a spread of 0.45 (in the logarithm), about what a question, an answer of 60
words and a chat template make. `tokens` is then the mean of a step.

`python -m benchmarks.packing --device cpu`, from the repository's root; `--quick` takes under 90 s
on 2 cores.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.device import device as describe_device
from benchmarks.shapes import MODELS, base_model, products
from trainables.context import ListContext
from trainables.data.prepare import Prepared
from trainables.data.token_rows import TokenRows
from trainables.models.load import Base
from trainables.sft.config import SFTConfig
from trainables.sft.speed import PLANNED, now, step_seconds, step_tokens

ROW = 128  # longest row
JSON = dict[str, Any]
Trial = tuple[SFTConfig, Prepared]


def token_rows(lengths: list[int], vocab: int, seed: int) -> TokenRows:
    """Rows of random tokens, the second half of each supervised."""
    n = np.array(lengths, dtype=np.int64)
    drawn = np.random.default_rng(seed).integers(0, vocab, n.sum(), dtype=np.int32)
    names = [[str(i) for i in range(len(n))] for _ in range(4)]
    return TokenRows(drawn, np.append(0, n.cumsum()), (n // 2).astype(np.int32), n, *names)


def flashcard_lengths(count: int, seed: int) -> list[int]:
    """Tokens of rows like those of the flashcards system."""
    drawn = np.random.default_rng(seed).lognormal(np.log(130), 0.45, count)
    found: list[int] = drawn.clip(16, 512).astype(int).tolist()
    return found


def trial(tokens: int | None, r: int, targets: list[str], seed: int) -> tuple[SFTConfig, Prepared]:
    """A trial of `tokens` a step, or (None) one of the flashcards system; and its data."""
    batch, accumulation = (2, 8) if tokens is None else (max(1, tokens // ROW), 1)
    count = batch * accumulation * 16
    lengths = flashcard_lengths(count, seed) if tokens is None else [min(tokens, ROW)] * count
    config = SFTConfig.model_validate(
        {
            "model": {"name_or_path": "toy:llama"},
            "data": {"source": "toy:drugs"},
            "lora": {"r": r, "target_modules": targets},
            "training": {
                "per_device_train_batch_size": batch,
                "gradient_accumulation_steps": accumulation,
                "max_steps": PLANNED,
                "seed": seed,
                "max_length": 512,
            },
            "evaluation": {"every_epochs": PLANNED, "metrics": ["perplexity"]},
        }
    )
    rows = token_rows(lengths, 259, seed)
    return config, Prepared("benchmark", rows, rows.head(1), {})


def tokens(trials: Sequence[Trial], step: int) -> int:
    """Tokens of a step of all trials."""
    return sum(step_tokens(config, data.train, step) for config, data in trials)


def isolated_seconds(
    base: Base, trials: Sequence[Trial], options: argparse.Namespace
) -> list[float]:
    """Seconds of each optimizer step of one trial in the isolated engine, after `warm` others."""
    ((config, data),) = trials
    return step_seconds(base, config, data.train, options.warm + options.steps)[options.warm :]


def packed_seconds(base: Base, trials: Sequence[Trial], options: argparse.Namespace) -> list[float]:
    """Seconds of each optimizer step of a pack, after `warm` others."""
    from trainables.packing.pack import Pack

    pack = Pack(base, trials[0][0].model)
    for number, (config, data) in enumerate(trials):
        pack.join(str(number), config, ListContext(data))
    taken = []
    for _ in range(options.warm + options.steps):
        began = now()
        for _batch in range(trials[0][0].training.gradient_accumulation_steps):
            if ended := pack.step():
                raise RuntimeError(f"a trial ended: {ended}")
        taken.append(now() - began)
    pack.close()
    return taken[options.warm :]


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
    for size in [None] if options.flashcards else options.tokens:
        rows += _rows(base, size, options, rate / (4 * (layers + head / 2)))
    about = {
        "model": options.model,
        "quantization": options.quantization,
        "r": options.r,
        "targets": options.targets,
        "matmul_tflops": round(rate / 1e12, 3),
        "device": describe_device(),
    }
    return [{**row, **about} for row in rows]


def _rows(
    base: Base, size: int | None, options: argparse.Namespace, limit: float
) -> Iterator[JSON]:
    """Rows of one number of tokens; `limit` is the tokens/s of the matrix products alone."""
    trials = [trial(size, options.r, options.targets, seed) for seed in range(max(options.k))]
    measured = range(options.warm, options.warm + options.steps)
    engines = [("isolated", 1), *(("packed", k) for k in options.k)]
    rates: dict[tuple[str, int], list[float]] = {engine: [] for engine in engines}
    peaks = dict.fromkeys(engines, 0.0)
    for _ in range(options.rounds):  # in turns: a disturbance meets all of them
        for engine, k in engines:
            chosen = trials[:k]
            run = isolated_seconds if engine == "isolated" else packed_seconds
            for step, seconds in zip(measured, run(base, chosen, options), strict=True):
                rates[engine, k].append(tokens(chosen, step) / seconds)
            peaks[engine, k] = max(peaks[engine, k], peak_gb(options.device))
    mean = statistics.mean(tokens(trials, step) for step in measured) / len(trials)
    speed = {key: statistics.median(found) for key, found in rates.items()}
    for (engine, k), per_s in speed.items():
        row = {
            "engine": engine,
            "k": k,
            "tokens": round(mean),
            "tokens_per_s": round(per_s, 1),
            "step_s": round(k * mean / per_s, 5),
            "vs_isolated": round(per_s / speed["isolated", 1], 3),
            "vs_solo": round(per_s / speed["packed", 1], 3),
            "peak_gb": round(peaks[engine, k], 3),
            "share_of_limit": round(per_s / limit, 3),
        }
        print_row(row)
        yield row


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
    parser.add_argument("--flashcards", action="store_true", help="steps of 2 x 8 uneven rows")
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
