"""LoRA's products against autograd on the formula, and PEFT reading what is exported."""

import copy
import json
from pathlib import Path

import peft
import pytest
import torch

from tests.trainables.packing.packs import fields, run_pack
from tests.trainables.sft.trials import TOY, config, prepared
from trainables.evaluation.answer_loss import answer_loss
from trainables.models.load import Base, load_base
from trainables.packing.adapter import Site
from trainables.packing.lora import LoraProducts, Piece

TOKENS, IN, OUT = 7, 5, 6


def pieces(keep: bool) -> list[Piece]:
    """Two trials of rank 2 and 3; the last token belongs to neither."""
    generator = torch.Generator().manual_seed(0)
    made = []
    for r, start, end in ((2, 0, 4), (3, 4, 6)):
        a = torch.randn(r, IN, dtype=torch.float64, generator=generator)
        b = torch.randn(OUT, r, dtype=torch.float64, generator=generator)
        mask = torch.rand(end - start, IN, generator=generator) > 0.4 if keep else None
        site = Site(a, b, torch.zeros_like(a), torch.zeros_like(b))
        made.append(Piece(site, 0.5 * r, start, end, mask, 0.6 if keep else 1.0))
    return made


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("below", [False, True])
def test_values_and_gradients_are_those_of_the_formula(keep: bool, below: bool) -> None:
    x = torch.randn(1, TOKENS, IN, dtype=torch.float64)
    out = torch.randn(1, TOKENS, OUT, dtype=torch.float64)
    ours = pieces(keep)
    x1 = x.clone().requires_grad_(below)
    anchor = torch.zeros(1, requires_grad=True)
    result = LoraProducts.apply(out.clone(), x1, anchor, ours)

    x2 = x.clone().requires_grad_(below)
    weights = [(p.site.a.clone().requires_grad_(), p.site.b.clone().requires_grad_()) for p in ours]
    expected = out[0].clone()
    for p, (a, b) in zip(ours, weights, strict=True):
        rows = x2[0, p.start : p.end]
        if p.keep is not None:
            rows = rows * p.keep / 0.6
        expected[p.start : p.end] += p.scale * rows @ a.T @ b.T
    torch.testing.assert_close(result[0], expected, rtol=1e-13, atol=1e-13)

    upstream = torch.randn(1, TOKENS, OUT, dtype=torch.float64)
    result.backward(upstream)
    expected.backward(upstream[0])
    for p, (a, b) in zip(ours, weights, strict=True):
        torch.testing.assert_close(p.site.grad_a, a.grad, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(p.site.grad_b, b.grad, rtol=1e-12, atol=1e-12)
    if below:
        torch.testing.assert_close(x1.grad, x2.grad, rtol=1e-12, atol=1e-12)


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
