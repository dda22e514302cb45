"""The verb confirm: what is refused and what is told. A whole confirmation is in test_run.py."""

from pathlib import Path

import pytest

from medsweep.main import run_app
from sweeps.reading.loading import load_spec
from tests.analysis import fixtures
from tests.analysis.verdict.runs import CLEAR, confirmed

PRESETS = Path(__file__).parents[2] / "sweeps" / "presets"


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


def test_plan_tells_what_a_confirmation_costs(capsys: pytest.CaptureFixture[str]) -> None:
    asked = "confirm={top: 2, seeds: 2}"
    run_app(["plan", "healthcare-multistage", "--smoke", "--set", asked])
    said = " ".join(capsys.readouterr().out.split())
    assert "at most 6 runs. None of them is stopped early; who can no longer win gets no" in said
    assert (
        "trains every stage anew, what trials share once: at most 4 SFT stages (pubmedqa)" in said
    )
    assert "at most 6 reward model stages (preferences)." in said
    several = ["--set", "search.selection={rule: balanced, metrics: [val_loss, rouge1]}"]
    run_app(["plan", "toy", "--set", "confirm={top: 1, seeds: 1, baselines: false}", *several])
    said = " ".join(capsys.readouterr().out.split())
    assert "at most 1 run. It is not stopped early." in said


@pytest.mark.parametrize("name", [preset.stem for preset in PRESETS.glob("*.yaml")])
def test_presets_that_choose_confirm_and_say_so(name: str) -> None:
    """All but toy, which is for trying the tool; made small, one run more."""
    spec = load_spec(name).spec
    assert (spec.confirm is None) == (name == "toy")
    if "smoke:" in (PRESETS / f"{name}.yaml").read_text():
        small = load_spec(name, smoke=True).spec.confirm
        assert small is not None
        assert (small.top, small.seeds, small.baselines) == (1, 1, False)
