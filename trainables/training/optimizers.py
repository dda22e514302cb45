"""The optimizers by the name that `training.optim` gives them: add one by adding an entry here.

An entry is all that anybody knows of an optimizer: what checkpoints hold, how much memory and disk
it takes, how each engine makes it, and whether a pack can have it. Imports no torch: the sections
of a spec read this.
"""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticKnownError

WIDTHS = {"float32": 4, "bfloat16": 2, "float16": 2, "int8": 1, "uint8": 1}  # bytes a number


class State(NamedTuple):
    """What an optimizer remembers of each weight.

    `name` is the optimizer's in `optimizer.state[parameter]`, and the one in checkpoints; `dtype`
    is torch's, None that of the weights themselves (float32 in every trial). `weights_a_number`:
    for how many weights one number stands; 1: a tensor of its parameter's shape, more: scales of
    blocks, 0: a table of a fixed size. The latter two are there where a parameter is quantized:
    bitsandbytes leaves those of fewer than 4,096 weights in float32.
    """

    name: str
    dtype: str | None = None
    weights_a_number: int = 1


class Optimizer(NamedTuple):
    """An optimizer as both engines use it. Its count of steps, which it keeps as `step`, is no
    state: checkpoints have it as the trial's `updates`.

    `transformers` is its name in TrainingArguments. `packed(training, flat)` makes it for a trial
    in a pack, of the section `training` and its weights, one flat vector: what it does to a weight
    must depend on that weight, its gradient and its states alone. None where it does not; such
    trials run isolated.
    """

    transformers: str
    states: tuple[State, ...]
    packed: Callable[[Any, Any], Any] | None

    def state_bytes(self, weights: int, width: int = 4) -> int:
        """Bytes of the states of so many weights, which take `width` bytes each.

        >>> OPTIMIZERS["adamw_torch"].state_bytes(10)
        80
        >>> OPTIMIZERS["adamw_8bit"].state_bytes(256_000)  # and a float32 scale each 256
        520000
        """
        return sum(
            weights // state.weights_a_number * (WIDTHS[state.dtype] if state.dtype else width)
            for state in self.states
            if state.weights_a_number
        )


def _adamw(t: Any, flat: Any) -> Any:
    import torch

    return torch.optim.AdamW(
        [flat],
        lr=t.learning_rate,
        betas=(t.adam_beta1, t.adam_beta2),
        eps=t.adam_epsilon,
        weight_decay=t.weight_decay,
        fused=t.optim == "adamw_torch_fused",
    )


def _paged_adamw(t: Any, flat: Any) -> Any:
    from bitsandbytes.optim import PagedAdamW32bit

    return PagedAdamW32bit(
        [flat],
        lr=t.learning_rate,
        betas=(t.adam_beta1, t.adam_beta2),
        eps=t.adam_epsilon,
        weight_decay=t.weight_decay,
    )


MOMENTS = (State("exp_avg"), State("exp_avg_sq"))
PAGED = (State("state1"), State("state2"))  # the same two, as bitsandbytes names them
BLOCKS_OF_8_BITS = (  # Dettmers et al. 2022, arXiv:2110.02861
    State("state1", "uint8"),
    State("state2", "uint8"),
    State("absmax1", "float32", 256),
    State("absmax2", "float32", 256),
    State("qmap1", "float32", 0),
    State("qmap2", "float32", 0),
)
OPTIMIZERS: dict[str, Optimizer] = {
    "adamw_torch": Optimizer("adamw_torch", MOMENTS, _adamw),
    "adamw_torch_fused": Optimizer("adamw_torch_fused", MOMENTS, _adamw),
    "adamw_8bit": Optimizer("adamw_8bit", BLOCKS_OF_8_BITS, None),
    "paged_adamw_32bit": Optimizer("paged_adamw_32bit", PAGED, _paged_adamw),
    "paged_adamw_8bit": Optimizer("paged_adamw_8bit", BLOCKS_OF_8_BITS, None),
}


def known_to_transformers(name: str) -> Optimizer:
    """The optimizer of this name in TrainingArguments; KeyError where none has it."""
    return {optimizer.transformers: optimizer for optimizer in OPTIMIZERS.values()}[name]


def unpackable_optimizer(name: str) -> str | None:
    """Why trials with this optimizer cannot share a pack, or None."""
    if OPTIMIZERS[name].packed is None:
        return f"optimizer {name} needs each weight matrix by itself"
    return None


def _registered(name: str) -> str:
    if name not in OPTIMIZERS:
        offered = " or ".join(map(repr, OPTIMIZERS))  # in the words of a Literal
        raise PydanticKnownError("literal_error", {"expected": offered})
    return name


# a Literal cannot be made from a registry in a way that type checkers follow
OptimizerName = Annotated[
    str, AfterValidator(_registered), WithJsonSchema({"enum": list(OPTIMIZERS), "type": "string"})
]
