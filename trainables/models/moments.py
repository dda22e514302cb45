"""An optimizer's states as safetensors: `STATE.PARAMETER`, e.g. AdamW's `exp_avg.NAME`, by PEFT's
parameter names. Which states there are is told by `trainables.training.optimizers`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from safetensors.torch import load, save


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
    optimizer: Any, parameters: dict[str, torch.nn.Parameter], states: Sequence[str]
) -> bytes:
    """The states of all parameters that have some. KeyError where one of `states` is missing."""
    seen = {name: own for name, p in parameters.items() if (own := optimizer.state.get(p))}
    return moment_bytes({s: {name: own[s] for name, own in seen.items()} for s in states})


def restore_optimizer(
    optimizer: Any,
    parameters: dict[str, torch.nn.Parameter],
    data: bytes,
    steps: int,
    states: Mapping[str, str | None],
) -> None:
    """Put states back; `steps` is the number of updates that they have seen. `states` are their
    names and torch's names of their precisions (None: that of the parameter)."""
    saved = moments_of(data)
    for name, p in parameters.items():
        found = {state: saved[state][name] for state in states}
        restore_states(optimizer, p, found, steps, states)


def restore_states(
    optimizer: Any,
    p: torch.nn.Parameter,
    saved: Mapping[str, torch.Tensor],
    steps: int,
    states: Mapping[str, str | None],
) -> None:
    """The same of one parameter, whose states are `saved`."""
    fused = bool(optimizer.defaults.get("fused"))
    optimizer.state[p] = {
        # torch keeps the count of a fused optimizer beside the parameter, else on the CPU
        "step": torch.tensor(float(steps), device=p.device if fused else "cpu"),
        **{
            name: saved[name].to(p.device, getattr(torch, dtype) if dtype else p.dtype)
            for name, dtype in states.items()
        },
    }
