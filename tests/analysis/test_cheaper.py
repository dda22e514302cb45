"""What is cheaper than the chosen trial and cannot be told apart from it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.best import write_best
from analysis.cheaper import cheaper, cheaper_told
from analysis.decision import decided
from analysis.runs import Run, TrialView
from analysis.selection import choose
from sweeps.spec.sections import SearchSpec
from tests.analysis import fixtures
from tests.analysis.selection.test_one_standard_error import SEEDS, seeded, with_rows
from tests.analysis.selection.trials import trial


def test_over_the_same_rows(tmp_path: Path) -> None:
    """EXP-002 has the lowest loss; EXP-001 is within the interval, EXP-003 dearer and worse."""
    with_rows(tmp_path, list("abcd"))
    best = write_best(decided(tmp_path))
    assert best is not None
    assert best["trial"] == "EXP-002"
    assert [c["trial"] for c in best["cheaper"]] == ["EXP-001"]
    assert (
        "Cheaper by trainable parameters and not told apart in Val Loss: EXP-001 (100 against 200: "
        "over the same 4 rows)." in best["explanation"]
    )


def test_what_rows_tell_apart_is_not_named(tmp_path: Path) -> None:
    with_rows(tmp_path, list("abcd"))
    file = tmp_path / "trials/EXP-003/record.json"
    record = {**json.loads(file.read_text()), "trainable_parameters": 1}
    file.write_text(json.dumps(record))
    best = write_best(decided(tmp_path))
    assert best is not None
    assert [c["trial"] for c in best["cheaper"]] == ["EXP-001"]


def test_with_seeds_the_means_decide() -> None:
    search = SearchSpec.model_validate({"parameters": SEEDS})
    run = Run("run", Path("run"), search, tuple(seeded()))
    choice = choose(run.trials, search)
    assert choice is not None
    assert choice.trial == "EXP-004"
    assert [c.trial for c in cheaper(run, choice)] == ["EXP-007"]
    assert "means of 3 repeats" in cheaper_told(cheaper(run, choice), "val_loss")


@pytest.mark.parametrize(("floor", "named"), [(0.01, ["EXP-001"]), (0.0, [])])
def test_without_rows_and_repeats_the_noise_floor_tells(floor: float, named: list[str]) -> None:
    def sized(number: int, loss: float) -> TrialView:
        made = trial(number, val_loss=loss, minutes=float(number))
        return replace(made, size={"trainable_parameters": number}, noise={"val_loss": floor})

    search = SearchSpec.model_validate({"selection": {"cheapest_by": "minutes"}})
    run = Run("run", Path("run"), search, (sized(1, 0.505), sized(2, 0.5)))
    choice = choose(run.trials, search)
    assert choice is not None
    choice = replace(choice, trial="EXP-002")
    assert [c.trial for c in cheaper(run, choice)] == named


def test_runs_of_earlier_versions_name_none(run_folder: Path) -> None:
    best = write_best(decided(run_folder))
    assert best is not None
    assert best["cheaper"] == []
    assert fixtures.MODEL in str(best["config"])
