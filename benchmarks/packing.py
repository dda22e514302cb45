"""Packed trials against the isolated engine and against one trial alone, in one run.

A measurement is a number of real tokens that each trial trains on in a step (rows of one length,
half of each supervised), in

- `isolated`: TRL's trainer, one trial (what a sweep without packing does, one trial at a time);
- `eager`, `graphed`: one trial's step as well made as it can be without packing, and on a GPU the
  same replayed as a CUDA graph (see `graphed.py`; not with `--flashcards`, whose shapes differ);
- `packed`: k trials of this engine on one base model, k = 1 being the engine alone.

`tokens_per_s` is the sum over trials. `share_of_limit` is what the base model's matrix products
alone would take (forward, and backward to the inputs: 4 flops a weight and token, the head on
supervised tokens only) at this device's measured rate, over the time that was taken. `--profile`
adds to the largest pack's row, and prints, where a step's time goes (see `profiled.py`).

`--flashcards` measures the flashcards system's steps instead: batches of 2 rows, 8 of them
accumulated, of different lengths up to 512 tokens. Their lengths are assumed: log-normal with a
median of 130 tokens and a spread of 0.45 (in the logarithm), about what a question, an answer of 60
words and a chat template make. `tokens` is then the mean of a step.

`python -m benchmarks.packing --device cpu`, from the repository's root; `--quick` takes under 90 s
on 2 cores.
"""

import argparse
import statistics
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.graphed import solo_seconds
from benchmarks.output import JSON, device, peak_gb, tell
from benchmarks.profiled import profiled
from benchmarks.rates import matmul_rate
from benchmarks.shapes import base_model, products
from benchmarks.trial_steps import benchmark_data, configured, pack_command, stepping
from trainables.data.prepared import Prepared
from trainables.data.token_rows import TokenRows
from trainables.models.load import Base
from trainables.sft.config import SFTConfig
from trainables.throughput.isolated import now, step_seconds, step_tokens

ROW = 128  # longest row
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
    training = {
        "per_device_train_batch_size": batch,
        "gradient_accumulation_steps": accumulation,
        "seed": seed,
        "max_length": 512,
    }
    config = configured(SFTConfig, r, targets, training)
    return config, benchmark_data(token_rows(lengths, 259, seed))


def tokens(trials: Sequence[Trial], step: int) -> int:
    """Tokens of a step of all trials."""
    return sum(step_tokens(config, data.train, step) for config, data in trials)


def run_seconds(
    engine: str, base: Base, trials: Sequence[Trial], options: argparse.Namespace
) -> list[float]:
    """Seconds of each optimizer step of these trials together, after `warm` others."""
    if engine == "packed":
        return packed_seconds(base, trials, options)
    if engine == "isolated":
        ((config, data),) = trials
        taken = step_seconds(base, config, data.train, options.warm + options.steps)
        return taken[options.warm :]
    return solo_seconds(base, trials, options.warm, options.steps, graph=engine == "graphed")


def packed_seconds(base: Base, trials: Sequence[Trial], options: argparse.Namespace) -> list[float]:
    """Seconds of each optimizer step of a pack, after `warm` others."""
    taken = []
    with stepping(base, trials, trials[0][0].training.gradient_accumulation_steps) as step:
        for _ in range(options.warm + options.steps):
            began = now()
            step()
            taken.append(now() - began)
    return taken[options.warm :]


def measure(options: argparse.Namespace) -> list[JSON]:
    """All rows of the table, told as they come."""
    base = base_model(options.model, options.quantization, options.device)
    rate = matmul_rate(options.device, base.dtype)
    layers, head = products(base.model)
    peak_gb(options.device)  # forget what making the base took
    about = {
        "model": options.model,
        "quantization": options.quantization,
        "r": options.r,
        "targets": options.targets,
        "matmul_tflops": round(rate / 1e12, 3),
        "device": device(),
    }
    sizes = [None] if options.flashcards else options.tokens
    limit = rate / (4 * (layers + head / 2))
    rows = (row for size in sizes for row in _rows(base, size, options, limit))
    return tell(rows, about, options.json)


def _engines(options: argparse.Namespace) -> list[tuple[str, int]]:
    """(engine, trials) of each row."""
    solo = [] if options.flashcards else ["eager", *["graphed"] * (options.device == "cuda")]
    return [("isolated", 1), *((engine, 1) for engine in solo), *(("packed", k) for k in options.k)]


def _rows(
    base: Base, size: int | None, options: argparse.Namespace, limit: float
) -> Iterator[JSON]:
    """Rows of one number of tokens; `limit` is the tokens/s of the matrix products alone."""
    trials = [trial(size, options.r, options.targets, seed) for seed in range(max(options.k))]
    measured = range(options.warm, options.warm + options.steps)
    rates: dict[tuple[str, int], list[float]] = {engine: [] for engine in _engines(options)}
    peaks = dict.fromkeys(rates, 0.0)
    for _ in range(options.rounds):  # in turns: a disturbance meets all of them
        for engine, k in rates:
            chosen = trials[:k]
            seconds = run_seconds(engine, base, chosen, options)
            for step, taken in zip(measured, seconds, strict=True):
                rates[engine, k].append(tokens(chosen, step) / taken)
            peaks[engine, k] = max(peaks[engine, k], peak_gb(options.device))
    mean = statistics.mean(tokens(trials, step) for step in measured) / len(trials)
    speed = {key: statistics.median(found) for key, found in rates.items()}
    against = {
        "vs_isolated": speed["isolated", 1],
        "vs_solo": speed.get(("packed", 1)),
        "vs_graphed": speed.get(("graphed", 1)),
    }
    for (engine, k), per_s in speed.items():
        yield {
            "engine": engine,
            "k": k,
            "tokens": round(mean),
            "tokens_per_s": round(per_s, 1),
            "step_s": round(k * mean / per_s, 5),
            **{name: round(per_s / other, 3) for name, other in against.items() if other},
            "peak_gb": round(peaks[engine, k], 3),
            "share_of_limit": round(per_s / limit, 3),
            **_profile(engine, base, trials[:k], options),
        }


def _profile(
    engine: str, base: Base, trials: Sequence[Trial], options: argparse.Namespace
) -> dict[str, JSON]:
    if not options.profile or engine != "packed" or len(trials) < max(options.k):
        return {}
    with stepping(base, trials, trials[0][0].training.gradient_accumulation_steps) as step:
        steps = min(3, options.steps)
        return {"profile": profiled(step, options.warm, steps, options.device == "cuda")}


def main() -> None:
    """Measure, print, and write what `--json` names."""
    parser = pack_command(__doc__, "64 tokens, k of 1 and 8")
    parser.add_argument("--tokens", type=int, nargs="+", default=[64, 128, 512, 2048])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--flashcards", action="store_true", help="steps of 2 x 8 uneven rows")
    parser.set_defaults(model="smollm2-135m", k=[1, 2, 4, 8, 16], warm=2, steps=6)
    options = parser.parse_args()
    if options.quick:
        options.tokens, options.k, options.rounds = [64], [1, 8], 1
    measure(options)


if __name__ == "__main__":
    main()
