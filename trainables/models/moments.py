"""AdamW's state as safetensors: `exp_avg.NAME` and `exp_avg_sq.NAME` by PEFT parameter name."""

from typing import Any

import torch
from safetensors.torch import load, save

KINDS = ("exp_avg", "exp_avg_sq")


def optimizer_bytes(optimizer: Any, parameters: dict[str, torch.nn.Parameter]) -> bytes:
    """The moments of all parameters that have some (none before the first step)."""
    state = optimizer.state
    return save(
        {
            f"{kind}.{name}": state[p][kind].detach().cpu().contiguous()
            for name, p in parameters.items()
            if p in state and "exp_avg" in state[p]
            for kind in KINDS
        }
    )


def restore_optimizer(
    optimizer: Any, parameters: dict[str, torch.nn.Parameter], data: bytes, steps: int
) -> None:
    """Put moments back; `steps` is the number of updates that they have seen."""
    saved = load(data)
    fused = bool(optimizer.defaults.get("fused"))
    for name, p in parameters.items():
        optimizer.state[p] = {
            # torch keeps the count of a fused optimizer beside the parameter, else on the CPU
            "step": torch.tensor(float(steps), device=p.device if fused else "cpu"),
            **{kind: saved[f"{kind}.{name}"].to(p.device, p.dtype) for kind in KINDS},
        }
