"""Attention of concatenated rows against the textbook formula, row by row."""

from types import SimpleNamespace

import pytest
import torch

from trainables.forward import attention
from trainables.forward.attention import attend, written_out
from trainables.forward.groups import Groups
from trainables.forward.layout import Layout, LayoutPart, active

HEADS, WIDTH = 4, 8


def textbook(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float) -> torch.Tensor:
    """softmax(scale q kᵀ + causal mask) v for one row; (heads, n, width)."""
    n = q.shape[1]
    k, v = (x.repeat_interleave(q.shape[0] // x.shape[0], dim=0) for x in (k, v))
    scores = scale * q @ k.transpose(1, 2)
    scores = scores.masked_fill(~torch.ones(n, n, dtype=torch.bool).tril(), -torch.inf)
    return scores.softmax(-1) @ v


@pytest.mark.parametrize("kv_heads", [4, 2, 1])
@pytest.mark.parametrize("lengths", [[5, 5, 5], [9], [3, 12, 1, 11, 4, 2], [1, 1]])
def test_each_row_attends_to_itself(lengths: list[int], kv_heads: int) -> None:
    torch.manual_seed(0)
    tokens = sum(lengths)
    shapes = [(1, h, tokens, WIDTH) for h in (HEADS, kv_heads, kv_heads)]
    ours = [torch.randn(s, dtype=torch.float64, requires_grad=True) for s in shapes]
    theirs = [x.detach().clone().requires_grad_() for x in ours]
    share = LayoutPart(SimpleNamespace(), tokens)  # type: ignore[arg-type]
    layout = Layout([share], Groups(lengths, torch.device("cpu")))
    with active(layout):
        out, _ = attend(None, *ours, scaling=0.3)
    expected = torch.cat(
        [
            textbook(*row, 0.3)
            for row in zip(*(x[0].split(lengths, 1) for x in theirs), strict=True)
        ],
        dim=1,
    ).transpose(0, 1)[None]
    torch.testing.assert_close(out, expected, rtol=1e-12, atol=1e-12)
    upstream = torch.randn_like(out)
    out.backward(upstream)
    expected.backward(upstream)
    for mine, reference in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, reference.grad, rtol=1e-11, atol=1e-12)


def test_groups_hold_every_token_once_and_little_padding() -> None:
    lengths = [3, 120, 7, 110, 8, 64, 3]
    padded = Groups(lengths, torch.device("cpu")).padded
    x = torch.arange(1, sum(lengths) + 1)
    batches = padded.gradients(x)
    assert torch.cat([batch[batch > 0] for batch in batches]).sort().values.equal(x)
    assert sum(batch.numel() for batch in batches) <= sum(lengths) / 0.75
    assert padded.tokens(batches).equal(x)


@pytest.mark.parametrize("branching", [False, True])
def test_written_out_as_fused(branching: bool) -> None:
    torch.manual_seed(1)
    q, k, v = (torch.randn(3, h, 7, WIDTH, dtype=torch.float64) for h in (HEADS, 2, 2))
    mask = torch.rand(3, 1, 7, 7) < 0.5 if branching else torch.ones(3, 1, 7, 7, dtype=torch.bool)
    mask = mask.tril() | torch.eye(7, dtype=torch.bool)
    found = written_out(q, k, v, mask if branching else None, None)
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v, mask, enable_gqa=True)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_long_rows_and_no_gradients_are_fused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(attention, "written_out", refuse)
    for length, gradients in ((attention.WRITTEN_OUT + 1, True), (4, False)):
        layout = Layout(
            [LayoutPart(SimpleNamespace(), length)],  # type: ignore[arg-type]
            Groups([length], torch.device("cpu")),
        )
        with active(layout), torch.set_grad_enabled(gradients):
            attend(None, *(torch.randn(1, 1, length, WIDTH) for _ in "qkv"))
