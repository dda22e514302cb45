"""Regularized trials: the gradient on a real model, training, resume, both engines."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load

from tests.trainables.packing.packs import double_base, largest_difference, run_pack
from tests.trainables.sft.test_resume import assert_goes_on
from tests.trainables.sft.trials import (
    TOY,
    checkpoints,
    config,
    pairs,
    prepared,
    run,
    token_rows_of,
    toy_tokenizer,
)
from trainables.context import Report
from trainables.data.prepared import Prepared
from trainables.models.load import load_base
from trainables.models.trained import named_trainable, opened
from trainables.packing.packable import unpackable
from trainables.regularizers import penalty as penalties
from trainables.regularizers.config import RegularizerConfig
from trainables.sft.config import SFTConfig

GENERAL = {"source": "toy:drugs"}
L2 = {"kind": "l2_start", "weight": 0.5}
EWC = {"kind": "ewc", "weight": 0.5, "data": GENERAL}
KINDS = {"l2_start": L2, "ewc": EWC}


@pytest.fixture(autouse=True)
def own_fisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainables.regularizers.fisher.cache_dir", lambda: tmp_path)


def data() -> Prepared:
    """Rows to train on, and others that must not be forgotten."""
    general = token_rows_of(pairs(50, 3), toy_tokenizer())
    return prepared()._replace(general=general, general_key="general")


def trial(regularizer: Any, whole: bool = False, **training: Any) -> SFTConfig:
    fields = {"max_steps": 6, "warmup_steps": 0, "regularizer": regularizer, **training}
    made = config(training=fields)
    return made.model_copy(update={"lora": None}) if whole else made


@pytest.mark.parametrize("name", KINDS)
def test_the_gradient_is_autograds_of_what_peft_adds_to_the_weights(name: str) -> None:
    base, wanted = load_base(TOY, "cpu"), RegularizerConfig.model_validate(KINDS[name])
    with opened(base, config(lora={"modules_to_save": ["lm_head"]}).lora, 0) as model:
        start = model.get_submodule("base_model.model.lm_head").original_module.weight
        penalty = penalties.penalty_of(wanted, base, model, data().general)
        parameters = named_trainable(model)
        torch.manual_seed(1)
        for p in parameters.values():
            p.data.add_(torch.randn_like(p), alpha=0.1)
            p.grad = torch.ones_like(p)
        found = penalty.add(loss_scale=8.0)
        importance = _importances(penalty, name)
        expected = torch.zeros(())
        for path, layer in model.named_modules():
            if hasattr(layer, "get_delta_weight"):
                a, b = (part["default"].weight for part in (layer.lora_A, layer.lora_B))
                # by PEFT's own scale
                moved = layer.scaling["default"] * b @ a
                assert torch.allclose(moved, layer.get_delta_weight("default"))
                own = importance[path.removeprefix("base_model.model.")]
                expected = expected + 0.25 * (own * moved.square()).sum()
        (head,) = (p for n, p in parameters.items() if "lm_head" in n)
        (own,) = (f for n, f in importance.items() if "lm_head" in n)
        expected = expected + 0.25 * (own * (head - start).square()).sum()
        assert found == pytest.approx(expected.item(), rel=1e-5)
        assert found > 0
        slopes = torch.autograd.grad(expected, list(parameters.values()))
        for p, slope in zip(parameters.values(), slopes, strict=True):
            assert p.grad is not None
            assert torch.allclose(p.grad, 1 + 8 * slope, rtol=1e-4, atol=1e-5)


def _importances(penalty: penalties.Penalty, name: str) -> Any:
    """F by layer; 1 for L2."""
    if name == "l2_start":
        return _Ones()
    saved = list((penalties.kept.__globals__["cache_dir"]() / "fisher").glob("*.safetensors"))
    return load(saved[0].read_bytes())


class _Ones(dict[str, float]):
    def __getitem__(self, _: str) -> float:
        return 1.0

    def items(self) -> Any:
        return [("lm_head", 1.0)]


def test_no_gradient_of_the_loss_no_penalty() -> None:
    base = load_base(TOY, "cpu")
    with opened(base, None, 0) as model:
        penalty = penalties.penalty_of(RegularizerConfig.model_validate(L2), base, model, None)
        for p in model.parameters():
            p.data.add_(0.1)
            p.grad = torch.zeros_like(p)
        assert penalty.add() > 0
        assert not any(p.grad is not None and p.grad.any() for p in model.parameters())


def moved(reports: list[Report]) -> float:
    """How far the last checkpoint is from the base model: ‖w - w₀‖."""
    last = [r.checkpoint for r in reports if r.checkpoint][-1]
    assert last
    own = dict(load_base(TOY, "cpu").model.named_parameters())
    weights = load(last.adapter)
    if set(weights) == set(own):
        return math.sqrt(sum(float((weights[n] - own[n]).square().sum()) for n in own))
    stems = {name.rsplit(".lora_", 1)[0] for name in weights}
    products = (weights[f"{s}.lora_B.weight"] @ weights[f"{s}.lora_A.weight"] for s in stems)
    return math.sqrt(sum(float(p.square().sum()) for p in products))


@pytest.mark.parametrize("whole", [False, True], ids=["lora", "all weights"])
@pytest.mark.parametrize("name", KINDS)
def test_it_holds_the_model_near_its_base(name: str, whole: bool) -> None:
    free = run(trial(None, whole), data=data())
    held = run(trial({**KINDS[name], "weight": 100.0}, whole), data=data())
    assert moved(held) < 0.9 * moved(free)
    # the first step starts at the base: no penalty, and the loss is that of the data
    first, other = held[0].metrics, free[0].metrics
    assert first["penalty"] == 0
    assert first["train_loss"] == other["train_loss"]
    assert "penalty" not in other
    later = [r.metrics["penalty"] for r in held if "penalty" in r.metrics][1:]
    assert all(value > 0 for value in later)


def test_the_training_loss_is_the_datas() -> None:
    """A penalty so small that it changes nothing must not be in the reported loss either."""
    free = run(trial(None), data=data())
    tiny = run(trial({**L2, "weight": 1e-12}), data=data())
    assert tiny[-1].metrics["train_loss"] == pytest.approx(free[-1].metrics["train_loss"], rel=1e-6)


@pytest.mark.parametrize("whole", [False, True], ids=["lora", "all weights"])
def test_resume_is_bit_identical(whole: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rough = {"gradient_accumulation_steps": 2, "per_device_train_batch_size": 1}
    monkeypatch.setattr("tests.trainables.sft.trials.prepared", data)  # also for assert_goes_on
    wanted = trial(EWC, whole, **rough)
    reports = run(wanted)
    # from here on the cached Fisher information is read
    monkeypatch.setattr(penalties, "fisher", _refuse)
    for number in checkpoints(reports):
        assert_goes_on(wanted, reports, number)


def _refuse(*_: Any) -> None:
    raise AssertionError("the Fisher information is made once")


def test_a_packed_trial_is_the_trial_alone_and_the_isolated_one() -> None:
    wanted = trial({**L2, "weight": 20.0})
    others = {"free": trial(None, seed=3), "it": wanted, "held": trial(L2, seed=4)}
    together = run_pack(double_base(), others)
    alone = run_pack(double_base(), {"it": wanted})
    assert largest_difference(together["it"], alone["it"]) < 1e-9
    isolated, packed = run(wanted), run_pack(load_base(TOY, "cpu"), {"it": wanted})["it"]
    assert largest_difference(isolated, packed) < 1e-4
    assert packed[-2].metrics["penalty"] > 0
    free = run_pack(double_base(), {"free": others["free"]})["free"]
    assert largest_difference(together["free"], free) < 1e-9


def test_what_is_packed() -> None:
    assert unpackable(trial(L2)) is None
    assert "EWC" in (unpackable(trial(EWC)) or "")
    assert unpackable(trial(None, whole=True)) == "all weights are trained"


@pytest.mark.parametrize(
    ("regularizer", "says"),
    [
        ({"kind": "ewc", "weight": 1.0}, "add data"),
        ({"kind": "l2_start", "weight": 1.0, "data": GENERAL}, "remove data"),
        ({"kind": "l2_start", "weight": 0.0}, "greater than 0"),
        ({"kind": "l1", "weight": 1.0}, "l2_start"),
    ],
)
def test_bad_sections(regularizer: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        trial(regularizer)


def test_dora_is_refused() -> None:
    with pytest.raises(ValueError, match="not defined for DoRA"):
        config(lora={"use_dora": True}, training={"regularizer": L2})
