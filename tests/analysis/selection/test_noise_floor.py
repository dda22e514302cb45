"""No difference below the noise floor decides."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis.best import describe
from analysis.runs import TrialView, load_run
from analysis.selection import choose
from analysis.selection.choice import Criterion, levels_of, mean_ranks
from analysis.selection.objective import pareto
from sweeps.spec.sections import SearchSpec
from tests.analysis import fixtures

LOSS = Criterion("val_loss", "min")


def trial(number: int, loss: float, floor: float, minutes: float = 1.0, **more: float) -> TrialView:
    return TrialView(
        f"EXP-{number:03d}",
        number,
        state="complete",
        metrics={"val_loss": loss, "minutes": minutes, **more},
        noise={"val_loss": floor} if floor else {},
    )


def search(**sections: Any) -> SearchSpec:
    return SearchSpec.model_validate(
        {"objective": {"metric": "val_loss", "mode": "min"}, "num_trials": 4, **sections}
    )


def test_trials_within_the_floor_of_the_best_are_a_tie() -> None:
    """The demo's: EXP-003 and EXP-005 change places with the numeric path."""
    found = [
        trial(3, 2.6074, 0.005, minutes=1),
        trial(5, 2.6067, 0.005, minutes=2),
        trial(6, 2.64, 0.005, minutes=0.1),
    ]
    choice = choose(found, search())
    assert choice is not None
    assert choice.trial == "EXP-003"  # of the two, the lower number
    said = choice.explanation
    assert "one of 2 trials, of 3 complete trials, whose Val Loss cannot be told apart" in said
    assert "EXP-003 (2.6074), EXP-005 (2.6067)" in said
    assert "no more than 0.005, the noise floor" in said
    assert "EXP-003 stands for them by its number alone" in said
    assert "ahead of EXP-006" in said
    assert "has the lowest" not in said  # it has not


def test_a_larger_difference_decides_and_without_a_floor_every_difference() -> None:
    for floor in (0.0005, 0.0):
        found = [trial(3, 2.6074, floor, minutes=1), trial(5, 2.6067, floor, minutes=2)]
        choice = choose(found, search())
        assert choice is not None
        assert choice.trial == "EXP-005"
        assert (
            "EXP-005 has the lowest Val Loss, 2.6067, of 2 complete trials." in choice.explanation
        )
        assert "cannot be told apart" not in choice.explanation


def test_levels_start_at_their_best() -> None:
    """1.00 and 1.04 are alike, and 1.04 and 1.08; but 1.08 is more than the floor from 1.00."""
    found = [trial(i, loss, 0.05) for i, loss in enumerate((1.08, 1.00, 1.04, 1.20), 1)]
    assert levels_of(found, LOSS) == {"EXP-002": 0, "EXP-003": 0, "EXP-001": 1, "EXP-004": 2}
    assert mean_ranks(found, [LOSS]) == [3.0, 1.5, 1.5, 4.0]


def test_balanced_ranks_honour_it() -> None:
    found = [trial(1, 1.001, 0.01, rouge1=0.3), trial(2, 1.0, 0.01, rouge1=0.2)]
    spec = search(selection={"rule": "balanced", "metrics": ["val_loss", "rouge1"]})
    choice = choose(found, spec)
    assert choice is not None
    assert choice.trial == "EXP-001"  # before: a rank each, and the loss decided
    exact = choose([replace(t, noise={}) for t in found], spec)
    assert exact is not None
    assert exact.trial == "EXP-002"


def test_the_floor_is_read_from_the_base_model_s_record(tmp_path: Path) -> None:
    import json

    run = fixtures.write_run(tmp_path / "run")
    plain = load_run(run)
    assert all(not t.noise for t in plain.trials)
    path = run / "base" / fixtures.BASE / "record.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "noise_floor": {"val_loss": 0.01}}))
    loaded = load_run(run)
    assert {t.noise.get("val_loss") for t in loaded.trials if t.base} == {0.01}
    choice = choose(loaded.trials, loaded.search)
    assert choice is not None
    assert describe(loaded, choice)["noise_floor"] == {"val_loss": 0.01}
    assert "cannot be told apart" in choice.explanation  # EXP-02 has 0.6622, EXP-04 0.6565


BLEU = Criterion("bleu", "max")
BOTH = [{"metric": "val_loss", "mode": "min"}, {"metric": "bleu", "mode": "max"}]


def front(*trials: TrialView) -> tuple[str, ...]:
    return pareto(trials, [LOSS, BLEU])


def test_what_is_equal_within_the_floor_dominates_nobody() -> None:
    """EXP-002 is better in loss by less than the floor, and in nothing else."""
    for floor, left in ((0.005, ("EXP-001", "EXP-002")), (0.0005, ("EXP-002",))):
        same = [trial(1, 2.6074, floor, bleu=0.3), trial(2, 2.6067, floor, bleu=0.3)]
        assert front(*same) == left


def test_a_loss_that_is_better_within_the_floor_saves_nobody_from_a_better_text() -> None:
    for floor, left in ((0.005, ("EXP-001",)), (0.0005, ("EXP-001", "EXP-002"))):
        assert front(trial(1, 2.6074, floor, bleu=0.4), trial(2, 2.6067, floor, bleu=0.3)) == left


def test_a_front_is_never_empty_and_holds_the_lowest_mean_rank() -> None:
    """Differences within a floor are not transitive: no three trials may dominate each other in a
    circle."""
    import random

    draw = random.Random(0)
    for _ in range(300):
        trials = [
            trial(i, round(draw.random(), 1), 0.25, bleu=round(draw.random(), 1))
            for i in range(1, 8)
        ]
        choice = choose(trials, search(objective=BOTH))
        assert choice is not None
        assert choice.trial in choice.front


WEIGHTS = {"rule": "weighted", "weights": {"val_loss": 3, "bleu": 1}}


def test_a_weighted_mean_s_floor_is_that_of_its_metrics() -> None:
    """Losses range over 1, BLEU's have no floor: three quarters of 0.01 are what rounding makes."""
    trials = [
        trial(1, 2.0, 0.01, minutes=5, bleu=0.5),
        replace(trial(2, 2.009, 0.01, minutes=1, bleu=0.5), steps=20),
        trial(3, 3.0, 0.01, minutes=0.1, bleu=0.1),
    ]
    choice = choose(trials, search(selection=WEIGHTS))
    assert choice is not None
    assert choice.trial == "EXP-002"  # of two that cannot be told apart the cheaper
    said = choice.explanation
    assert "EXP-002 is one of 2 trials, of 3 complete trials, whose weighted mean cannot" in said
    assert "by no more than 0.0075, what the noise floor of each metric makes of it" in said
    assert "Val Loss 75%, BLEU 25%" in said
    assert "EXP-002 stands for them, since it takes fewer optimizer steps" in said
    for wider in (2.011, 2.2):  # beyond the floor
        trials[1] = trial(2, wider, 0.01, minutes=1, bleu=0.5)
        found = choose(trials, search(selection=WEIGHTS))
        assert found is not None
        assert found.trial == "EXP-001"
        assert "highest weighted mean, 1.00 of 1" in found.explanation


def test_losses_that_all_lie_within_the_floor_weigh_nothing() -> None:
    trials = [trial(1, 2.006, 0.01, bleu=0.31), trial(2, 2.0, 0.01, bleu=0.3)]
    choice = choose(trials, search(selection=WEIGHTS))
    assert choice is not None
    assert choice.trial == "EXP-001"
    exact = choose([replace(t, noise={}) for t in trials], search(selection=WEIGHTS))
    assert exact is not None
    assert exact.trial == "EXP-002"


def test_a_knee_within_the_floor_is_a_tie() -> None:
    ends = [trial(1, 1.0, 0.1, bleu=0.1), trial(4, 3.0, 0.1, bleu=0.5)]
    # from the line: 0.9 + 0.75 - 1 and 0.8 + 0.9 - 1; a floor of 0.1 in 2 is 0.05 of the range
    knees = [trial(2, 1.2, 0.1, minutes=1, bleu=0.4), trial(3, 1.4, 0.1, minutes=2, bleu=0.46)]
    spec = search(objective=BOTH, selection={"rule": "knee"})
    choice = choose([*ends, *knees], spec)
    assert choice is not None
    assert choice.trial == "EXP-002"
    assert "EXP-002 is one of 2 trials, of 4 trials on the Pareto front" in choice.explanation
    assert "cannot be told apart" in choice.explanation
    exact = choose([replace(t, noise={}) for t in [*ends, *knees]], spec)
    assert exact is not None
    assert exact.trial == "EXP-003"
