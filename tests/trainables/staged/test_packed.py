"""Trials in stages in a pack are what they are alone, in either engine."""

import math
from collections.abc import Mapping

import pytest

from tests.trainables.packing.packs import double_base, fields, largest_difference, run_pack
from tests.trainables.sft.trials import TOY, checkpoints
from tests.trainables.sft.trials import config as sft
from tests.trainables.staged.pipelines import pipeline, prepared, run
from tests.trainables.staged.trials import timeless
from trainables.context import ListContext, Report
from trainables.data.prepared import Prepared
from trainables.models.load import Base, device_now, load_base
from trainables.packing.pack import Pack
from trainables.packing.packable import unpackable
from trainables.saved import TrialFailed
from trainables.staged.config import StagedConfig

KINDS = ("sft", "reward", "ppo")
LONGER = {"per_device_train_batch_size": 2, "max_length": 96, "num_train_epochs": 2, "seed": 5}
TRIALS: Mapping[str, StagedConfig] = {
    "first": pipeline(*KINDS),
    "longer": pipeline(*KINDS, sft={"training": LONGER}),
    "last": pipeline("sft", "ppo", ppo={"reward": {"weights": {"brevity": 1}}}),
}

SUPERVISED = sft(training=fields(seed=9))


@pytest.fixture(scope="module")
def double(toy_cache: None) -> Base:
    return double_base()


def data() -> dict[str, Prepared]:
    return {name: prepared(*(s.kind for s in trial.stages)) for name, trial in TRIALS.items()}


@pytest.fixture(scope="module")
def alone(double: Base) -> dict[str, list[Report]]:
    trials = {**TRIALS, "sft": SUPERVISED}
    return {name: run_pack(double, {name: trial}, data())[name] for name, trial in trials.items()}


@pytest.mark.parametrize("order", [list(TRIALS), list(TRIALS)[::-1]])
def test_packed_is_alone(double: Base, alone: dict[str, list[Report]], order: list[str]) -> None:
    """Stages of different kinds share the base's calls; a trial without stages may be there too."""
    trials = {name: TRIALS[name] for name in order} | {"sft": SUPERVISED}
    found = run_pack(double, trials, data(), joins={"last": 2})
    for name in trials:
        assert largest_difference(found[name], alone[name]) < 1e-9
        assert found[name][-1].predictions == alone[name][-1].predictions
    for name, trial in TRIALS.items():
        stages = found[name][-1].facts["stages"]
        assert [s["name"] for s in stages] == [s.name for s in trial.stages]


def test_it_is_the_isolated_engines(toy_cache: None) -> None:
    """In float32: the same steps, losses and rewards after every stage, on the rows of all."""
    isolated = run(TRIALS["first"])
    base = load_base(TOY, device_now())
    packed = run_pack(base, {"first": TRIALS["first"]}, data())["first"]
    assert [(r.step, r.rung) for r in packed] == [(r.step, r.rung) for r in isolated]
    stages = (reports[-1].facts["stages"] for reports in (packed, isolated))
    for one, other in zip(*stages, strict=True):
        assert one["steps"] == other["steps"]
        assert one["val_losses"].keys() == other["val_losses"].keys()
        assert one["val_losses"] == pytest.approx(other["val_losses"], rel=1e-4)
        own, wanted = ({**s["metrics"], "minutes": 0} for s in (one, other))
        assert own == pytest.approx(wanted, rel=1e-3, abs=1e-4)


def test_resume_from_every_checkpoint_is_bit_identical(
    double: Base, alone: dict[str, list[Report]]
) -> None:
    trial, whole = {"first": TRIALS["first"]}, alone["first"]
    saved = checkpoints(whole)
    assert {c.state["stage"] for c in saved.values()} == set(KINDS)
    for number, checkpoint in saved.items():
        again = run_pack(double, trial, data(), {"first": checkpoint})["first"]
        assert [timeless(r) for r in again] == [timeless(r) for r in whole[number + 1 :]], number


def test_a_broken_stage_ends_its_trial_alone_and_is_named(double: Base) -> None:
    def together(poison: float | None) -> list[Report]:
        pack = Pack(double, TOY)
        contexts = {name: ListContext(prepared(*KINDS)) for name in ("whole", "broken")}
        for name, context in contexts.items():
            pack.join(name, TRIALS["first"], context)
        while pack.trials["broken"].config.kind == "sft":
            pack.step()
        if poison is None:
            pack.leave("broken")
        else:
            pack.trials["broken"].adapter.flat.data.fill_(poison)
            pack.trials["broken"].adapter.refresh()
        ended = []
        while pack.trials:
            ended += pack.step()
        pack.close()
        if poison is not None:
            assert [left.name for left in ended] == ["broken", "whole"]
            assert isinstance(ended[0].error, TrialFailed)
            assert "stage reward: " in str(ended[0].error)
        return contexts["whole"].reports

    clean, beside = together(None), together(math.nan)
    assert [timeless(r) for r in beside][-4:] == [timeless(r) for r in clean][-4:]


def test_a_trial_stopped_within_a_stage_trains_no_other(double: Base) -> None:
    pack = Pack(double, TOY)
    context = ListContext(prepared(*KINDS), stop_after=1)
    pack.join("a", TRIALS["first"], context)
    ended = []
    while pack.trials:
        ended += pack.step()
    pack.close()
    assert ended == [("a", None)]
    assert len(context.reports) == 1


def test_stages_of_kinds_that_do_not_pack_are_named() -> None:
    assert unpackable(TRIALS["first"]) is None
    reason = unpackable(pipeline("sft", "dpo"))
    assert reason == "trials of kind dpo train one at a time (stage dpo)"
