"""Every sampler draws factors; what it suggests, and what it takes back, are products."""

import os
from pathlib import Path
from typing import Any

import pytest

from search_spaces.space import build_space
from sweeps.control.repeats import proposer_of
from sweeps.samplers.registry import OPTUNA, SEQUENCES
from sweeps.spec.sections import SearchSpec
from tests.sweeps.fakes import Drive, FakePreparation, make_spec, make_sweep, parameters

TIED: dict[str, Any] = {
    "lora.r": {"values": [2, 4, 8, 16]},
    "lora.lora_alpha": {"times": "lora.r", "values": [1, 2, 4]},
    "training.learning_rate": {"values": [1e-4, 1e-3]},
}
CONTINUOUS = {
    "training.learning_rate": {
        "min": 1e-5, "max": 1e-3, "distribution": "log_uniform_values",
    },
    "training.weight_decay": {"times": "training.learning_rate", "min": 0.5, "max": 2.0},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.control.sweep.Preparation", FakePreparation)
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.mark.parametrize("sampler", sorted({*OPTUNA, *SEQUENCES, "random"}))
@pytest.mark.parametrize("searched", [TIED, CONTINUOUS])
def test_suggested_and_resumed(tmp_path: Path, sampler: str, searched: dict[str, Any]) -> None:
    if sampler == "grid" and searched is CONTINUOUS:
        return
    if sampler == "cmaes" and searched is TIED:
        return
    spec = make_spec(parameters=searched, sampler=sampler, num_trials=6)
    space = build_space(spec.search.parameters)
    Drive(make_sweep(spec, tmp_path), 1).run()
    ran = parameters(tmp_path)
    assert len(ran) == 6
    assert all(space.contains(values) for values in ran)
    assert len({str(values) for values in ran}) == 6
    again = make_sweep(spec, tmp_path)
    again.restore()
    study = again.proposer.study  # type: ignore[union-attr]
    if sampler in OPTUNA:
        factors = [t.params[next(iter(set(t.params) & set(space.ties)))] for t in study.trials]
        assert len(factors) == 6  # all were told again
        assert all(float(f) <= 4 for f in factors)


def test_a_learning_sampler_goes_on_as_uninterrupted() -> None:
    search = SearchSpec.model_validate({"parameters": TIED, "sampler": "tpe", "num_trials": 12})
    space = build_space(search.parameters)
    trial = make_spec().trial
    whole, rest = proposer_of(search, space), proposer_of(search, space)
    for number in range(1, 11):
        suggested = whole.next(number, trial)
        assert suggested is not None
        whole.tell(number, "complete", [float(number)], {})
        rest.adopt(number, suggested[1])
        rest.tell(number, "complete", [float(number)], {})
    assert whole.next(11, trial) == rest.next(11, trial)
