"""Sampled answers without a generator: the noise of a token is a hash of where it stands.

So an answer is the same whoever shares the batch, and after a resume. argmax(logits / T + G) with
independent standard Gumbel G is a sample of softmax(logits / T) (Gumbel-max; Maddison et al. 2014,
arXiv:1411.0030).
"""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import LogitsProcessor

from trainables.packing.dropout import GOLDEN, mix, signed
from trainables.seeds import derived_seed


def answer_keys(seed: int, step: int, count: int) -> list[int]:
    """A 32-bit key for each of a trial's `count` answers of a step."""
    return [derived_seed("answer", seed, step, place) % 2**32 for place in range(count)]


class GumbelNoise(LogitsProcessor):  # type: ignore[misc]
    """Adds the noise, so that the greedy choice of what it returns is a sample.

    `keys` are of the batch's rows, `temperature` (rows) > 0, `width` the prompts' padded length.
    """

    def __init__(
        self, keys: Sequence[int], temperatures: Sequence[float], width: int, device: torch.device
    ) -> None:
        words = np.array(keys, dtype=np.uint32).view(np.int32)
        self._keys = torch.from_numpy(words).to(device)
        self._temperatures = torch.tensor(temperatures, device=device)[:, None]
        self._width = width

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """scores (rows, vocabulary) of the next token, divided by temperature, plus noise."""
        place = input_ids.shape[1] - self._width
        return scores / self._temperatures + gumbel(self._keys, place, scores.shape[1])


def gumbel(keys: torch.Tensor, place: int, vocabulary: int) -> torch.Tensor:
    """(rows, vocabulary) of standard Gumbel noise for each row's token number `place`."""
    rows = mix(keys ^ mix(torch.tensor(place, dtype=torch.int32, device=keys.device)))
    columns = torch.arange(vocabulary, dtype=torch.int32, device=keys.device) * signed(GOLDEN)
    bits = mix(rows[:, None] ^ columns)
    # in (0, 1), finest near 0, where the largest noise comes from: float32 is enough
    uniform = (bits.to(torch.float64) + (2**31 + 0.5)).div_(2**32).float()
    return -torch.log(-torch.log1p(-uniform))
