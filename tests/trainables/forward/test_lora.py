"""LoRA's products against autograd on the formula, and PEFT reading what is exported."""

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import peft
import pytest
import torch

from cluster.memory import stacked_bytes
from tests.trainables.packing.packs import fields, run_pack
from tests.trainables.sft.trials import TOY, config, prepared
from trainables.evaluation.answer_loss import answer_loss
from trainables.forward.adapter import AdapterSite
from trainables.forward.dropout import token_keys
from trainables.forward.layout import Layout, LayoutPart
from trainables.forward.lora import LoraProducts
from trainables.models.load import Base, load_base

IN, OUT, PATH = 5, 6, "layer"


class Made(NamedTuple):
    """What the products use of a packed adapter."""

    sites: dict[str, AdapterSite]
    scale: float
    dropout: float
    flat: torch.Tensor


def adapters(ranks: Sequence[int | None], dropout: float) -> list[Made]:
    """Random ones; None: one that does not adapt the module."""
    torch.manual_seed(0)
    made = []
    for n, r in enumerate(ranks):
        a, b = (torch.randn(*size, dtype=torch.float64) for size in ((r or 1, IN), (OUT, r or 1)))
        site = AdapterSite(a, b, torch.zeros_like(a), torch.zeros_like(b))
        scale = 0.5 * (n + 1)
        made.append(Made({PATH: site} if r else {}, scale, n * dropout, a))
    return made


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize("dropout", [0, 0.3])
@pytest.mark.parametrize(
    ("ranks", "counts", "bare"),
    [
        ([2], [4], False),
        ([2, 2, 2], [3, 3, 3], False),
        ([2, 3, 2], [3, 3, 3], False),
        ([2, 3, 1], [4, 2, 3], False),
        ([2, None, 3], [4, 2, 3], False),
        ([2, None, 3], [4, 2, 3], True),
        ([2, 20, 3, 17], [4, 2, 3, 1], False),
        ([None, 9, 9, 2], [1, 3, 3, 2], True),
    ],
)
def test_values_and_gradients_are_those_of_the_formula(
    ranks: list[int | None], counts: list[int], bare: bool, dropout: float, below: bool
) -> None:
    made = adapters(ranks, dropout)
    shares = [LayoutPart(a, n) for a, n in zip(made, counts, strict=True)]  # type: ignore[arg-type]
    if bare:
        shares = [
            share if share.adapter.sites else LayoutPart(None, share.units) for share in shares
        ]
    keys = torch.from_numpy(token_keys(0, 0, [(0, sum(counts))])) if dropout else None
    layout = Layout(shares, keys=keys)
    keep = layout.kept(PATH, IN)
    x, out, upstream = (torch.randn(1, sum(counts), n, dtype=torch.float64) for n in (IN, OUT, OUT))
    bundles = layout.bundles(PATH, sum(counts))
    x1 = x.clone().requires_grad_(below)
    anchor = torch.zeros(1, requires_grad=True)
    result = LoraProducts.apply(out.clone(), x1, anchor, PATH, bundles, keep)

    x2 = x.clone().requires_grad_(below)
    expected = out[0].clone()
    weights = {}
    for n, (adapter, start) in enumerate(zip(made, np.cumsum([0, *counts]), strict=False)):
        if not adapter.sites:
            continue
        own = slice(start, start + counts[n])
        a, b = (w.clone().requires_grad_() for w in adapter.sites[PATH][:2])
        rows = x2[0, own] if keep is None else x2[0, own] * keep[own] / (1 - adapter.dropout)
        expected[own] += adapter.scale * rows @ a.T @ b.T
        weights[n] = a, b
    torch.testing.assert_close(result[0], expected, rtol=1e-13, atol=1e-13)

    result.backward(upstream)
    expected.backward(upstream[0])
    for n, (a, b) in weights.items():
        site = made[n].sites[PATH]
        torch.testing.assert_close(site.grad_a, a.grad, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(site.grad_b, b.grad, rtol=1e-12, atol=1e-12)
    if below:
        torch.testing.assert_close(x1.grad, x2.grad, rtol=1e-12, atol=1e-12)


def test_ranks_of_other_sizes_do_not_pay_for_the_largest() -> None:
    made = adapters([8, 16, 128, 32, 100], 0)
    layout = Layout([LayoutPart(a, 2) for a in made])  # type: ignore[arg-type]
    found = [[len(a.sites[PATH].a) for a in b.adapters] for b in layout.bundles(PATH, 10)]
    assert found == [[8, 16], [128, 100], [32]]


@pytest.mark.parametrize("trials", [1, 3])
def test_the_copies_of_matrices_are_those_that_memory_is_planned_for(trials: int) -> None:
    made = adapters([4] * trials, 0)
    (bundle,) = Layout([LayoutPart(a, 2) for a in made]).bundles(PATH, 2 * trials)  # type: ignore[arg-type]
    lent = {made[0].sites[PATH].a.data_ptr(), made[0].sites[PATH].b.data_ptr()}
    copies = [m for m in bundle.matrices(PATH) if m.data_ptr() not in lent]
    planned = stacked_bytes(4 * (IN + OUT), 8, trials)
    assert sum(m.nbytes for m in copies) == planned


def test_a_nan_stays_in_its_trial() -> None:
    made = adapters([2, 2, 2], 0)
    layout = Layout([LayoutPart(a, n) for a, n in zip(made, [3, 2, 4], strict=True)])  # type: ignore[arg-type]
    x = torch.randn(1, 9, IN, dtype=torch.float64)
    x[0, 3] = torch.nan
    x.requires_grad_()
    result = LoraProducts.apply(
        torch.zeros(1, 9, OUT, dtype=torch.float64), x, None, PATH, layout.bundles(PATH, 9), None
    )
    result.backward(torch.ones_like(result) * torch.where(torch.isnan(result), torch.nan, 1.0))
    assert result[0].isnan().any(1).tolist() == [n == 3 for n in range(9)]
    assert x.grad is not None
    assert x.grad[0].isnan().any(1).tolist() == [n == 3 for n in range(9)]
    for n, adapter in enumerate(made):
        site = adapter.sites[PATH]
        assert site.grad_a is not None
        assert site.grad_b is not None
        assert site.grad_a.isnan().any() == site.grad_b.isnan().any() == (n == 1)


def test_peft_reads_what_a_packed_trial_exports(tmp_path: Path) -> None:
    base: Base = load_base(TOY, "cpu")
    trials = {
        "a": config(lora=fields(r=3, use_rslora=True, target_modules="all-linear")),
        "b": config(lora=fields(r=5), training=fields(seed=7)),
    }
    for name, reports in run_pack(base, trials).items():
        adapter = [r.adapter for r in reports if r.adapter][-1]
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_config.json").write_text(json.dumps(adapter.config))
        (tmp_path / name / "adapter_model.safetensors").write_bytes(adapter.weights)
        model = peft.PeftModel.from_pretrained(copy.deepcopy(base.model), tmp_path / name)
        loss = answer_loss(model.eval(), prepared().validation, 4096).metrics()
        assert loss["val_loss"] == pytest.approx(reports[-1].metrics["val_loss"], rel=1e-6)
    # the pack is gone: the base is as it was
    assert not any(m._forward_hooks for m in base.model.model.layers.modules())
