"""Benchmarks in a spec: as objectives, and what is told of mistakes before anything starts."""

from pathlib import Path

import pytest

from sweeps.reading.loading import load_spec
from sweeps.spec.errors import SpecError
from sweeps.spec.sections import SweepSpec


def load(*overrides: str) -> SweepSpec:
    return load_spec("toy", [*overrides, "search.early_stopping.metric=val_loss"]).spec


def problems(*overrides: str) -> str:
    with pytest.raises(SpecError) as told:
        load(*overrides)
    return "\n".join(map(str, told.value.problems))


def test_a_benchmark_s_metric_can_be_the_objective() -> None:
    named = "trial.evaluation.benchmarks=[pubmedqa, {name: medqa, limit: 5, measures: [ece]}]"
    spec = load(named, "search.objective={metric: pubmedqa_accuracy, mode: max}")
    assert [benchmark.limit for benchmark in spec.trial.evaluation.benchmarks] == [None, 5]
    load(named, "search.objective={metric: medqa_ece, mode: min}")


def test_a_metric_that_is_not_measured_says_how_it_would_be() -> None:
    told = problems("search.objective={metric: medqa_accuracy, mode: max}")
    assert "is not measured by this trial" in told
    assert "Add {name: medqa, measures: [accuracy]} to trial.evaluation.benchmarks" in told


def test_mistakes(tmp_path: Path) -> None:
    assert "no such benchmark" in problems("trial.evaluation.benchmarks=[medqq]")
    twice = problems("trial.evaluation.benchmarks=[medqa, {name: medqa, limit: 2}]")
    assert "benchmarks has medqa twice" in twice
    missing = tmp_path / "none.csv"
    told = problems(f"trial.evaluation.benchmarks=[{{name: mmlu_medical, source: {missing}}}]")
    assert "trial.evaluation.benchmarks.0.source: does not exist" in told
