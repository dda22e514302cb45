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


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize(("window", "softcap"), [(3, None), (None, 0.5), (2, 0.5), (50, None)])
def test_sliding_windows_and_capped_scores(
    window: int | None, softcap: float | None, grad: bool
) -> None:
    torch.manual_seed(0)
    lengths = [5, 9, 2, 12]
    ours = [torch.randn(1, h, sum(lengths), WIDTH, dtype=torch.float64) for h in (HEADS, 2, 2)]
    layout = Layout([LayoutPart(SimpleNamespace(), 28)], Groups(lengths, torch.device("cpu")))  # type: ignore[arg-type]
    with active(layout), torch.set_grad_enabled(grad):
        out, _ = attend(None, *ours, scaling=0.3, sliding_window=window, softcap=softcap)
    expected = []
    for q, k, v in zip(*(x[0].split(lengths, 1) for x in ours), strict=True):
        k, v = (x.repeat_interleave(2, dim=0) for x in (k, v))
        scores = 0.3 * q @ k.transpose(1, 2)
        if softcap:
            scores = softcap * torch.tanh(scores / softcap)
        places = torch.arange(q.shape[1])
        apart = places[:, None] - places
        seen = (apart >= 0) & (apart < (window or 100))
        expected.append(scores.masked_fill(~seen, -torch.inf).softmax(-1) @ v)
    torch.testing.assert_close(out[0], torch.cat(expected, 1).transpose(0, 1))


def test_a_window_is_counted_from_where_a_branch_goes_on() -> None:
    # a trunk of three tokens, then branches of two and of three
    groups = Groups([8], torch.device("cpu"), [[0, 0, 0, 1, 1, 2, 2, 2]])
    (mask,) = groups.within(2)
    assert mask is not None
    seen = [row.nonzero()[:, 0].tolist() for row in mask[0, 0]]
    assert seen == [[0], [0, 1], [1, 2], [2, 3], [3, 4], [2, 5], [5, 6], [6, 7]]
    assert groups.within(None) is groups.masks
