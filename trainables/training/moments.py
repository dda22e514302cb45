"""An optimizer's states as safetensors: `STATE.PARAMETER`, e.g. AdamW's `exp_avg.NAME`, by PEFT's
parameter names. Which states there are is told by `trainables.training.optimizers`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from safetensors.torch import load, save

from trainables.training.optimizers import State


def moment_bytes(moments: Mapping[str, Mapping[str, torch.Tensor]]) -> bytes:
    """States as {state: {parameter: tensor}}; none before the first step."""
    return save(
        {
            f"{kind}.{name}": tensor.detach().cpu().contiguous()
            for kind, tensors in moments.items()
            for name, tensor in tensors.items()
        }
    )


def moments_of(data: bytes) -> dict[str, dict[str, torch.Tensor]]:
    """The reverse of `moment_bytes`."""
    found: dict[str, dict[str, torch.Tensor]] = defaultdict(dict)
    for key, tensor in load(data).items():
        kind, name = key.split(".", 1)
        found[kind][name] = tensor
    return dict(found)


def optimizer_bytes(
    optimizer: Any, parameters: dict[str, torch.nn.Parameter], states: Sequence[State]
) -> bytes:
    """The states of all parameters that have some. KeyError where one of `states` is missing that
    has a number for each weight; scales and tables are there where a parameter is quantized."""
    seen = {name: own for name, p in parameters.items() if (own := optimizer.state.get(p))}
    return moment_bytes(
        {
            state.name: {
                # parameters share a table, and safetensors writes no tensor twice
                name: own[state.name] if state.weights_a_number else own[state.name].clone()
                for name, own in seen.items()
                if state.weights_a_number == 1 or state.name in own
            }
            for state in states
        }
    )


def restore_optimizer(
    optimizer: Any,
    parameters: dict[str, torch.nn.Parameter],
    data: bytes,
    steps: int,
    states: Sequence[State],
) -> None:
    """Put states back; `steps` is the number of updates that they have seen."""
    saved = moments_of(data)
    for name, p in parameters.items():
        found = {
            state.name: saved[state.name][name]
            for state in states
            if state.weights_a_number == 1 or name in saved.get(state.name, {})
        }
        restore_states(optimizer, p, found, steps, states)


def restore_states(
    optimizer: Any,
    p: torch.nn.Parameter,
    saved: Mapping[str, torch.Tensor],
    steps: int,
    states: Sequence[State],
) -> None:
    """The same of one parameter, whose states are `saved`."""
    own = (state for state in states if state.name in saved)
    optimizer.state[p] = {
        "step": _count(optimizer, p, steps),
        **{state.name: _restored(optimizer, p, saved[state.name], state) for state in own},
    }


def _count(optimizer: Any, p: torch.nn.Parameter, steps: int) -> Any:
    if "foreach" not in optimizer.defaults:  # bitsandbytes' keep a plain number
        return steps
    # torch keeps the count of a fused optimizer beside the parameter, else on the CPU
    fused = bool(optimizer.defaults.get("fused"))
    return torch.tensor(float(steps), device=p.device if fused else "cpu")


def _restored(
    optimizer: Any, p: torch.nn.Parameter, saved: torch.Tensor, state: State
) -> torch.Tensor:
    dtype = saved.dtype if state.dtype else p.dtype
    if state.weights_a_number == 1 and hasattr(optimizer, "get_state_buffer"):
        # bitsandbytes' own memory: on a GPU a paged optimizer's lies where it can be moved out
        buffer: torch.Tensor = optimizer.get_state_buffer(p, dtype=dtype)
        return buffer.copy_(saved.reshape(buffer.shape))
    return saved.to(p.device, dtype)
