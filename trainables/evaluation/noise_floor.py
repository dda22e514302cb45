"""How far rounding alone moves a validation loss: below that, two numbers say nothing."""

import math
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trainables.evaluation.answer_loss import row_losses, summed
from trainables.evaluation.config import EvaluationConfig
from trainables.evaluation.measure import loss_rows

if TYPE_CHECKING:
    import torch

    from trainables.data.token_rows import TokenRows

DRAWS = 5
ROWS = 64  # more rows are not measured: the noise of more is less, by the root of their tokens
ONE_IN = 12  # a value rounded to a grid of step u is u / sqrt(12) off, as one in twelve a step off
# two trials on two paths: their difference changes by the sum of four roundings' errors, in 95% of
# cases by less than 1.96 of its standard deviations
FACTOR = 1.96 * math.sqrt(4)


def noise_floor(model: Any, rows: "TokenRows", config: EvaluationConfig) -> dict[str, float]:
    """{val_loss, bits_per_byte, perplexity: the least difference that is more than rounding} of a
    model in bfloat16 or float16; {} of one in float32, whose rounding no table shows.

    Another numeric path to the same number (another engine, kernel or batch, PEFT's own products)
    rounds each layer's products otherwise. So each linear layer's output is moved at random by
    one unit in its last place in as many values as make the error of one rounding. Rows err
    independently, so that the variances of theirs over DRAWS such passes add up to the loss' (DRAWS
    losses alone would tell it to a third). How well that agrees with other paths:
    `benchmarks/noise_floor.py`.
    """
    import torch

    rows = loss_rows(rows, config)
    if model.dtype not in (torch.bfloat16, torch.float16) or not len(rows):
        return {}
    few = rows.head(min(len(rows), ROWS))
    draws = []
    for seed in range(DRAWS):
        with rounded_otherwise(model, seed):
            draws.append(row_losses(model, few, config.max_batch_tokens))
    by_row = list(zip(*draws, strict=True))  # (rows of few, DRAWS), in nats
    if not all(math.isfinite(nats) for row in by_row for nats in row):
        return {}
    mean = summed(few, [statistics.fmean(row) for row in by_row], range(len(few)))
    share = mean.tokens / int(sum(rows.answer_counts()))
    deviation = math.sqrt(sum(map(statistics.variance, by_row))) / mean.tokens
    floor = FACTOR * deviation * math.sqrt(share)
    per_byte = mean.tokens / mean.answer_bytes / math.log(2)
    level = mean.metrics()["perplexity"]
    found = {"val_loss": floor, "bits_per_byte": floor * per_byte, "perplexity": floor * level}
    return {name: value for name, value in found.items() if math.isfinite(value)}


@contextmanager
def rounded_otherwise(model: Any, seed: int) -> Iterator[None]:
    """The model with its linear layers' outputs rounded otherwise, at random."""
    import torch

    generator = torch.Generator(model.device).manual_seed(seed)

    def moved(_module: Any, _inputs: Any, output: "torch.Tensor") -> "torch.Tensor":
        return moved_at_random(output, generator)

    handles = [m.register_forward_hook(moved) for m in linear_layers(model)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def linear_layers(model: Any) -> list[Any]:
    """The layers whose products are rounded, quantized ones and GPT-2's among them, not the head:
    what its logits make is summed in float32."""
    head = model.get_output_embeddings()
    names = ("Linear", "Conv1D")  # Linear4bit and Linear8bitLt too
    return [m for m in model.modules() if type(m).__name__.startswith(names) and m is not head]


def moved_at_random(x: "torch.Tensor", generator: "torch.Generator") -> "torch.Tensor":
    """`x` in bfloat16 or float16, one in ONE_IN of its values replaced by a neighbour in that
    precision, above or below alike; zeros and what is next to infinity stay."""
    import torch

    if x.element_size() != 2:
        return x
    drawn = torch.randint(0, 2 * ONE_IN, x.shape, generator=generator, device=x.device)
    step = (drawn == 0).to(torch.int16) - (drawn == 1).to(torch.int16)
    bits = x.contiguous().view(torch.int16)
    size = bits & 0x7FFF  # without the sign
    largest = 0x7F7F if x.dtype == torch.bfloat16 else 0x7BFF  # the greatest finite number
    step = torch.where((size == 0) | (size >= largest), torch.zeros_like(step), step)
    return (bits + step).view(x.dtype)
