"""Trials by what people call them."""

from pathlib import Path

import pytest

from analysis.files import RunError
from analysis.named import named_trial
from analysis.runs import load_run
from tests.analysis import fixtures


@pytest.mark.parametrize(
    ("name", "trial"),
    [("best", "EXP-004"), ("EXP-001", "EXP-001"), ("EXP-03 (Lower LR)", "EXP-003")],
)
def test_best_ids_and_labels(run_folder: Path, name: str, trial: str) -> None:
    assert named_trial(load_run(run_folder), name).trial == trial


def test_what_cannot_be_named_is_told(run_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no trial 'x'\. Use best or one of: EXP-001, EXP-002"):
        named_trial(load_run(run_folder), "x")
    fixtures.write_head(tmp_path / "empty", fixtures.spec())
    with pytest.raises(RunError, match="No trial could be chosen"):
        named_trial(load_run(tmp_path / "empty"))
