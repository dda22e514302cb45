"""The rule `one_standard_error`, by hand, as in The Elements of Statistical Learning, 7.10."""

import json
from dataclasses import replace
from pathlib import Path
from statistics import stdev
from typing import Any

import pytest

from analysis.runs import TrialView, load_run
from analysis.selection import choose
from analysis.selection.choice import Chosen
from analysis.uncertainty import standard_error
from sweeps.spec.sections import SearchSpec
from tests.analysis import fixtures
from tests.analysis.selection.trials import trial
from trainables.evaluation.row_results import VALIDATION, parquet_of, table_of

SEEDS = {"training.seed": {"values": [1, 2, 3]}, "lora.r": {"values": [2, 4, 8, 16]}}
# a configuration's losses with three seeds: of r 8 the mean is the lowest, 1.00, its error 0.0577
LOSSES = {16: (1.10, 0.95, 1.01), 8: (1.10, 0.90, 1.00), 4: (1.05, 1.00, 1.09), 2: (1.2, 1.1, 1.3)}


def seeded(**more: float) -> list[TrialView]:
    found = []
    for r, values in LOSSES.items():
        for seed, loss in enumerate(values, 1):
            made = trial(len(found) + 1, val_loss=loss, minutes=r, **more)
            parameters, size = (
                {"lora.r": r, "training.seed": seed},
                {"trainable_parameters": 96 * r},
            )
            found.append(replace(made, parameters=parameters, size=size))
    return found


def chosen(trials: list[TrialView], **search: Any) -> Chosen:
    selection = {"rule": "one_standard_error", **search.pop("selection", {})}
    choice = choose(trials, SearchSpec.model_validate({**search, "selection": selection}))
    assert choice is not None
    return choice


def test_the_cheapest_within_one_standard_error_of_the_mean_over_seeds() -> None:
    choice = chosen(seeded(), parameters=SEEDS)
    error = stdev(LOSSES[8]) / 3**0.5
    assert choice.trial == "EXP-007"  # r 4: 1.0467 is 0.0467 from 1.00; r 2: 1.2 is not
    assert choice.rule["standard_error"] == pytest.approx(error)
    assert choice.rule["of"] == "3 repeats"
    said = choice.explanation
    assert "EXP-007 is the cheapest by trainable parameters (384) of the 3 trials" in said
    assert "of 4 complete trials, within one standard error (0.058, over 3 repeats)" in said
    assert "the best Val Loss, EXP-004's 1.0000" in said
    assert choice.reason in said
    assert choice.reason == (
        "EXP-004, the next within the error, is dearer: its trainable parameters is 768 against "
        "384 of EXP-007."
    )
    ranks = {row["trial"]: row["rank"] for row in choice.numbers if row["rank"]}
    assert ranks == {"EXP-007": 1, "EXP-004": 2, "EXP-001": 3, "EXP-010": 4}


def test_one_just_beyond_the_error_is_not_taken() -> None:
    trials = [
        replace(t, metrics={**t.metrics, "val_loss": t.metrics["val_loss"] + 0.02})
        if t.parameters["lora.r"] == 4
        else t
        for t in seeded()
    ]
    assert chosen(trials, parameters=SEEDS).trial == "EXP-004"


@pytest.mark.parametrize(
    ("by", "size", "metrics", "told"),
    [
        ("minutes", {}, {}, "the cheapest by minutes (4.0)"),
        ("memory", {"predicted_peak_gb": 3.0}, {}, "the cheapest by peak memory (3 GB)"),
        ("memory", {}, {"gpu_peak_gb": 2.0}, "the cheapest by peak memory (2 GB)"),
    ],
)
def test_cheapest_by(by: str, size: dict[str, float], metrics: dict[str, float], told: str) -> None:
    trials = []
    for t in seeded():
        share = t.parameters["lora.r"] / 4
        scaled = {k: v * share for k, v in size.items()}
        measured = {**t.metrics, **{k: v * share for k, v in metrics.items()}}
        trials.append(replace(t, size=scaled, metrics=measured))
    choice = chosen(trials, parameters=SEEDS, selection={"cheapest_by": by})
    assert choice.trial == "EXP-007"
    assert told in choice.explanation


def test_predicted_and_measured_peaks_are_not_compared_with_each_other() -> None:
    trials = [
        replace(
            t,
            size={"predicted_peak_gb": float(t.parameters["lora.r"])},
            metrics={**t.metrics, **({"gpu_peak_gb": 0.1} if t.parameters["lora.r"] == 8 else {})},
        )
        for t in seeded()
    ]
    assert chosen(trials, parameters=SEEDS, selection={"cheapest_by": "memory"}).trial == "EXP-007"


def test_a_cost_that_nobody_knows_leaves_the_best() -> None:
    trials = [replace(t, size={}) for t in seeded()]
    choice = chosen(trials, parameters=SEEDS)
    assert choice.trial == "EXP-004"
    assert "whose cost is not known" in choice.explanation


def test_without_repeats_and_rows_the_best_value_decides_and_that_is_said() -> None:
    choice = chosen([trial(1, val_loss=1.0), trial(2, val_loss=0.9)])
    assert choice.trial == "EXP-002"
    assert choice.rule["rule"] == "one_standard_error"
    assert choice.rule["standard_error"] is None
    assert "The standard error of EXP-002's Val Loss is not known" in choice.explanation


# summed losses over four rows of four answer tokens: shares are a quarter of them
NATS = {1: [4.0, 4.4, 3.6, 4.2], 2: [3.9, 4.5, 3.4, 4.2], 3: [6.0, 6.0, 6.0, 6.5]}


def with_rows(folder: Path, groups: list[str]) -> list[TrialView]:
    """A run's trials, cheapest first, with results row by row."""
    fixtures.write_head(folder, fixtures.spec())
    for number, nats in NATS.items():
        path = fixtures.write_trial(folder, number, {"lora.r": 8}, {"val_loss": sum(nats) / 16})
        record = json.loads((path / "record.json").read_text())
        record["trainable_parameters"] = 100 * number
        (path / "record.json").write_text(json.dumps(record))
        counts = {"nats": nats, "tokens": [4.0] * 4, "bytes": [9.0] * 4}
        table = table_of(VALIDATION, list("abcd"), groups, list("abcd"), counts)
        (path / "rows.parquet").write_bytes(parquet_of([table]))
    return list(load_run(folder).trials)


def test_one_run_each_has_the_error_of_its_rows(tmp_path: Path) -> None:
    trials = with_rows(tmp_path, list("abcd"))
    shares = [n / 4 for n in NATS[2]]
    error = standard_error(trials[1], "val_loss")
    assert error is not None
    assert error.size == pytest.approx(stdev(shares) / 2)
    assert (error.df, error.of) == (3, "4 rows")
    choice = chosen(trials)
    assert choice.trial == "EXP-001"
    assert "of the 2 trials, of 3 complete trials" in choice.explanation
    assert "over 4 rows) of the best Val Loss, EXP-002's 1.0000" in choice.explanation


def test_rows_of_a_group_count_together(tmp_path: Path) -> None:
    trials = with_rows(tmp_path, list("aabb"))
    error = standard_error(trials[1], "val_loss")
    assert error is not None
    # two groups with means 1.05 and 0.95 around 1: as two rows
    assert error.size == pytest.approx(stdev([1.05, 0.95]) / 2**0.5)
    assert (error.df, error.of) == (1, "4 rows in 2 groups")


def test_perplexity_s_error_follows_from_the_loss_s(tmp_path: Path) -> None:
    one = with_rows(tmp_path, list("abcd"))[1]
    loss, found = standard_error(one, "val_loss"), None
    found = standard_error(replace(one, metrics={**one.metrics, "perplexity": 2.5}), "perplexity")
    assert loss is not None
    assert found is not None
    assert found.size == pytest.approx(2.5 * loss.size)
