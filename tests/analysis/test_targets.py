"""Targets are met, not met or undecided by the metric's interval."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.best import write_best
from analysis.decision import decided
from analysis.runs import TrialView
from analysis.targets import judged
from sweeps.spec.bounds import bound
from tests.analysis import fixtures

ACCURACY = {"value": 0.78, "interval": [0.75, 0.81], "n": 500}
TRIAL = TrialView(
    trial="EXP-001",
    number=1,
    state="complete",
    metrics={"medqa_accuracy": 0.78, "rouge1": 0.3, "minutes": 4.0, "gpu_peak_gb": 20.0},
    benchmarks={"medqa": {"accuracy": ACCURACY}},
)


@pytest.mark.parametrize(
    ("target", "verdict", "said"),
    [
        ("medqa_accuracy >= 0.75", "met", "(95% interval 0.7500 to 0.8100; 500 questions)"),
        ("medqa_accuracy > 0.75", "undecided", "is 0.7800 (95% interval"),
        ("medqa_accuracy >= 0.8", "undecided", "Target medqa_accuracy >= 0.8: undecided; MedQA"),
        ("medqa_accuracy >= 0.9", "not met", "Target medqa_accuracy >= 0.9: not met;"),
        ("medqa_accuracy <= 0.9", "met", ""),
        ("gpu_peak_gb <= 24", "met", "GPU (GB) is 20.00."),
        ("minutes < 4", "not met", "Time (min) is 4.0."),
        ("rouge1 >= 0.1", "undecided", "ROUGE-1 is 0.3000, of which no interval is known."),
        ("bleu >= 0.1", "undecided", "undecided, since it was not measured."),
    ],
)
def test_the_whole_interval_decides(target: str, verdict: str, said: str) -> None:
    found = judged(TRIAL, bound(target))
    assert found.verdict == verdict
    assert said in found.told()


def test_repeats_have_student_s_interval() -> None:
    """Three seeds with mean 0.5 and a standard error of 0.01: 0.5 ± 4.303 x 0.01."""
    mean = replace(TRIAL, metrics={"val_loss": 0.5}, repeats=3, errors={"val_loss": 0.01})
    found = judged(mean, bound("val_loss <= 0.55"))
    assert found.interval == pytest.approx((0.5 - 0.04303, 0.5 + 0.04303), abs=1e-5)
    assert (found.verdict, found.of) == ("met", "3 repeats")
    assert judged(mean, bound("val_loss <= 0.54")).verdict == "undecided"


def test_seeds_that_agree_make_no_questions_sure() -> None:
    """Three seeds alike on 500 questions are as sure as 500 questions, not surer; seeds add."""
    alike = replace(TRIAL, repeats=3, errors={"medqa_accuracy": 0.0})
    found = judged(alike, bound("medqa_accuracy >= 0.77"))
    assert found.interval == pytest.approx((0.75, 0.81), abs=1e-3)
    assert (found.verdict, found.of) == ("undecided", "500 questions")
    apart = judged(replace(alike, errors={"medqa_accuracy": 0.02}), bound("medqa_accuracy >= 0.75"))
    assert apart.of == "3 repeats, 500 questions"
    assert apart.interval is not None
    assert apart.interval[0] < 0.75 - 0.01
    other_rows = replace(
        TRIAL,
        metrics={"val_loss": 0.5},
        repeats=2,
        errors={"val_loss": 0.01},
        fresh=(replace(TRIAL, base="b1"), replace(TRIAL, base="b2")),
    )
    assert judged(other_rows, bound("val_loss <= 1")).of == "2 repeats"


def test_best_json_and_the_summary_have_them(tmp_path: Path) -> None:
    selection: dict[str, Any] = {"rule": "objective", "targets": ["gpu_peak_gb <= 3", "bleu > 0.9"]}
    best = write_best(decided(fixtures.write_run(tmp_path / "run", selection=selection)))
    assert best is not None
    assert [t["verdict"] for t in best["targets"]] == ["not met", "undecided"]
    assert "Target gpu_peak_gb <= 3: not met; GPU (GB) is 3.50." in best["explanation"]
