"""Cross-validation in the analysis: configurations, means over folds, what is chosen and shown."""

from pathlib import Path

import pytest

from analysis.folds import averaged, configurations, folds_of
from analysis.report.folds import fold_passage
from analysis.runs import Run, TrialView
from analysis.selection import choose, why_none
from sweeps.spec.sections import SearchSpec

SPEC = SearchSpec.model_validate(
    {
        "parameters": {"lora.r": {"values": [4, 8]}, "data.fold": {"values": [1, 2, 3]}},
        "objective": {"metric": "val_loss", "mode": "min"},
    }
)
LOSSES = {4: (2.0, 2.2, 2.4), 8: (1.0, 3.0, 3.2)}  # the luckiest fold is not of the best rank


def trials() -> list[TrialView]:
    return [
        TrialView(
            trial=f"EXP-{number:03d}",
            number=number,
            state="complete",
            parameters={"lora.r": r, "data.fold": fold},
            metrics={"val_loss": LOSSES[r][fold - 1], "minutes": 1.0},
        )
        for number, (fold, r) in enumerate(((f, r) for f in (3, 1, 2) for r in (4, 8)), start=1)
    ]


def test_folds_are_told_from_the_search() -> None:
    assert folds_of(SPEC) == 3
    unfolded = SearchSpec.model_validate({"parameters": {"lora.r": {"values": [4]}}})
    assert folds_of(unfolded) is None


def test_means_over_folds() -> None:
    whole = configurations(trials())
    assert [(f.parameters, f.values("val_loss")) for f in whole] == [
        ({"lora.r": 4}, [2.0, 2.2, 2.4]),
        ({"lora.r": 8}, [1.0, 3.0, 3.2]),
    ]
    found = {t.parameters["lora.r"]: t.metrics["val_loss"] for t in averaged(trials(), 3)}
    assert found == {4: pytest.approx(2.2), 8: pytest.approx(2.4)}


def test_the_means_decide_not_the_luckiest_fold() -> None:
    choice = choose(trials(), SPEC)
    assert choice is not None
    chosen = next(t for t in trials() if t.trial == choice.trial)
    assert chosen.parameters == {"lora.r": 4, "data.fold": 1}
    assert "2.2000, of 2 complete" in choice.explanation
    assert "means over 3 folds" in choice.explanation


def test_a_configuration_with_a_hole_cannot_be_chosen() -> None:
    some = [t for t in trials() if t.parameters != {"lora.r": 4, "data.fold": 2}]
    choice = choose(some, SPEC)
    assert choice is not None
    assert next(t for t in some if t.trial == choice.trial).parameters["lora.r"] == 8
    none = [t for t in some if t.parameters["data.fold"] != 3]
    assert choose(none, SPEC) is None
    assert why_none(none, SPEC).endswith("no configuration is complete in all of 3 folds.")


def test_the_report_shows_mean_and_spread(tmp_path: Path) -> None:
    run = Run("folded", tmp_path, SPEC, tuple(trials()))
    best = next(t for t in trials() if t.parameters == {"lora.r": 4, "data.fold": 1})
    passage = fold_passage(run, best)
    assert passage is not None
    ((_, table),) = passage.tables
    assert [column.title for column in table.columns] == ["r", "Folds", "Val Loss"]
    assert [[cell.text for cell in line.cells] for line in table.lines] == [
        ["4", "3 of 3", "2.2000 ± 0.2000"],
        ["8", "3 of 3", "2.4000 ± 1.2166"],
    ]
    assert [line.kind for line in table.lines] == ["chosen", ""]
    assert fold_passage(Run("x", tmp_path, SearchSpec(), tuple(trials())), None) is None
