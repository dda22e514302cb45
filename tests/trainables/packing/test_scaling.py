"""Float16 in a pack: the loss scale is torch's, changes no result, and skips what overflows."""

import copy
import json
import math

import pytest
import torch

from tests.trainables.packing.packs import fields, largest_difference, run_pack
from tests.trainables.sft.trials import TOY, checkpoints, config, prepared
from trainables.context import ListContext
from trainables.models.load import Base, load_base
from trainables.packing.pack import Pack
from trainables.packing.scaling import LossScale

PLAIN = config(training=fields(max_steps=8, learning_rate=1e-2), lora=fields(lora_dropout=0.1))
SCALED = config(
    training=fields(max_steps=8, learning_rate=1e-2, fp16=True), lora=fields(lora_dropout=0.1)
)


def test_the_scale_is_torchs() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.0)
    theirs, ours = torch.amp.GradScaler("cpu"), LossScale()
    for step in range(4200):
        finite = step not in (0, 5, 6, 2100)
        theirs.scale(parameter.sum()).backward()
        parameter.grad = torch.tensor([1.0 if finite else math.inf])
        theirs.step(optimizer)
        theirs.update()
        ours.update(finite)
        assert ours.scale == theirs.get_scale()
    assert ours.state_dict() == theirs.state_dict()
    again = LossScale()
    again.load_state_dict(json.loads(json.dumps(theirs.state_dict())))
    assert again.state_dict() == ours.state_dict()


def test_scaling_changes_nothing(double: Base) -> None:
    plain, scaled = run_pack(double, {"a": PLAIN})["a"], run_pack(double, {"a": SCALED})["a"]
    assert largest_difference(plain, scaled) < 1e-12
    saved = next(iter(checkpoints(scaled).values()))
    assert saved.state["scaler"]["scale"] == 65536


def test_a_resumed_trial_keeps_its_scale(double: Base) -> None:
    found = checkpoints(run_pack(double, {"a": SCALED})["a"])
    saved = next(iter(found.values()))
    saved.state["scaler"] |= {"scale": 1024.0, "_growth_tracker": 7}
    rest = run_pack(double, {"a": SCALED, "b": PLAIN}, checkpoints={"a": saved})["a"]
    state = next(r.checkpoint.state for r in rest if r.checkpoint)["scaler"]
    done = next(r.step for r in rest if r.checkpoint) - saved.step
    assert (state["scale"], state["_growth_tracker"]) == (1024.0, 7 + done)


@pytest.mark.parametrize("spoilt", [math.inf, math.nan])
def test_an_update_that_overflows_is_skipped(double: Base, spoilt: float) -> None:
    pack = Pack(double, TOY)
    context = ListContext(prepared())
    pack.join("a", SCALED, context)
    trial = pack.trials["a"]
    rate = trial.scheduler.get_last_lr()
    before = trial.adapter.flat.detach().clone()
    gradient = trial.adapter.flat.grad
    assert gradient is not None
    gradient[3] = spoilt
    for _ in trial.batches:
        trial.batch_done(1.0, 0.1)
    trial.update()
    assert torch.equal(trial.adapter.flat.detach(), before)
    assert not gradient.any()
    assert (trial.progress.step, trial.progress.updates) == (1, 0)
    assert trial.scheduler.get_last_lr() == rate
    assert trial.scale == 32768
    assert "grad_norm" not in trial.progress.telemetry
    while pack.trials:
        assert all(ended.error is None for ended in pack.step())
    pack.close()
    assert context.reports[-1].final
    last = [r.checkpoint for r in context.reports if r.checkpoint][-1]
    assert last.state["updates"] == 7


def test_float16_trains_as_float32_does() -> None:
    base = load_base(TOY, "cpu")
    half = Base(copy.deepcopy(base.model).half(), base.tokenizer, base.folder, torch.float16)
    exact, found = (run_pack(b, {"a": SCALED})["a"][-1] for b in (base, half))
    wanted = exact.metrics["val_loss"]
    assert found.metrics["val_loss"] == pytest.approx(wanted, rel=5e-3)
