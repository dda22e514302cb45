"""AdamW's state through safetensors."""

import pytest
import torch
from safetensors.torch import load

from trainables.models.moments import optimizer_bytes, restore_optimizer
from trainables.training.optimizers import OPTIMIZERS

STATES = OPTIMIZERS["adamw_torch"].precisions


def trained(optimizer: torch.optim.Optimizer, p: torch.nn.Parameter, steps: int) -> None:
    for _ in range(steps):
        p.grad = torch.sin(p.detach() * 7)
        optimizer.step()


@pytest.mark.parametrize("fused", [False, True])
def test_a_restored_optimizer_goes_on_bit_by_bit(fused: bool) -> None:
    whole = torch.nn.Parameter(torch.linspace(-1, 1, 12).reshape(3, 4))
    optimizer = torch.optim.AdamW([whole], lr=0.1, fused=fused)
    trained(optimizer, whole, 3)
    data = optimizer_bytes(optimizer, {"a.weight": whole}, [*STATES])
    assert set(load(data)) == {"exp_avg.a.weight", "exp_avg_sq.a.weight"}

    half = torch.nn.Parameter(whole.detach().clone())
    other = torch.optim.AdamW([half], lr=0.1, fused=fused)
    restore_optimizer(other, {"a.weight": half}, data, steps=3, states=STATES)
    trained(optimizer, whole, 3)
    trained(other, half, 3)
    assert torch.equal(whole, half)


def test_before_the_first_step_there_is_nothing_to_save() -> None:
    p = torch.nn.Parameter(torch.ones(2))
    assert load(optimizer_bytes(torch.optim.AdamW([p]), {"p": p}, [*STATES])) == {}


@pytest.mark.parametrize(("fused", "device"), [(False, "cpu"), (True, "meta")])
def test_the_count_of_a_fused_optimizer_is_beside_its_parameter(fused: bool, device: str) -> None:
    source = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.AdamW([source])
    trained(optimizer, source, 1)
    p = torch.nn.Parameter(torch.ones(2, device="meta"))
    other = torch.optim.AdamW([p])
    other.defaults["fused"] = fused
    data = optimizer_bytes(optimizer, {"p": source}, [*STATES])
    restore_optimizer(other, {"p": p}, data, steps=1, states=STATES)
    assert other.state[p]["step"].device.type == device
