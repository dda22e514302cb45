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
REPEATABILITY = 2.8  # 1.96 x sqrt(2): what two repeats differ by in 95% of cases (ISO 5725-6)


def noise_floor(model: Any, rows: "TokenRows", config: EvaluationConfig) -> dict[str, float]:
    """{val_loss, bits_per_byte, perplexity: the least difference that is more than rounding} of a
    model in bfloat16 or float16; {} of one in float32, whose rounding no table shows.

    Another numeric path to the same number (another engine, kernel or batch, PEFT's own products)
    rounds each layer's products otherwise. So each linear layer's output is moved at random by
    one unit in its last place in as many values as make the error of one rounding; the loss'
    standard deviation s over DRAWS such passes gives 2.8 s, the repeatability limit of ISO 5725-6.
    """
    import torch

    rows = loss_rows(rows, config)
    if model.dtype not in (torch.bfloat16, torch.float16) or not len(rows):
        return {}
    few = rows.head(min(len(rows), ROWS))
    losses = []
    for seed in range(DRAWS):
        with rounded_otherwise(model, seed):
            nats = row_losses(model, few, config.max_batch_tokens)
        losses.append(sum(nats) / summed(few, nats, range(len(few))).tokens)
    if not all(map(math.isfinite, losses)):
        return {}
    counted = [summed(part, [0.0] * len(part), range(len(part))) for part in (few, rows)]
    share = counted[0].tokens / counted[1].tokens
    floor = REPEATABILITY * statistics.stdev(losses) * math.sqrt(share)
    per_byte = counted[0].tokens / counted[0].answer_bytes / math.log(2)
    level = math.exp(min(statistics.fmean(losses), 700.0))
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
