"""Our formulas against those of TRL 1.12's PPOTrainer, whose numbers on random data are in
trl_formulas.json (made by benchmarks/trl_formulas.py in an environment that has it)."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from trainables.ppo.advantages import advantages, token_rewards, whitened
from trainables.ppo.kl import token_kl
from trainables.ppo.losses import entropy, policy_loss, value_loss

Tensor = torch.Tensor
CASES: dict[str, Any] = json.loads((Path(__file__).parent / "trl_formulas.json").read_text())[
    "cases"
]


def numbers(named: dict[str, Any]) -> dict[str, Tensor]:
    return {name: torch.tensor(x, dtype=torch.float64) for name, x in named.items()}


def close(found: Tensor, wanted: Tensor, mask: Tensor) -> None:
    # TRL divides two counts in float32 when it whitens
    torch.testing.assert_close(found[mask], wanted[mask], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_what_an_update_learns_from(name: str) -> None:
    settings, given = CASES[name]["settings"], numbers(CASES[name]["given"])
    wanted = numbers(CASES[name]["found"])
    mask = torch.arange(given["logprobs"].shape[1]) < given["lengths"][:, None]
    kl = token_kl(given["logprobs"], given["ref_logprobs"], settings["kl_estimator"])
    close(kl, wanted["kl"], mask)
    rewards = token_rewards(given["scores"], kl, mask, settings["kl_coef"])
    if settings.get("whiten_rewards"):
        rewards = whitened(rewards, mask, shift_mean=False)
    if name != "ended":  # there TRL's last reward stands after the end
        close(rewards, wanted["rewards"], mask)
    gained, returns = advantages(rewards, given["values"], mask, settings["gamma"], settings["lam"])
    close(returns, wanted["returns"], mask)
    close(whitened(gained, mask), wanted["advantages"], mask)
    assert name != "ended" or len(set(given["lengths"].tolist())) > 2


@pytest.mark.parametrize("name", CASES)
def test_losses(name: str) -> None:
    settings, given = CASES[name]["settings"], numbers(CASES[name]["given"])
    wanted = numbers(CASES[name]["found"])
    mask = torch.arange(given["logprobs"].shape[1]) < given["lengths"][:, None]
    policy = policy_loss(
        given["new_logprobs"],
        given["old_logprobs"],
        wanted["advantages"],
        mask,
        settings["cliprange"],
    )
    torch.testing.assert_close(policy.loss, wanted["pg_loss"], rtol=1e-10, atol=1e-12)
    # TRL's share is in float32
    torch.testing.assert_close(policy.clip_fraction, wanted["pg_clipfrac"], rtol=1e-6, atol=0)
    if name == "ended":  # TRL's value loss counts the state after the end
        return
    value = value_loss(
        given["new_values"], given["values"], wanted["returns"], mask, settings["cliprange_value"]
    )
    torch.testing.assert_close(value.loss, wanted["vf_loss"], rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(value.clip_fraction, wanted["vf_clipfrac"], rtol=1e-6, atol=0)
    whole = policy.loss + settings["vf_coef"] * value.loss
    torch.testing.assert_close(whole, wanted["loss"], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_entropy(name: str) -> None:
    given, temperature = numbers(CASES[name]["given"]), CASES[name]["settings"]["temperature"]
    wanted = torch.tensor(CASES[name]["found"]["entropy"], dtype=torch.float64)
    # TRL adds 1e-7 to the temperature
    torch.testing.assert_close(entropy(given["logits"] / temperature), wanted, rtol=1e-6, atol=1e-8)
