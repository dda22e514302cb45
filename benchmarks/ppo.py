"""Packed PPO trials against the same trials one at a time, in one run.

A measurement is an update of `kind: ppo`: answers sampled, scored by policy and reference, rewarded
by the medical rewards, trained on. The prompts are those of `toy:drugs` with the default system
prompt.

- `one by one`: a trial alone, with all cores (a pack of one: there is no other engine for PPO);
- `side by side` (CPU only): as many processes as cores, each with one trial and one thread;
- `packed`: k trials on one base model.

`iteration_s` is the time in which all k trials have made one update (side by side: `trials` at
once); `vs_isolated` compares time a trial with the faster of the other two. `rollout_tokens_per_s`
are sampled tokens over the time of sampling. `--profile` is that of `profiled.py`, of an update.

`python -m benchmarks.ppo --device cpu`, from the repository's root.
"""

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import chain
from multiprocessing import get_context
from typing import Any, NamedTuple
from unittest.mock import patch

import torch

from benchmarks.output import JSON, device, peak_gb, tell
from benchmarks.profiled import profiled
from benchmarks.shapes import base_model
from benchmarks.trial_steps import benchmark_data, configured, pack_command, stepping
from trainables.data.chat_format import encode_many
from trainables.data.prepared import Prepared
from trainables.data.sources.toy import drug_rows
from trainables.data.token_rows import TokenRows, token_rows
from trainables.models.load import Base
from trainables.packing.rollouts import packed_samples
from trainables.ppo import sampled
from trainables.ppo.config import PPOConfig
from trainables.throughput.isolated import now

DEFAULTS = {"cpu": "smollm2-135m", "cuda": "tinyllama-1.1b"}


class Taken(NamedTuple):
    """One update of all trials."""

    seconds: float
    rollout_seconds: float
    tokens: int  # sampled


def trial(options: argparse.Namespace, seed: int) -> PPOConfig:
    """A trial of the default settings, but for what the options say."""
    training = {
        "per_device_train_batch_size": options.batch,
        "response_length": options.response,
        "num_ppo_epochs": options.epochs,
        "num_mini_batches": options.mini_batches,
        "seed": seed,
    }
    return configured(PPOConfig, options.r, options.targets, training)


def prompts(base: Base, config: PPOConfig) -> TokenRows:
    """The questions on drugs as the model's tokenizer writes them."""
    rows = list(drug_rows())
    pairs = [(row.question, row.answer) for row in rows]
    encoded = encode_many(base.tokenizer, pairs, config.data.system_prompt, 512)
    return token_rows(rows, [e for e in encoded if e])


@contextmanager
def sampling_timed() -> Iterator[list[tuple[float, int]]]:
    """(seconds, tokens) of every call that samples answers within."""
    found: list[tuple[float, int]] = []

    def timed(*args: Any) -> list[list[list[int]]]:
        began = now()
        answers = packed_samples(*args)
        tokens = sum(len(answer) for own in answers for answer in own)
        found.append((now() - began, tokens))
        return answers

    with patch.object(sampled, "packed_samples", timed):
        yield found


def trials(
    base: Base, seeds: Sequence[int], options: argparse.Namespace
) -> list[tuple[PPOConfig, Prepared]]:
    """A trial a seed, with the same prompts."""
    configs = [trial(options, seed) for seed in seeds]
    data = benchmark_data(prompts(base, configs[0]))
    return [(config, data) for config in configs]


def updates(base: Base, seeds: Sequence[int], options: argparse.Namespace) -> list[Taken]:
    """Updates of a pack of trials with these seeds, after `warm` others."""
    taken = []
    with stepping(base, trials(base, seeds, options)) as update:
        for _ in range(options.warm + options.steps):
            with sampling_timed() as sampling:
                began = now()
                update()
                taken.append(Taken(now() - began, sampling[0][0], sampling[0][1]))
    return taken[options.warm :]


def side_by_side(options: argparse.Namespace) -> list[Taken]:
    """Updates of single trials, in as many processes as there are cores, at the same time."""
    count = torch.get_num_threads()
    context = get_context("spawn")
    ready = context.Barrier(count)
    with ProcessPoolExecutor(count, context, _share, (ready,)) as pool:
        found = pool.map(_alone, range(count), [options] * count)
        return [taken for own in found for taken in own]


_ready: Any = None


def _share(ready: Any) -> None:
    global _ready
    _ready = ready


def _alone(seed: int, options: argparse.Namespace) -> list[Taken]:
    torch.set_num_threads(1)
    base = base_model(options.model, options.quantization, options.device)
    _ready.wait()
    return updates(base, [seed], options)


def measure(options: argparse.Namespace) -> list[JSON]:
    """All rows of the table, told as they come."""
    cores = torch.get_num_threads() if options.device == "cpu" else 1
    beside = side_by_side(options) if cores > 1 else []
    base = base_model(options.model, options.quantization, options.device)
    peak_gb(options.device)  # forget what making the base took
    lengths = prompts(base, trial(options, 0)).answer_start
    about = {
        "model": options.model,
        "quantization": options.quantization,
        "r": options.r,
        "targets": options.targets,
        "prompt_tokens": round(float(lengths.mean()), 1),
        "batch": options.batch,
        "response_length": options.response,
        "num_ppo_epochs": options.epochs,
        "num_mini_batches": options.mini_batches,
        "measured": time.strftime("%Y-%m-%d"),
        "device": device(),
    }
    return tell(_rows(base, beside, cores, options), about, options.json)


def _rows(
    base: Base, beside: Sequence[Taken], cores: int, options: argparse.Namespace
) -> Iterator[JSON]:
    """First those that packs are compared with."""
    rows = [_row("one by one", 1, updates(base, [0], options), options)]
    if beside:
        rows.append(_row("side by side", cores, beside, options))
        rows[-1]["rollout_tokens_per_s"] *= cores  # each process saw its own
    alone = min(row["iteration_s"] / row["trials"] for row in rows)
    packed = (
        _row("packed", k, updates(base, range(k), options), options) for k in options.k if k > 1
    )
    for row in chain(rows, packed):
        yield {**row, "vs_isolated": round(alone / (row["iteration_s"] / row["trials"]), 3)}
    if options.profile:
        k = max(options.k)
        with stepping(base, trials(base, range(k), options)) as update:
            found = profiled(update, 1, 1, options.device == "cuda")
        yield {"engine": "profile", "trials": k, "profile": found}


def _row(engine: str, k: int, taken: Sequence[Taken], options: argparse.Namespace) -> JSON:
    tokens = sum(t.tokens for t in taken)
    return {
        "engine": engine,
        "trials": k,
        "iteration_s": round(statistics.median(t.seconds for t in taken), 3),
        "rollout_s": round(statistics.median(t.rollout_seconds for t in taken), 3),
        "rollout_tokens_per_s": round(tokens / sum(t.rollout_seconds for t in taken), 1),
        "answer_tokens": tokens // len(taken),
        "peak_gb": round(peak_gb(options.device), 3),
    }


def main() -> None:
    """Measure, print, and write what `--json` names."""
    parser = pack_command(__doc__, "4 prompts, 16 tokens, k of 8")
    parser.add_argument("--batch", type=int, default=8, help="prompts an update")
    parser.add_argument("--response", type=int, default=64, help="tokens of an answer at most")
    parser.add_argument("--epochs", type=int, default=4, help="num_ppo_epochs")
    parser.add_argument("--mini-batches", type=int, default=1)
    parser.set_defaults(k=[4, 8], warm=1, steps=3)  # the model: by --device
    options = parser.parse_args()
    options.model = options.model or DEFAULTS[options.device]
    if options.quick:
        options.batch, options.response, options.k, options.steps = 4, 16, [8], 1
    measure(options)


if __name__ == "__main__":
    main()
