"""Log-probabilities of chosen tokens against torch's cross entropy."""

import pytest
import torch

from trainables.forward import log_probs
from trainables.forward.log_probs import chosen_log_probs


@pytest.mark.parametrize("temperature", [1.0, 0.6])
@pytest.mark.parametrize("chunk", [1, 40, 10_000])
def test_values_and_gradients(
    temperature: float, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_probs, "CPU_CHUNK", chunk)
    g = torch.Generator().manual_seed(0)
    ours = torch.randn(7, 13, generator=g, dtype=torch.float64).mul(5).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    tokens = torch.randint(0, 13, (7,), generator=g)
    upstream = torch.randn(7, generator=g, dtype=torch.float64)
    found = chosen_log_probs(ours, tokens, temperature)
    wanted = -torch.nn.functional.cross_entropy(theirs / temperature, tokens, reduction="none")
    torch.testing.assert_close(found, wanted, rtol=1e-13, atol=1e-13)
    found.backward(upstream)
    wanted.backward(upstream)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-13, atol=1e-14)


def test_sixteen_bits_are_worked_out_in_thirty_two() -> None:
    logits = torch.randn(4, 300, generator=torch.Generator().manual_seed(1)).bfloat16()
    logits.requires_grad_()
    found = chosen_log_probs(logits, torch.arange(4), 0.5)
    wanted = (logits.double() / 0.5).log_softmax(1)[torch.arange(4), torch.arange(4)]
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=1e-5)
    found.sum().backward()
    assert logits.grad is not None
    assert logits.grad.dtype == torch.bfloat16


def test_nan_stays_in_its_row() -> None:
    logits = torch.randn(3, 5)
    clean = chosen_log_probs(logits, torch.tensor([1, 2, 3]))
    logits[1, 4] = float("nan")
    found = chosen_log_probs(logits, torch.tensor([1, 2, 3]))
    assert found.isnan().tolist() == [False, True, False]
    assert torch.equal(found[[0, 2]], clean[[0, 2]])
