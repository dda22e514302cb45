"""How many operators a step of a pack calls: on a GPU each is a launch of some microseconds.

Counted on a CPU, with a model as deep as TinyLlama-1.1B (22 layers) and very narrow, in bfloat16
and without quantization (NF4 adds one dequantisation a product of the base, whatever k). Views and
allocations launch nothing and are left out; an operator on a list of tensors counts once. Attention
is the kernel that a GPU has. A trial's batch has 4 rows of 128 tokens, or (`uneven`) 2 of the
flashcards system's.

`python -m benchmarks.launches`, from the repository's root, takes a few seconds.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from unittest.mock import patch

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.output import JSON, command, device, tell
from benchmarks.packing import trial
from benchmarks.shapes import LLAMA, base_model
from benchmarks.trial_steps import joined
from trainables.forward import attention
from trainables.models.load import Base

NOTHING = ("empty", "detach", "_unsafe_view", "_local_scalar_dense")
TARGETS = ["q_proj", "v_proj"]
ONE_CALL = 2**20  # tokens


class Operators(TorchDispatchMode):
    """Counts what is called within, by name, but for views and allocations."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        returned = [result.alias_info for result in func._schema.returns]
        view = any(alias is not None and not alias.is_write for alias in returned)
        name = func.name().removeprefix("aten::").partition(".")[0]
        if not view and not any(part in name for part in NOTHING):
            self.calls[name] += 1
        return func(*args, **(kwargs or {}))


def deep_base(layers: int) -> Base:
    """A narrow Llama of so many layers, random weights, bfloat16."""
    toy = base_model("toy", "none", "cpu")
    config = LlamaConfig(
        **LLAMA,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=259,
        dtype=torch.bfloat16,
    )
    model = LlamaForCausalLM(config).to(torch.bfloat16).requires_grad_(False).eval()
    return Base(model, toy.tokenizer, toy.folder, torch.bfloat16)


def operators(base: Base, k: int, dropout: float, uneven: bool, ranks: list[int]) -> Counter[str]:
    """Of one batch of k trials, after another."""
    trials = []
    for number in range(k):
        r = ranks[number % len(ranks)]
        config, data = trial(None if uneven else 512, r, TARGETS, number)
        lora = config.lora.model_copy(update={"lora_dropout": dropout})
        trials.append((config.model_copy(update={"lora": lora}), data))
    pack = joined(base, trials, ONE_CALL)
    with patch.object(attention, "WRITTEN_OUT", 0):  # attention as on a GPU
        pack.step()
        with Operators() as counted:
            pack.step()
    pack.close()
    return counted.calls


def measure(layers: int, sizes: Sequence[int]) -> Iterator[JSON]:
    """A row a size of pack and kind of batch."""
    base = deep_base(layers)
    for dropout, uneven, ranks in (
        (0.0, False, [16]),
        (0.05, False, [16]),
        (0.05, True, [16]),
        (0.05, True, [4, 8, 16, 64]),
    ):
        for k in sizes:
            found = operators(base, k, dropout, uneven, ranks).total()
            row = {"k": k, "dropout": dropout, "uneven": uneven, "ranks": ranks}
            yield {**row, "operators": found, "a_trial": round(found / k)}


def main() -> None:
    """Print a table, and write what `--json` names."""
    parser = command(__doc__)
    parser.add_argument("--k", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--layers", type=int, default=22)
    options = parser.parse_args()
    tell(measure(options.layers, options.k), {"device": device()}, options.json)


if __name__ == "__main__":
    main()
