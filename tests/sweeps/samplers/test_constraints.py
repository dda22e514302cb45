"""Samplers that can use the constraints of the spec suggest less that breaks them."""

from statistics import mean
from typing import Any

import pytest

from sweeps.control.proposer import Proposer
from sweeps.control.repeats import RepeatedProposer
from sweeps.planning.plan import make_plan
from sweeps.reading.loading import load_spec
from sweeps.samplers.constraints import BARELY, DEAF, HEARING, UNMEASURED, excess, unheard
from sweeps.samplers.registry import OPTUNA, SEQUENCES
from sweeps.spec.bounds import bound
from tests.sweeps.samplers.spaces import RANGES, proposer_of

SELECTION = {"constraints": ["kl <= 0.3", "minutes < 8"]}
LEARNING = ["tpe", "cmaes", pytest.param("gp", marks=pytest.mark.slow)]
TRIALS, SEEDS = 30, range(6)


def metrics(values: dict[str, Any]) -> dict[str, float]:
    """The lower the loss, the more KL: what is sought lies beyond the constraint."""
    loss = (values["x"] - 0.9) ** 2 + (values["y"] - 1.5) ** 2 / 10
    return {"val_loss": loss, "kl": values["x"], "minutes": 4.0}


def end(proposer: Proposer, number: int, values: dict[str, Any], fails: bool = False) -> None:
    """As the sweep tells it; `fails`: what is far out cannot be trained besides."""
    if fails and values["y"] < 0.2:
        proposer.tell(number, "failed", None, {})
        return
    found = metrics(values)
    bounds = proposer.search.selection.bounds
    proposer.tell(number, "complete", [found["val_loss"]], {}, excess(bounds, found))


def infeasible(sampler: str, seed: int, constrained: bool = True, fails: bool = False) -> float:
    """The share of the second half of the trials that breaks the constraint."""
    selection = {"selection": SELECTION} if constrained else {}
    proposer = proposer_of(RANGES, sampler, seed=seed, num_trials=TRIALS, **selection)
    broken = []
    for number in range(1, TRIALS + 1):
        values = proposer.propose(number, 0)
        assert values is not None
        broken.append(values["x"] > 0.3)
        end(proposer, number, values, fails)
    return mean(broken[TRIALS // 2 :])


def share(sampler: str, **how: bool) -> float:
    return mean(infeasible(sampler, seed, **how) for seed in SEEDS)


@pytest.mark.parametrize("sampler", LEARNING)
@pytest.mark.parametrize("fails", [False, True])
def test_the_share_of_infeasible_suggestions_falls(sampler: str, fails: bool) -> None:
    """What is sought lies beyond the bound, so that the best of what keeps it lies at it."""
    unheard = share(sampler, constrained=False, fails=fails)
    assert unheard > share("random")
    assert share(sampler, fails=fails) < unheard * 2 / 3


@pytest.mark.parametrize("sampler", LEARNING)
def test_after_resume_too(sampler: str) -> None:
    whole: list[dict[str, Any]] = []
    proposer = proposer_of(RANGES, sampler, selection=SELECTION)
    for number in range(1, 21):
        values = proposer.propose(number, 0)
        assert values is not None
        whole.append(values)
        end(proposer, number, values, fails=True)
    restored = proposer_of(RANGES, sampler, selection=SELECTION)
    for number, values in enumerate(whole[:16], 1):
        restored.adopt(number, values)
        end(restored, number, values, fails=True)
    assert any(values["x"] > 0.3 for values in whole[:16])
    for number in range(17, 21):
        assert restored.propose(number, 0) == whole[number - 1]
        end(restored, number, whole[number - 1], fails=True)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_several_objectives(sampler: str) -> None:
    goals = [{"metric": "val_loss", "mode": "min"}, {"metric": "rouge1", "mode": "max"}]
    proposer = proposer_of(RANGES, sampler, objective=goals, selection=SELECTION, num_trials=20)
    broken = []
    for number in range(1, 21):
        values = proposer.propose(number, 0)
        assert values is not None
        broken.append(values["x"] > 0.3)
        found, bounds = metrics(values), proposer.search.selection.bounds
        told = [found["val_loss"], values["y"]]
        proposer.tell(number, "complete", told, {}, excess(bounds, found))
    assert mean(broken[10:]) < mean(broken[:10])


def test_each_constraint_counts_in_shares_of_its_limit() -> None:
    bounds = [bound("kl <= 0.1"), bound("gpu_peak_gb < 24"), bound("bleu >= 0.2")]
    found = excess(bounds, {"kl": 0.15, "gpu_peak_gb": 24.0})
    assert found == {
        "kl <= 0.1": pytest.approx(0.5),
        "gpu_peak_gb < 24": BARELY,  # at the limit of a strict bound
        "bleu >= 0.2": UNMEASURED,
    }
    assert excess([bound("kl <= 0")], {"kl": 0.5}) == {"kl <= 0": 0.5}
    assert excess(bounds[:1], {"kl": 0.05})["kl <= 0.1"] == pytest.approx(-0.5)


def test_of_seeds_the_mean_is_told() -> None:
    told: list[Any] = []
    search = proposer_of(RANGES, "tpe", selection=SELECTION, seeds=[1, 2]).search
    repeated = RepeatedProposer(search, proposer_of(RANGES, "tpe").whole, [{"s": 1}, {"s": 2}])
    repeated.inner.tell = lambda *values: told.append(values)  # type: ignore[method-assign]
    repeated.adopt(1, {"x": 0.1, "y": 1.0, "s": 1})
    repeated.adopt(2, {"x": 0.1, "y": 1.0, "s": 2})
    repeated.tell(1, "complete", [1.0], {}, {"kl <= 0.3": -0.5})
    repeated.tell(2, "complete", [2.0], {}, {"kl <= 0.3": 1.5})
    repeated.adopt(3, {"x": 0.2, "y": 1.0, "s": 1})
    repeated.tell(3, "failed", None, {})
    assert told[0] == (1, "complete", [1.5], {}, {"kl <= 0.3": 0.5})


@pytest.mark.parametrize("sampler", sorted(DEAF))
def test_a_sampler_that_cannot_hear_them_is_named_in_the_plan(sampler: str) -> None:
    search = proposer_of(RANGES, sampler, selection=SELECTION).search
    assert f"the sampler {sampler} learns nothing from results" in unheard(search)
    assert unheard(proposer_of(RANGES, sampler).search) == ""
    assert unheard(proposer_of(RANGES, "tpe", selection=SELECTION).search) == ""


def test_every_sampler_hears_or_is_named() -> None:
    assert {*HEARING, *DEAF} == {*OPTUNA, *SEQUENCES}


def test_the_plan_says_it() -> None:
    spec = load_spec("toy").spec
    selection = spec.search.selection.model_copy(update={"constraints": ("minutes <= 5",)})
    search = spec.search.model_copy(update={"selection": selection, "sampler": "random"})
    plan = make_plan(spec.model_copy(update={"search": search}), prepare=False, progress=print)
    assert any("the sampler random learns nothing" in warning for warning in plan.warnings)
