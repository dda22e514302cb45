"""The verb confirm: what is refused and what is told. A whole confirmation is in test_run.py."""

from pathlib import Path

import pytest

from medsweep.main import run_app
from tests.analysis import fixtures
from tests.analysis.verdict.runs import CLEAR, confirmed


def test_a_search_that_is_not_over_is_not_confirmed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = fixtures.write_run(tmp_path / "run")
    assert run_app(["confirm", str(folder)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "its search is not over" in said
    assert f"medsweep resume {folder}" in said


def test_status_and_plan_tell_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_app(["status", str(confirmed(tmp_path / "run", CLEAR))])
    assert "Confirmation: 9 runs with new seeds ended, over." in capsys.readouterr().out
    run_app(["plan", "toy", "--set", "confirm={top: 3, seeds: 4, vary: [seed, split]}"])
    said = " ".join(capsys.readouterr().out.split())
    told = (
        "Then the best 3 and 1 baseline again with 4 new seeds each, each also on other validation"
    )
    assert f"{told} rows: at most 16 runs." in said
