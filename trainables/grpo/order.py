"""Which prompts a GRPO trial asks, in which order: a function of its seed."""

from collections.abc import Iterator
from itertools import cycle, islice

import torch

from trainables.grpo.config import GRPOTrainingConfig
from trainables.training.order import epoch_order


class GroupOrder(torch.utils.data.Sampler[int]):
    """TRL's RepeatSampler with orders that are functions of (seed, epoch) alone.

    The prompts of a step are given `num_generations` times each, and that once for each batch that
    uses their answers. The last prompts of an epoch are filled up with its first: TRL drops them.
    """

    def __init__(self, rows: int, training: GRPOTrainingConfig) -> None:
        self.rows, self.training, self.epoch = rows, training, 0
        # batches that use the same answers
        self.uses = training.gradient_accumulation_steps * training.num_iterations

    def __len__(self) -> int:
        t = self.training
        answers = t.prompts * t.num_generations
        return t.steps_per_epoch(self.rows) * t.gradient_accumulation_steps * answers

    def __iter__(self) -> Iterator[int]:
        t = self.training
        order = epoch_order(self.rows, t.seed, self.epoch)
        steps = -(-self.rows // t.prompts)
        filled = list(islice(cycle(order), steps * t.prompts))
        for first in range(0, len(filled), t.prompts):
            for _ in range(self.uses):
                for row in filled[first : first + t.prompts]:
                    yield from (row for _ in range(t.num_generations))
