"""Which rows a trial trains on, in which order: a function of its seed."""

from collections.abc import Iterator
from functools import lru_cache
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.data.token_rows import TokenRows
from trainables.kinds import PAIRED
from trainables.seeds import derived_seed
from trainables.training.config import updates_per_epoch


@lru_cache(maxsize=64)
def epoch_order(rows: int, seed: int, epoch: int) -> tuple[int, ...]:
    """The order of rows in an epoch, a function of (seed, epoch)."""
    generator = torch.Generator().manual_seed(derived_seed("order", seed, epoch))
    return tuple(torch.randperm(rows, generator=generator).tolist())


def step_batches(
    rows: int, batch_size: int, accumulation: int, seed: int, step: int
) -> list[tuple[int, ...]]:
    """The batches of an optimizer step (counted from 0); an epoch's last ones may be smaller."""
    per_epoch = updates_per_epoch(rows, batch_size, accumulation)
    epoch, place = divmod(step, per_epoch)
    order = epoch_order(rows, seed, epoch)
    first = place * accumulation * batch_size
    own = order[first : first + accumulation * batch_size]
    return [own[i : i + batch_size] for i in range(0, len(own), batch_size)]


def epochs_done(rows: int, batch_size: int, accumulation: int, steps: int) -> float:
    """Epochs passed after `steps` optimizer steps, by batches."""
    per_epoch = updates_per_epoch(rows, batch_size, accumulation)
    epoch, place = divmod(steps, per_epoch)
    return epoch + place * accumulation / ceil(rows / batch_size)


def example_lengths(rows: TokenRows, kind: str) -> NDArray[np.int64]:
    """(examples,) tokens of each example that a batch counts: a row, or the two rows of a pair."""
    lengths = rows.lengths()
    return lengths.reshape(-1, 2).sum(1) if kind in PAIRED else lengths


def tokens_of_steps(
    lengths: NDArray[np.int64], batch_size: int, accumulation: int, seed: int, steps: int
) -> int:
    """Tokens in all rows of the first `steps` optimizer steps; `lengths` are tokens an example."""
    rows = len(lengths)
    epochs, rest = divmod(steps, updates_per_epoch(rows, batch_size, accumulation))
    seen = epoch_order(rows, seed, epochs)[: rest * accumulation * batch_size]
    return int(epochs * lengths.sum() + lengths[list(seen)].sum())


class EpochOrder(torch.utils.data.Sampler[int]):
    """Each epoch's row order is a function of (seed, epoch) alone."""

    def __init__(self, rows: int, seed: int) -> None:
        self.rows, self.seed, self.epoch = rows, seed, 0

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[int]:
        return iter(epoch_order(self.rows, self.seed, self.epoch))
