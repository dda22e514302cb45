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
    """What an optimizer remembers of each weight: a tensor of its parameter's shape.

    `name` is torch's in `optimizer.state[parameter]`, and the one in checkpoints; `dtype` is
    torch's, None that of the weights themselves (float32 in every trial).
    """

    name: str
    dtype: str | None = None


class Optimizer(NamedTuple):
    """An optimizer as both engines use it. Its count of steps, which torch keeps as `step`, is no
    state: checkpoints have it as the trial's `updates`.

    `transformers` is its name in TrainingArguments. `packed(training, flat)` makes it for a trial
    in a pack, of the section `training` and its weights, one flat vector: what it does to a weight
    must depend on that weight, its gradient and its states alone. None where it does not; such
    trials run isolated.
    """

    transformers: str
    states: tuple[State, ...]
    packed: Callable[[Any, Any], Any] | None

    @property
    def precisions(self) -> dict[str, str | None]:
        """The states' names and precisions, as `trainables.models.moments` takes them."""
        return {state.name: state.dtype for state in self.states}

    def state_bytes(self, weights: int, width: int = 4) -> int:
        """Bytes of the states of so many weights, which take `width` bytes each.

        >>> OPTIMIZERS["adamw_torch"].state_bytes(10)
        80
        """
        return weights * sum(WIDTHS[s.dtype] if s.dtype else width for s in self.states)


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


MOMENTS = (State("exp_avg"), State("exp_avg_sq"))
OPTIMIZERS: dict[str, Optimizer] = {
    "adamw_torch": Optimizer("adamw_torch", MOMENTS, _adamw),
    "adamw_torch_fused": Optimizer("adamw_torch_fused", MOMENTS, _adamw),
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
