"""Stages of several kinds: what each takes over from those before, and what a resume needs."""

from typing import Any, get_args

import pytest
from safetensors.torch import load

from tests.trainables.sft.trials import checkpoints
from tests.trainables.staged.pipelines import STAGES, pipeline, prepared, run, run_alone
from tests.trainables.staged.trials import timeless
from trainables.context import ListContext, Report
from trainables.data.token_rows import TokenRows
from trainables.evaluation.measure import measure_loss
from trainables.kinds import KINDS
from trainables.models import load as loading
from trainables.models.adapters import adapted, restore
from trainables.models.load import device_now, load_base
from trainables.reward_model.head import HEAD
from trainables.saved import Checkpoint, SavedAdapter
from trainables.staged.config import OneStage, StagedConfig
from trainables.staged.data import together
from trainables.staged.train import train
from trainables.training.config import SingleTrial

WHOLE = ("sft", "reward", "ppo")
LONG = (*WHOLE, "sft", "ppo")


@pytest.fixture(scope="module")
def whole(toy_cache: None) -> list[Report]:
    loading._warm.clear()
    return run(pipeline(*WHOLE))


def started(reports: list[Report], stage: str) -> Checkpoint:
    """What a stage was handed over."""
    saved = checkpoints(reports).values()
    return next(c for c in saved if c.state["stage"] == stage and c.state["stage_step"] == 0)


def best_of(reports: list[Report]) -> SavedAdapter:
    return [r.adapter for r in reports if r.adapter][-1]


def own_metrics(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record["metrics"].items() if name != "minutes"}


def test_each_stage_is_the_trial_of_its_kind_that_starts_there(whole: list[Report]) -> None:
    trial, data = pipeline(*WHOLE), prepared(*WHOLE)
    start: Checkpoint | None = None
    policy = reward_model = None
    for place, kind in enumerate(WHOLE):
        alone = run_alone(trial, place, start, data.stages[place])
        record = whole[-1].facts["stages"][place]
        assert own_metrics(record) == own_metrics({"metrics": alone[-1].metrics})
        assert (record["kind"], record["steps"]) == (kind, alone[-1].step)
        if kind == "reward":
            reward_model = best_of(alone)
        else:
            policy = best_of(alone)
        frozen = {"reward_model": reward_model} if reward_model else {}
        state = {"step": 0, "updates": 0, "scaler": None}
        start = Checkpoint(policy.weights, b"", state, frozen=frozen)
    assert best_of(whole) == policy
    assert whole[-1].metrics["reward_reward_model"] == alone[-1].metrics["reward_reward_model"]


def test_the_policy_passes_a_reward_model_by(whole: list[Report]) -> None:
    before, after = started(whole, "reward"), started(whole, "ppo")
    assert after.adapter == before.adapter
    assert list(after.frozen) == ["reward_model"]
    found = after.frozen["reward_model"]
    assert HEAD in load(found.weights)
    assert found.config["task_type"] == "SEQ_CLS"
    of_stage = [r.adapter for r in whole if r.adapter and r.facts.get("stage") == "reward"]
    assert found == of_stage[-1]


def test_ppo_is_held_to_the_policy_that_it_starts_from(whole: list[Report]) -> None:
    start = started(whole, "ppo")
    later = [c for c in checkpoints(whole).values() if c.state["stage"] == "ppo"][1:]
    assert later
    for checkpoint in later:
        assert checkpoint.frozen["reference"].weights == start.adapter
        assert checkpoint.frozen["reward_model"] == start.frozen["reward_model"]


@pytest.fixture(scope="module")
def long(toy_cache: None) -> list[Report]:
    """Of stages some of whose kinds come twice."""
    loading._warm.clear()
    return _run(_named(LONG), LONG)


@pytest.mark.parametrize("kinds", [LONG, ("reward", "ppo")], ids="-".join)
def test_resume_from_every_checkpoint_is_bit_identical(
    kinds: tuple[str, ...], long: list[Report]
) -> None:
    trial = _named(kinds)
    loading._warm.clear()
    whole = long if kinds == LONG else _run(trial, kinds)
    for number, checkpoint in checkpoints(whole).items():
        again = _run(trial, kinds, checkpoint)
        assert [timeless(r) for r in again] == [timeless(r) for r in whole[number + 1 :]], number
        frozen = [_frozen(r) for r in again]
        assert frozen == [_frozen(r) for r in whole[number + 1 :]], number


def _frozen(report: Report) -> Any:
    return report.checkpoint and dict(report.checkpoint.frozen)


def _named(kinds: tuple[str, ...]) -> StagedConfig:
    """As `pipeline`, but that a kind can come twice."""
    content = pipeline(*dict.fromkeys(kinds)).model_dump(mode="json")
    by_kind = {stage["kind"]: stage for stage in content["stages"]}
    content["stages"] = [{**by_kind[kind], "name": f"{kind}{i}"} for i, kind in enumerate(kinds)]
    return StagedConfig.model_validate(content)


def _run(
    trial: StagedConfig, kinds: tuple[str, ...], checkpoint: Checkpoint | None = None
) -> list[Report]:
    context = ListContext(prepared(*kinds), checkpoint)
    train(trial, context)
    return context.reports


def test_a_later_ppo_stage_is_held_to_its_own_beginning(long: list[Report]) -> None:
    first, second = started(long, "ppo2"), started(long, "ppo4")
    assert first.adapter != second.adapter
    assert second.frozen == first.frozen  # the reward model, past two stages that need none
    last = list(checkpoints(long).values())[-1]
    assert last.frozen["reference"].weights == second.adapter


def test_where_no_stage_has_trained_a_policy_ppo_starts_from_its_own() -> None:
    """Equal to the PPO trial that starts fresh: an adapter that is zero is no adapter."""
    trial = pipeline("reward", "ppo")
    whole = run(trial)
    start = started(whole, "ppo")
    assert not any(t.any() for name, t in load(start.adapter).items() if "lora_B" in name)
    reward = run_alone(trial, 0, None, prepared("reward", "ppo").stages[0])
    assert start.frozen["reward_model"] == best_of(reward)


def test_a_reward_model_may_start_fresh(whole: list[Report]) -> None:
    fresh = pipeline("sft", "reward", "ppo", reward={"start": "fresh"})
    found, data = run(fresh), prepared(*WHOLE)
    alone = run_alone(fresh, 1, None, data.stages[1])
    assert started(found, "ppo").frozen["reward_model"] == best_of(alone)
    assert started(found, "ppo").adapter == started(whole, "ppo").adapter
    assert started(found, "ppo").frozen != started(whole, "ppo").frozen


def test_every_policy_is_measured_on_all_rows_and_no_policy_on_pairs(whole: list[Report]) -> None:
    sft, reward, ppo = whole[-1].facts["stages"]
    assert set(sft["val_losses"]) == set(ppo["val_losses"]) == {"sft", "ppo"}
    assert reward["val_losses"] == {}
    assert 0 <= reward["metrics"]["pairwise_accuracy"] <= 1
    assert ppo["val_losses"]["ppo"] == whole[-1].metrics["val_loss"]
    # the loss on the first stage's rows is that of the last policy, by what measures SFT trials
    rows = prepared(*WHOLE).stages[0].validation
    assert ppo["val_losses"]["sft"] == pytest.approx(loss_of(best_of(whole), rows), rel=1e-6)


def loss_of(policy: SavedAdapter, rows: TokenRows) -> float:
    trial = pipeline(*WHOLE)
    with adapted(load_base(trial.model, device_now()), trial.lora, 0) as model:
        restore(model, policy.weights)
        model.eval()
        return measure_loss(model, rows, trial.evaluation).metrics["val_loss"]


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [("sft", "dpo"), ("sft", "reward", "grpo")], ids="-".join)
def test_kinds_of_other_trainers_resume_too(kinds: tuple[str, ...]) -> None:
    trial = pipeline(*kinds)
    loading._warm.clear()
    whole = run(trial)
    assert [stage["kind"] for stage in whole[-1].facts["stages"]] == list(kinds)
    for number, checkpoint in checkpoints(whole).items():
        again = run(trial, checkpoint)
        assert [timeless(r) for r in again] == [timeless(r) for r in whole[number + 1 :]], number


def test_pairs_go_whole_where_another_stage_holds_a_row_back() -> None:
    rows, pairs = prepared("sft", "reward").stages
    held = rows._replace(validation=pairs.train.take([5]))
    report = {"dropped": {}, "kept": {}, "tokens": {}}
    found = together(("a", "b"), [held, pairs._replace(report=report)], ["b"]).stages[1]
    assert len(found.train) == len(pairs.train) - 2
    kept = [row for row in range(len(pairs.train)) if row not in (4, 5)]
    assert found.train.references == [pairs.train.references[row] for row in kept]
    assert found.report["dropped"] == {"other_stage": 1}
    assert found.report["kept"]["train"] == len(kept) // 2


@pytest.mark.parametrize(
    ("kinds", "changes", "message"),
    [
        (("sft", "ppo"), {}, r"stages\.1\.reward\.weights: asks a reward model"),
        (("ppo", "reward"), {}, r"stages\.0\.reward\.weights: asks a reward model"),
        (
            WHOLE,
            {"ppo": {"reward": {"weights": {"safety": 1}, "model": {"adapter_name_or_path": "x"}}}},
            r"stages\.2\.reward\.model: is for trials without stages",
        ),
    ],
)
def test_a_reward_model_comes_from_a_stage_before(
    kinds: tuple[str, ...], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        pipeline(*kinds, **changes)


def test_every_kind_that_trains_one_thing_can_be_a_stage() -> None:
    found = {stage.model_fields["kind"].default: stage for stage in get_args(OneStage)}
    singles = {name: kind for name, kind in KINDS.items() if issubclass(kind, SingleTrial)}
    assert set(found) == set(singles) == set(KINDS) - {"staged"}
    assert set(found) == set(STAGES)
    for name, kind in singles.items():
        own = set(kind.model_fields) - {"model", "lora", "evaluation"}
        assert own <= set(found[name].model_fields)
