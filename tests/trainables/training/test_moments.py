"""An optimizer's state through safetensors."""

import math

import pytest
import torch
from bitsandbytes.optim import AdamW8bit, PagedAdamW32bit
from safetensors.torch import load

from trainables.training.moments import optimizer_bytes, restore_optimizer
from trainables.training.optimizers import OPTIMIZERS

STATES = OPTIMIZERS["adamw_torch"].states


def trained(optimizer: torch.optim.Optimizer, p: torch.nn.Parameter, steps: int) -> None:
    for _ in range(steps):
        p.grad = torch.sin(p.detach() * 7)
        optimizer.step()


@pytest.mark.parametrize("fused", [False, True])
def test_a_restored_optimizer_goes_on_bit_by_bit(fused: bool) -> None:
    whole = torch.nn.Parameter(torch.linspace(-1, 1, 12).reshape(3, 4))
    optimizer = torch.optim.AdamW([whole], lr=0.1, fused=fused)
    trained(optimizer, whole, 3)
    data = optimizer_bytes(optimizer, {"a.weight": whole}, STATES)
    assert set(load(data)) == {"exp_avg.a.weight", "exp_avg_sq.a.weight"}

    half = torch.nn.Parameter(whole.detach().clone())
    other = torch.optim.AdamW([half], lr=0.1, fused=fused)
    restore_optimizer(other, {"a.weight": half}, data, steps=3, states=STATES)
    trained(optimizer, whole, 3)
    trained(other, half, 3)
    assert torch.equal(whole, half)


def test_before_the_first_step_there_is_nothing_to_save() -> None:
    p = torch.nn.Parameter(torch.ones(2))
    assert load(optimizer_bytes(torch.optim.AdamW([p]), {"p": p}, STATES)) == {}


@pytest.mark.parametrize(("fused", "device"), [(False, "cpu"), (True, "meta")])
def test_the_count_of_a_fused_optimizer_is_beside_its_parameter(fused: bool, device: str) -> None:
    source = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.AdamW([source])
    trained(optimizer, source, 1)
    p = torch.nn.Parameter(torch.ones(2, device="meta"))
    other = torch.optim.AdamW([p])
    other.defaults["fused"] = fused
    data = optimizer_bytes(optimizer, {"p": source}, STATES)
    restore_optimizer(other, {"p": p}, data, steps=1, states=STATES)
    assert other.state[p]["step"].device.type == device


@pytest.mark.parametrize("kind", ["adamw_8bit", "paged_adamw_8bit"])
def test_eight_bits_are_blocks_with_scales_but_for_small_parameters(kind: str) -> None:
    states = OPTIMIZERS[kind].states
    ps = {"large": torch.nn.Parameter(torch.linspace(-1, 1, 5000).reshape(50, 100))}
    ps |= {"also": torch.nn.Parameter(torch.linspace(1, 2, 4096)), "small": small_parameter()}
    optimizer = AdamW8bit(ps.values(), lr=0.1)
    for p in ps.values():
        p.grad = torch.sin(p.detach() * 7)
    optimizer.step()
    data = optimizer_bytes(optimizer, ps, states)
    saved = load(data)
    assert saved["state1.large"].dtype == torch.uint8
    assert saved["absmax1.large"].shape == (math.ceil(5000 / 256),)
    assert saved["state1.small"].dtype == torch.float32
    assert "absmax1.small" not in saved

    halves = {name: torch.nn.Parameter(p.detach().clone()) for name, p in ps.items()}
    other = AdamW8bit(halves.values(), lr=0.1)
    restore_optimizer(other, halves, data, steps=1, states=states)
    for twins, own in ((ps, optimizer), (halves, other)):
        for p in twins.values():
            p.grad = torch.sin(p.detach() * 7)
        own.step()
    assert all(torch.equal(p, ps[name]) for name, p in halves.items())


def small_parameter() -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.linspace(-1, 1, 12).reshape(3, 4))


@pytest.mark.filterwarnings("ignore:Paged optimizers are not supported on CPU")
def test_a_paged_one_is_adamw() -> None:
    states = OPTIMIZERS["paged_adamw_32bit"].states
    mine, torchs = small_parameter(), small_parameter()
    trained(PagedAdamW32bit([mine], lr=0.1, weight_decay=0.5), mine, 3)
    trained(torch.optim.AdamW([torchs], lr=0.1, weight_decay=0.5), torchs, 3)
    assert torch.allclose(mine, torchs, atol=1e-6)
    optimizer = PagedAdamW32bit([mine], lr=0.1)
    trained(optimizer, mine, 2)
    assert set(load(optimizer_bytes(optimizer, {"p": mine}, states))) == {"state1.p", "state2.p"}
