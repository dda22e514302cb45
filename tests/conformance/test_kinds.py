"""Every kind of trial, every metric, every preset."""

import json
from pathlib import Path
from typing import get_args

import pytest

from sweeps.launch.on_ray import read_spec
from sweeps.planning.plan import make_plan
from sweeps.presets.find import description, presets
from sweeps.reading.loading import load_spec
from sweeps.spec.sections import SweepSpec
from sweeps.tune.trial_thread import trainer
from trainables.errors import InputError
from trainables.evaluation.config import MetricFamily
from trainables.evaluation.metric_names import BENCHMARK_OF, METRICS, UNSEEN, reported
from trainables.kinds import KINDS, TRAIN, trial_config

DRUGS = {"data": {"source": "toy:drugs"}}
OWN = {
    "sft": DRUGS,
    "reward": DRUGS,
    "ppo": DRUGS,
    "grpo": DRUGS,
    "dpo": DRUGS,
    "staged": {"stages": [{"name": "a", **DRUGS}, {"name": "b", **DRUGS}]},
}
LEAST = {kind: {"model": {"name_or_path": "toy:llama"}, **own} for kind, own in OWN.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kinds_configuration_survives_json(kind: str) -> None:
    config = KINDS[kind].model_validate({"kind": kind, **LEAST[kind]})
    text = json.dumps(config.model_dump(mode="json"), allow_nan=False)
    assert KINDS[kind].model_validate(json.loads(text)) == config
    assert config.kind == kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_kinds_configuration_is_frozen_and_closed(kind: str) -> None:
    config = KINDS[kind].model_validate({"kind": kind, **LEAST[kind]})
    with pytest.raises(ValueError, match="frozen"):
        config.kind = "other"  # type: ignore[assignment]
    with pytest.raises(ValueError, match="name_or_pat\n"):
        KINDS[kind].model_validate({**LEAST[kind], "model": {"name_or_pat": "toy:llama"}})


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_read_back_from_a_run_folder(kind: str) -> None:
    config = trial_config({"kind": kind, **LEAST[kind]})
    assert type(config) is KINDS[kind]
    assert trial_config(config.model_dump(mode="json")) == config
    spec = SweepSpec.model_validate({"name": "x", "trial": config.model_dump(mode="json")})
    assert spec.trial == config


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_says_what_it_trains(kind: str) -> None:
    trials = trial_config({"kind": kind, **LEAST[kind]}).stage_trials
    assert [trial.data.source for trial in trials] == ["toy:drugs"] * len(trials)
    assert len(trials) >= 1


def test_an_unknown_kind_names_those_that_exist() -> None:
    with pytest.raises(InputError, match=f"no kind of trial.*{', '.join(KINDS)}"):
        trial_config({"kind": "stagd", **LEAST["sft"]})


@pytest.mark.parametrize("kind", TRAIN)
def test_a_kind_can_be_run(kind: str) -> None:
    assert callable(trainer(kind))
    assert set(KINDS) <= set(TRAIN)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_says_what_it_is(name: str) -> None:
    metric = METRICS[name]
    assert metric.mode in ("min", "max")
    assert metric.unit
    assert metric.title
    # a benchmark's metric is asked for by its own name
    own = {name} if name in BENCHMARK_OF else set()
    assert set(metric.families) <= {*get_args(MetricFamily), *own, UNSEEN}
    assert [m.title for m in METRICS.values()].count(metric.title) == 1


def test_every_family_reports_something() -> None:
    always = set(reported(()))
    for family in get_args(MetricFamily):
        assert set(reported((family,))) > always


@pytest.mark.parametrize("name", presets())
def test_a_preset_loads_and_can_be_planned(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path))
    loaded = load_spec(name, [])
    assert loaded.spec.name == name
    assert description(name)
    plan = make_plan(loaded.spec, False, lambda line: None)
    search = loaded.spec.search
    assert len(plan.samples) == min(5, search.num_trials - len(search.baselines))
    assert all(plan.space.contains(sample) for sample in plan.samples)


@pytest.mark.parametrize("name", presets())
def test_a_preset_survives_the_run_folder(name: str, tmp_path: Path) -> None:
    spec = load_spec(name, []).spec
    (tmp_path / "spec.resolved.json").write_text(json.dumps(spec.model_dump(mode="json")))
    assert read_spec(tmp_path) == spec
