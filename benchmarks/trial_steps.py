"""Trials that the benchmarks of speed and memory train, packs of them, and their options."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from benchmarks.output import JSON, command
from benchmarks.shapes import MODELS
from trainables.context import ListContext
from trainables.data.prepared import Prepared
from trainables.data.token_rows import TokenRows
from trainables.models.load import Base
from trainables.packing.pack import Pack
from trainables.ppo.config import PPOConfig
from trainables.sft.config import SFTConfig
from trainables.throughput.isolated import PLANNED

Config = TypeVar("Config", SFTConfig, PPOConfig)


def configured(
    kind: type[Config], r: int, targets: list[str], training: JSON, model: JSON | None = None
) -> Config:
    """A trial of the default settings but for these; nothing but training happens in its time."""
    return kind.model_validate(
        {
            "model": model or {"name_or_path": "toy:llama"},
            "data": {"source": "toy:drugs"},
            "lora": {"r": r, "target_modules": targets},
            "training": {"max_steps": PLANNED, **training},
            "evaluation": {"every_epochs": PLANNED, "metrics": ["perplexity"]},
        }
    )


def benchmark_data(rows: TokenRows) -> Prepared:
    """Rows to train on as a trial gets its data; one of them for validation."""
    return Prepared("benchmark", rows, rows.head(1), {})


def joined(
    base: Base, trials: Sequence[tuple[Config, Prepared]], max_tokens: int | None = None
) -> Pack:
    """A pack of these trials, named by their places, before the first step."""
    pack = Pack(base, trials[0][0].model, max_tokens)
    for number, (config, data) in enumerate(trials):
        pack.join(str(number), config, ListContext(data))
    return pack


@contextmanager
def stepping(
    base: Base, trials: Sequence[tuple[Config, Prepared]], calls: int = 1
) -> Iterator[Callable[[], None]]:
    """What makes one optimizer step, or update, of each trial of a pack, in so many of its steps.
    Raises RuntimeError where a trial ends."""
    pack = joined(base, trials)

    def step() -> None:
        for _ in range(calls):
            if ended := pack.step():
                raise RuntimeError(f"a trial ended: {ended}")

    yield step
    pack.close()


def trained(pack: Pack) -> Iterator[None]:
    """Train all trials of a pack to their ends, with a moment after each of its steps. Raises what
    ends a trial early."""
    while pack.trials:
        for ended in pack.step():
            if ended.error:
                raise ended.error
        yield
    pack.close()


def pack_command(doc: str | None, quick: str, timed: bool = True) -> argparse.ArgumentParser:
    """The options of a benchmark of packs; `quick` says what `--quick` measures, and those of
    timing are there where it does."""
    parser = command(doc, ("cpu", "cuda"))
    parser.add_argument("--model", choices=MODELS)
    parser.add_argument("--quantization", choices=("nf4", "none"), default="nf4")
    parser.add_argument("--k", type=int, nargs="+", help="trials in a pack")
    parser.add_argument("--r", type=int, default=16)
    parser.add_argument("--targets", nargs="+", default=["q_proj", "v_proj"])
    parser.add_argument("--steps", type=int)
    parser.add_argument("--quick", action="store_true", help=quick)
    if timed:
        parser.add_argument("--warm", type=int, help="steps before those that count")
        told = "where the largest pack's time goes"
        parser.add_argument("--profile", action="store_true", help=told)
    return parser
