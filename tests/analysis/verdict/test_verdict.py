"""The verdict on a confirmed run: who is advised, against whom, and what bad input does to it."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.best import write_best
from analysis.decision import Decision, decided
from analysis.report import write_report
from analysis.report.confirmation import confirmation_passage
from analysis.runs import load_run
from analysis.statistics.crossed import difference
from analysis.verdict.leader import means
from analysis.verdict.verdict import Verdict, verdict
from analysis.verdict.words import headline, paragraphs
from tests.analysis.verdict.runs import CLEAR, POOL, A, B, C, confirmed

ALIKE = {A: [0.600, 0.640, 0.620], B: [0.630, 0.610, 0.625], C: [0.700, 0.710, 0.720]}


def told(folder: Path, values: dict[str, list[Any]], **more: Any) -> Verdict:
    found = verdict(load_run(confirmed(folder, values, **more)))
    assert found is not None
    return found


def test_a_clear_winner_is_said_to_be_one(tmp_path: Path) -> None:
    found = told(tmp_path / "run", CLEAR)
    assert (found.leader, found.advice, found.tied) == (A, A, ())
    assert "better than all 2 others" in headline(found)
    said = " ".join(paragraphs(found))
    believed = found.believed(B)
    assert believed is not None
    assert f"by {believed[0]:.4f} nats" in said
    assert 0.04 < believed[1][0] < believed[0] < believed[1][1] < 0.08
    assert "3 seeds" in said
    assert "chance between rows not seen" in said
    assert "mean Val Loss 0.6050 over 3 new seeds, standard deviation 0.0050" in said
    assert "the search had 0.6010" in said


def test_what_cannot_be_told_apart_is_called_that(tmp_path: Path) -> None:
    found = told(tmp_path / "run", ALIKE)
    assert {found.leader, *found.tied} == {A, B}
    assert found.advice == found.leader
    said = " ".join(paragraphs(found))
    assert "cannot be told apart" in said
    assert "80% power" in said
    assert "more seed" in said


def test_who_leads_by_all_runs_is_said_to_be_ahead_and_not_better(tmp_path: Path) -> None:
    values = {A: [0.630, 0.650], B: [0.628, 0.640], C: [0.900, 0.910]}
    pool = {A: 0.55, B: 0.66, "EXP-003": 0.69, C: 0.905, "EXP-009": 0.75}
    found = told(tmp_path / "run", values, seeds=2, pool=pool)
    assert (found.leader, found.tied) == (A, (B,))  # although the new seeds' mean is the worse
    believed = found.believed(B)
    assert believed is not None
    said = " ".join(paragraphs(found))
    assert f"is ahead of {found.name(B)} by {believed[0]:.4f} nats" in said
    assert "all runs, the search's among them, 2 new seeds" in said
    assert f"better than {found.name(B)}" not in said
    table = confirmation_passage(found)
    assert table is not None
    (row,) = (line for line in table.tables[0][1].lines if found.name(B) in line.cells[0].text)
    assert row.cells[4].text == f"+{believed[0]:.4f}"  # in the interval beside it
    assert believed[1][0] < believed[0] < believed[1][1]


def test_one_new_seed_tells_nobody_apart_and_claims_nothing(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).normal(2.0, 0.3, 20)
    values = {n: [(rows + lead).tolist()] for n, lead in {A: 0.0, B: 0.18, C: 2.0}.items()}
    values[A][0][0] += 0.01  # else nothing is seen to vary
    found = told(tmp_path / "run", values, rows=True, seeds=1)
    assert found.tied
    said = " ".join(paragraphs(found))
    assert all(f"better than {found.name(n)}" not in said for n in found.tied)
    assert "One new seed does not show what another would change" in said
    assert "did seeds change nothing" in said
    assert "no number of seeds" not in said
    table = confirmation_passage(found)
    assert table is not None
    assert {line.cells[6].text for line in table.tables[0][1].lines} == {"–"}


def test_where_the_baseline_is_not_beaten_it_is_the_advice(tmp_path: Path) -> None:
    values = {A: [0.60, 0.68, 0.64], B: [0.66, 0.65, 0.69], C: [0.65, 0.62, 0.67]}
    found = told(tmp_path / "run", values)
    assert found.leader != C
    assert not found.beats(C)
    assert found.advice == C
    said = " ".join(paragraphs(found))
    assert said.startswith("Use EXP-01 (Baseline): ")
    assert "stay with the baseline" in said


def test_the_fresh_runs_alone_are_reported(tmp_path: Path) -> None:
    folder = confirmed(tmp_path / "run", CLEAR)
    trial = load_run(folder).find(A)
    assert means(trial)["val_loss"] == pytest.approx(0.605)
    assert means(trial, own=True)["val_loss"] == pytest.approx((0.6 + 0.61 + 0.605 + 0.6565) / 4)
    best = json.loads(json.dumps(write_best(decided(folder))))
    assert best["confirmed"]["trials"][A]["mean"] == pytest.approx(0.605)
    assert best["confirmed"]["trials"][A]["searched"] == 0.6565
    assert "Val Loss (1.6569 → 0.6050)" in best["explanation"]
    assert "Caution: each configuration was trained once" not in best["explanation"]


def test_rows_and_seeds_are_both_in_the_interval(tmp_path: Path) -> None:
    noise = np.random.default_rng(5)
    rows, hard = 30, noise.normal(0, 0.5, 30)
    values = {
        name: [
            (level + seed + hard + noise.normal(0, 0.05, rows)).tolist()
            for seed in noise.normal(0, 0.01, 3)
        ]
        for name, level in {A: 2.0, B: 2.2, C: 2.5}.items()
    }
    found = told(tmp_path / "run", values)
    assert found.evidence.n_rows == rows
    against = found.contest.against[B]
    assert against is not None
    spread = found.contest.spread
    wanted = difference(values[A], values[B], [*range(rows)], spread)
    assert wanted is not None
    assert against.estimate == pytest.approx(wanted.estimate, rel=1e-12)
    assert against.interval == pytest.approx(wanted.interval, rel=1e-12)
    assert against.missing == ""
    assert "3 seeds, 30 rows" in " ".join(paragraphs(found))


def test_a_seed_that_diverged_counts_against_its_trial(tmp_path: Path) -> None:
    whole = told(
        tmp_path / "whole", {A: [0.60, 0.61, 0.60], B: [0.61, 0.62, 0.61], C: [0.7, 0.7, 0.71]}
    )
    found = told(
        tmp_path / "run", {A: [0.60, None, 0.60], B: [0.61, 0.62, 0.61], C: [0.7, 0.7, 0.71]}
    )
    assert whole.leader == A
    assert found.leader == B
    assert found.evidence.failed == {A: 1, B: 0, C: 0}
    assert whole.believed(B) is not None
    assert found.believed(A) is None  # of what counts for the failed seed no interval speaks
    assert found.believed(C) is not None
    assert "1 new seed of EXP-04 (3 Epochs) failed" in " ".join(paragraphs(found))


def test_a_run_that_was_lost_says_nothing(tmp_path: Path) -> None:
    found = told(
        tmp_path / "run", {A: [0.60, "lost", 0.60], B: [0.61, 0.62, 0.61], C: [0.7, 0.7, 0.71]}
    )
    assert found.leader == A
    assert found.evidence.failed[A] == 0
    assert "--retry-failed" in " ".join(paragraphs(found))


@pytest.mark.parametrize(
    "values",
    [
        {A: [0.6], B: [0.61], C: [0.7]},  # one seed
        {A: [[0.6, 0.7]], B: [[0.61, 0.8]], C: [[0.7, 0.9]]},  # one seed, two rows
        {A: [0.6, 0.6, 0.6], B: [0.6, 0.6, 0.6], C: [0.6, 0.6, 0.6]},  # constant
        {A: [0.6, 0.61], B: [None, None], C: ["lost"]},
        {A: [0.6, 0.61], B: [], C: []},  # an interrupted confirmation
        {A: [[0.6, 0.7], [0.6, 0.7]], B: [0.61, 0.62], C: [0.7, 0.71]},  # rows of some alone
        {A: [[0.6, 0.7], [0.6, 0.7]], B: [[0.6, 0.7, 0.8]] * 2, C: [0.7, 0.71]},  # other rows
    ],
)
def test_odd_runs_give_a_verdict_with_its_counts(
    tmp_path: Path, values: dict[str, list[Any]]
) -> None:
    folder = confirmed(tmp_path / "run", values)
    decision = decided(folder)
    assert decision.verdict is not None
    said = " ".join(paragraphs(decision.verdict))
    assert "nan" not in said.lower()
    assert "inf" not in said.lower().replace("confirm", "")
    best = write_best(decision)
    assert best is not None
    json.dumps(best, allow_nan=False)
    for path in write_report([decision]):
        assert "Trained again" in path.read_text(encoding="utf-8")


def test_how_often_seeds_agree_on_questions_is_told(tmp_path: Path) -> None:
    right = {A: [[0, 1, 1, 1], [0, 1, 0, 1]], B: [[1, 1, 0, 1]] * 2, C: [[1, 1, 1, 1]] * 2}
    found = told(tmp_path / "run", {name: [*map(list, runs)] for name, runs in right.items()})
    assert found.agreement is not None
    wanted = 0.75 if found.leader == A else 1.0
    assert found.agreement.agreed == wanted
    assert f"Its 2 seeds agree on {wanted:.0%} of 4 questions." in paragraphs(found)
    assert told(tmp_path / "losses", CLEAR).agreement is None


def test_fresh_runs_on_other_rows_are_compared_with_the_base_model_on_those(tmp_path: Path) -> None:
    folder = confirmed(tmp_path / "run", CLEAR, vary=("seed", "split"))
    for number, loss in ((1, 1.2), (2, 1.4), (3, 1.6)):
        base = folder / "base" / f"b{number}"
        base.mkdir()
        record = {"key": base.name, "metrics": {"val_loss": loss}}
        (base / "record.json").write_text(json.dumps(record))
        file = folder / "trials" / A / "seeds" / str(number) / "record.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "base": base.name}))
    best = write_best(decided(folder))
    assert best is not None
    assert "Val Loss (1.4000 → 0.6050)" in best["explanation"]
    assert "training rows overlap" in best["explanation"]


def test_nothing_confirmed_is_no_verdict(tmp_path: Path) -> None:
    assert verdict(load_run(confirmed(tmp_path / "run", {A: [None], B: ["lost"]}))) is None
    folder = confirmed(tmp_path / "none", {})
    decision: Decision = decided(folder)
    assert decision.verdict is None
    assert decision.choice is not None
    assert decision.choice.trial == A


def test_constant_losses_are_a_tie(tmp_path: Path) -> None:
    found = told(tmp_path / "run", {A: [0.6] * 3, B: [0.6] * 3, C: [0.6] * 3})
    assert {found.leader, *found.tied} == {A, B, C}
    assert found.advice == C or found.leader == C


def test_nothing_that_varies_has_no_interval(tmp_path: Path) -> None:
    same = dict.fromkeys(POOL, 0.6)
    found = told(tmp_path / "run", {A: [0.6] * 3, B: [0.6] * 3, C: [0.6] * 3}, pool=same)
    said = " ".join(paragraphs(found))
    assert "are alike in Val Loss (no interval: nothing was seen to vary" in said
    assert "0.0000 to" not in said


def test_several_metrics_are_chosen_by_their_rule(tmp_path: Path) -> None:
    search = {"selection": {"rule": "lexicographic", "metrics": ["val_loss"]}}
    found = told(tmp_path / "run", CLEAR, search=search, metric=None, pool={})
    assert found.evidence.standing is None
    assert found.leader == A
    assert "trained again" not in headline(found) or found.leader == A


def test_the_interval_against_a_baseline_is_dunnetts(tmp_path: Path) -> None:
    found = told(tmp_path / "run", CLEAR)
    corrected = found.contest.over_baseline[C][A]
    plain = found.contest.to_baseline[C][A]
    assert plain is not None
    assert plain.interval is not None
    assert corrected.interval is not None
    assert corrected.n_comparisons == 2
    assert corrected.interval[0] < plain.interval[0] < plain.interval[1] < corrected.interval[1]
    assert plain.se is not None
    assert plain.df is not None
    half = stats.t.ppf(0.975, plain.df) * plain.se
    assert plain.interval[1] - plain.estimate == pytest.approx(half, rel=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_no_two_sentences_contradict_each_other(tmp_path: Path, seed: int) -> None:
    """Each pair has one interval; one that holds 0 is of trials that are not told apart."""
    random = np.random.default_rng(seed)
    n_rows, n_seeds = int(random.choice([4, 8, 30])), int(random.choice([2, 3]))
    shared, lead = random.normal(0, 0.3, n_rows), 0.2 * seed / 12
    values = {
        name: (1 + shift + shared + random.normal(0, 0.1, (n_seeds, n_rows))).tolist()
        for name, shift in ((A, 0.0), (B, lead), (C, lead * 1.5))
    }
    found = told(tmp_path / "run", values, seeds=n_seeds)
    said = " ".join(paragraphs(found))
    interval = r"by \S+ nats \(95% interval (\S+) to (\S+);"
    pairs = re.findall(rf"(?:than|of|behind) (EXP-\S+(?: \([^)]*\))?) {interval}", said)
    named = [other for other, _, _ in pairs]
    assert pairs
    assert len(named) == len(set(named)), said
    for other, low, high in pairs:
        trial = next(name for name in (A, B, C) if found.name(name) == other)
        assert (float(low) <= 0 <= float(high)) == (trial in found.tied), said


def test_splits_of_the_same_rows_are_no_independent_samples(tmp_path: Path) -> None:
    """Nadeau and Bengio: with 20 rows held out of 100 the variance is 1 + 3 x 20/80 larger."""
    folder = confirmed(tmp_path / "run", CLEAR, vary=("seed", "split"))
    (folder / "data.json").write_text("{}")
    narrow = verdict(load_run(folder))
    (folder / "data.json").write_text(
        json.dumps({"d": {"kept": {"train": 80, "validation": 20, "test": 5}}})
    )
    wide = verdict(load_run(folder))
    assert narrow is not None
    assert wide is not None
    assert "rather too narrow" in " ".join(paragraphs(narrow))
    assert "training rows overlap is counted" in " ".join(paragraphs(wide))
    before, after = narrow.contest.against[B], wide.contest.against[B]
    assert before is not None
    assert after is not None
    assert before.se is not None
    assert after.se == pytest.approx(before.se * 1.75**0.5)
    b, a = narrow.believed(B), wide.believed(B)
    assert b is not None
    assert a is not None
    assert (a[1][1] - a[1][0]) > 1.2 * (b[1][1] - b[1][0])
