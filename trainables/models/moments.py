"""AdamW's state as safetensors: `exp_avg.NAME` and `exp_avg_sq.NAME` by PEFT parameter name."""

from collections.abc import Mapping
from typing import Any

import torch
from safetensors.torch import load, save

KINDS = ("exp_avg", "exp_avg_sq")


def moment_bytes(moments: Mapping[str, Mapping[str, torch.Tensor]]) -> bytes:
    """Moments as {kind: {parameter: tensor}}; none before the first step."""
    return save(
        {
            f"{kind}.{name}": tensor.detach().cpu().contiguous()
            for kind, tensors in moments.items()
            for name, tensor in tensors.items()
        }
    )


def moments_of(data: bytes) -> dict[str, dict[str, torch.Tensor]]:
    """The reverse of `moment_bytes`."""
    found: dict[str, dict[str, torch.Tensor]] = {kind: {} for kind in KINDS}
    for key, tensor in load(data).items():
        kind, name = key.split(".", 1)
        found[kind][name] = tensor
    return found


def optimizer_bytes(optimizer: Any, parameters: dict[str, torch.nn.Parameter]) -> bytes:
    """The moments of all parameters that have some."""
    state = optimizer.state
    seen = {name: state[p] for name, p in parameters.items() if "exp_avg" in state.get(p, ())}
    return moment_bytes({kind: {name: own[kind] for name, own in seen.items()} for kind in KINDS})


def restore_optimizer(
    optimizer: Any, parameters: dict[str, torch.nn.Parameter], data: bytes, steps: int
) -> None:
    """Put moments back; `steps` is the number of updates that they have seen."""
    saved = moments_of(data)
    fused = bool(optimizer.defaults.get("fused"))
    for name, p in parameters.items():
        optimizer.state[p] = {
            # torch keeps the count of a fused optimizer beside the parameter, else on the CPU
            "step": torch.tensor(float(steps), device=p.device if fused else "cpu"),
            **{kind: saved[kind][name].to(p.device, p.dtype) for kind in KINDS},
        }
