"""Searched seeds are repeats: averaged as folds are, counted, and chosen by the mean."""

from pathlib import Path
from typing import Any

import pytest

from analysis.best import caution, describe, explain, write_best
from analysis.decision import decided
from analysis.folds import configurations, repeat_paths
from analysis.report.content import describe_run
from analysis.report.experiments import comparison_table, experiment_table
from analysis.report.folds import fold_passage
from analysis.runs import Run, TrialView
from analysis.selection import choose
from sweeps.spec.repeats import seed_paths
from sweeps.spec.sections import SearchSpec
from tests.analysis import fixtures

SEEDS = (1, 2, 3)
# the luckiest seed is not of the best learning rate
LOSSES = {8e-3: (2.0, 2.2, 2.4), 9e-3: (1.0, 3.0, 3.2)}


def search(**more: Any) -> SearchSpec:
    parameters = {
        "training.learning_rate": {"values": [8e-3, 9e-3]},
        "training.seed": {"values": list(SEEDS)},
        **more,
    }
    objective = {"metric": "val_loss", "mode": "min"}
    return SearchSpec.model_validate({"parameters": parameters, "objective": objective})


def trial(number: int, rate: float, seed: int, loss: float, **more: Any) -> TrialView:
    parameters = {"training.learning_rate": rate, "training.seed": seed, **more}
    metrics = {"val_loss": loss, "minutes": 1.0}
    return TrialView(f"EXP-{number:03d}", number, None, "complete", parameters, {}, metrics)


def trials() -> list[TrialView]:
    found = ((rate, seed) for seed in SEEDS for rate in LOSSES)
    return [trial(n, r, s, LOSSES[r][s - 1]) for n, (r, s) in enumerate(found, start=1)]


def run(views: list[TrialView], sought: SearchSpec, folder: Path = Path("x")) -> Run:
    return Run("seeded", folder, sought, tuple(views))


def test_seeds_are_told_from_the_search() -> None:
    assert seed_paths(search()) == ("training.seed",)
    one = SearchSpec.model_validate({"parameters": {"training.seed": {"value": 3}}})
    assert seed_paths(one) == ()
    staged = {"stages.1.training.seed": {"min": 1, "max": 5}, "data.fold": {"values": [1, 2]}}
    both = SearchSpec.model_validate({"parameters": staged})
    assert repeat_paths(both) == ("data.fold", "stages.1.training.seed")


def test_the_means_decide_not_the_luckiest_seed() -> None:
    choice = choose(trials(), search())
    assert choice is not None
    assert choice.trial == "EXP-001"  # the first seed of the better mean
    assert "2.2000, of 2 complete" in choice.explanation
    assert "of 2 complete configurations" in choice.explanation  # of 6 trials
    assert "means over 3 seeds" in choice.explanation
    assert "folds" not in choice.explanation
    assert [row["val_loss"] for row in choice.numbers] == pytest.approx([2.2, 2.4])


def test_no_sentence_says_that_each_was_trained_once(tmp_path: Path) -> None:
    seeded = run(trials(), search(), tmp_path)
    choice = choose(seeded.trials, seeded.search)
    assert choice is not None
    words = " ".join(explain(seeded, choice))
    assert "once" not in words
    assert "a standard deviation of 0.2000 between seeds" in words
    best = describe(seeded, choice)["repeats"]
    assert best["count"] == 3
    assert best["trials"][0] == {"trial": "EXP-001", "training.seed": 1}
    assert best["mean"]["val_loss"] == pytest.approx(2.2)
    assert best["spread"]["val_loss"] == pytest.approx(0.2)


def test_fewer_seeds_are_no_advantage() -> None:
    some = [t for t in trials() if t.number != 6]  # the worst seed of 9e-3 failed
    lucky = [*some, trial(7, 1e-3, 1, 0.1)]
    choice = choose(lucky, search())
    assert choice is not None
    assert choice.trial == "EXP-001"
    assert "2 configurations with fewer complete seeds could not be chosen" in choice.explanation


def test_seeds_that_repeat_nothing_are_told() -> None:
    apart = [trial(1, 1e-3, 1, 2.0), trial(2, 2e-3, 2, 1.0)]
    choice = choose(apart, search())
    assert choice is not None
    assert choice.trial == "EXP-002"
    assert "nothing is averaged" in choice.explanation
    assert "of 2 complete trials" in choice.explanation
    assert "not all with one seed" in caution(run(apart, search()), "EXP-002")


def test_folds_and_seeds_together() -> None:
    sought = search(**{"data.fold": {"values": [1, 2]}})
    pairs = [(rate, seed, fold) for rate in LOSSES for seed in (1, 2) for fold in (1, 2)]
    views = [
        trial(n, rate, seed, LOSSES[rate][seed - 1] + fold, **{"data.fold": fold})
        for n, (rate, seed, fold) in enumerate(pairs, start=1)
    ]
    choice = choose(views, sought)
    assert choice is not None
    assert "means over 2 folds and 2 seeds" in choice.explanation
    assert len(configurations(views, repeat_paths(sought))) == 2
    without = [t for t in views if (t.number, t.parameters["data.fold"]) != (8, 2)]
    assert choose(without, sought) is not None
    words = caution(run(views, sought), choice.trial)
    assert "4 trials" in words


def test_the_report_shows_mean_spread_and_count(tmp_path: Path) -> None:
    views = trials()[:-1]
    passage = fold_passage(run(views, search(), tmp_path), views[0])
    assert passage is not None
    ((_, table),) = passage.tables
    assert passage.title == "Seeds"
    assert [column.title for column in table.columns] == ["LR", "Seeds", "Val Loss"]
    assert [[cell.text for cell in line.cells] for line in table.lines] == [
        ["0.008", "3", "2.2000 ± 0.2000"],
        ["0.009", "2", "2.0000 ± 1.4142"],
    ]
    assert [line.kind for line in table.lines] == ["chosen", ""]


def test_a_seeded_runs_files_say_so(tmp_path: Path) -> None:
    parameters = {"lora.r": {"values": [4, 8]}, "training.seed": {"values": [1, 2]}}
    fixtures.write_head(tmp_path, fixtures.spec(parameters=parameters, baselines={}))
    losses = {(4, 1): 1.0, (4, 2): 1.2, (8, 1): 0.5, (8, 2): 3.0}
    for number, ((r, seed), loss) in enumerate(losses.items(), start=1):
        values = {"lora.r": r, "training.seed": seed}
        fixtures.write_trial(tmp_path, number, values, {"val_loss": loss, "minutes": 1.0})
    decision = decided(tmp_path)
    best = write_best(decision)
    assert best is not None
    assert (best["trial"], best["repeats"]["count"]) == ("EXP-001", 2)
    content = describe_run(decision)
    assert "seed" in " ".join(content.summary)
    assert "trained once" not in " ".join(content.summary)
    assert [(t.value, t.detail) for t in content.tiles[:1]] == [("EXP-001", "means over 2 seeds")]
    assert content.tiles[1].value == "1.1000"
    seeded = decision.run
    compared = comparison_table(seeded, seeded.find("EXP-001"))
    assert compared is not None
    assert "numbers of EXP-001 by itself, one of 2 trials of its configuration" in compared.note
    assert "means over each configuration's trials" in experiment_table(seeded, None).note
    assert content.passages[0].title == "Seeds"
