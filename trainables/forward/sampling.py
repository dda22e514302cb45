"""Sampled tokens without a generator: what a token is drawn with is a hash of where it stands.

So an answer is the same whoever shares the batch, and after a resume. The token is the first whose
cumulative probability exceeds a uniform number (inversion); one number a token instead of one for
each of the vocabulary, as the Gumbel-max trick would need, whose hashes and logarithms took a fifth
of the time of an answer.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from trainables.forward.dropout import mix
from trainables.seeds import derived_seed

BLOCK = 256  # tokens whose probabilities are summed first
# at once: larger memory goes back to the system each time, and comes back page by page
CPU_ROWS = 8


def answer_keys(seed: int, step: int, count: int) -> list[int]:
    """A 32-bit key for each of a trial's `count` answers of a step."""
    return [derived_seed("answer", seed, step, place) % 2**32 for place in range(count)]


class Draw:
    """Chooses the tokens of answers with these keys and temperatures (> 0)."""

    def __init__(
        self, keys: Sequence[int], temperatures: Sequence[float], device: torch.device
    ) -> None:
        words = np.array(keys, dtype=np.uint32).view(np.int32)
        self._keys = torch.from_numpy(words).to(device)
        self._temperatures = torch.tensor(temperatures, device=device)

    def __call__(self, logits: Tensor, rows: Tensor, place: int) -> Tensor:
        """(rows,) tokens number `place` of the answers numbered `rows`, from logits (rows,
        vocabulary)."""
        levels = uniform(self._keys[rows], place)
        return inverted(logits, self._temperatures[rows], levels)


def uniform(keys: Tensor, place: int) -> Tensor:
    """(rows,) float64 in (0, 1), for each row's token number `place`."""
    bits = mix(keys ^ mix(torch.tensor(place, dtype=torch.int32, device=keys.device)))
    return (bits.double() + (2**31 + 0.5)) / 2**32


def inverted(logits: Tensor, temperature: Tensor, level: Tensor) -> Tensor:
    """(rows,) tokens of softmax(logits / temperature) at cumulative probability `level`, of logits
    (rows, vocabulary), temperature and level (rows,)."""
    size = len(logits) if logits.is_cuda else CPU_ROWS
    few = zip(logits.split(size), temperature.split(size), level.split(size), strict=True)
    return torch.cat([_inverted(some, heat, levels) for some, heat, levels in few])


def _inverted(logits: Tensor, temperature: Tensor, level: Tensor) -> Tensor:
    exact = torch.promote_types(logits.dtype, torch.float32)
    weights = logits.to(exact, copy=True).div_(temperature[:, None])
    weights.sub_(weights.amax(1, keepdim=True)).exp_()  # (rows, vocabulary), not normalised
    if odd := -weights.shape[1] % BLOCK:
        weights = torch.nn.functional.pad(weights, (0, odd))
    blocks = weights.view(len(weights), -1, BLOCK)  # (rows, blocks, BLOCK)
    # (rows, blocks): running sums of thousands need more digits than float32 has
    mass = blocks.sum(2).double()
    block, rest = _crossed(mass, level * mass.sum(1))  # (rows,) each
    inside = blocks[torch.arange(len(blocks), device=block.device), block]  # (rows, BLOCK)
    tokens = block * BLOCK + _crossed(inside.double(), rest)[0]
    return tokens.clamp_(max=logits.shape[1] - 1)  # NaN crosses nowhere


def _crossed(mass: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
    """Where the running sum of `mass` (rows, n) first exceeds `level` (rows,), and what of the
    level is left before there. Never a place of mass 0, whatever is rounded."""
    running = mass.cumsum(1)  # (rows, n)
    level = torch.minimum(level, running[:, -1] * (1 - 2**-40))[:, None]  # (rows, 1)
    place = torch.searchsorted(running, level, right=True).clamp_(max=mass.shape[1] - 1)
    before = running.gather(1, place) - mass.gather(1, place)  # (rows, 1), as `place`
    return place[:, 0], (level - before)[:, 0].clamp_(min=0)
