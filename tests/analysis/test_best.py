"""best.json."""

import json
import statistics
from dataclasses import replace
from pathlib import Path

from analysis.best import against_base, write_best
from analysis.decision import decided
from analysis.runs import load_run
from tests.analysis import fixtures
from tests.analysis.fixtures import write_run
from trainables.evaluation.row_results import VALIDATION, parquet_of, table_of


def test_writes_the_choice_and_the_numbers_behind_it(run_folder: Path) -> None:
    best = write_best(decided(run_folder))
    assert best == json.loads((run_folder / "best.json").read_text(encoding="utf-8"))
    assert best is not None
    assert (best["trial"], best["label"]) == ("EXP-004", "EXP-04 (3 Epochs)")
    assert best["parameters"]["training.num_train_epochs"] == 3
    assert best["config"]["training"]["num_train_epochs"] == 3
    assert best["adapter"] == "trials/EXP-004/adapter"
    assert (run_folder / best["adapter"]).is_dir()
    assert len(best["numbers"]) == 8
    assert best["pareto_front"] is None


def test_the_explanation_is_honest(run_folder: Path) -> None:
    best = write_best(decided(run_folder))
    assert best is not None
    words = best["explanation"]
    assert "lowest Val Loss, 0.6565, of 4 complete trials" in words
    assert "better in Val Loss (1.6569 → 0.6565), Perplexity (5.24 → 2.23)" in words
    assert "worse in ROUGE-1 (0.3083 → 0.2674), BLEU (0.0833 → 0.0628)" in words
    assert "once, with one seed" in words
    assert "measures that spread (medsweep confirm RUN)." in words


def test_balanced_chooses_as_the_flashcards_authors_did(tmp_path: Path) -> None:
    folder = fixtures.write_run(tmp_path / "run", selection={"rule": "balanced"})
    best = write_best(decided(folder))
    assert best is not None
    assert best["trial"] == "EXP-002"


def test_none_complete_writes_nothing_and_removes_what_is_stale(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    fixtures.write_trial(tmp_path, 1, {}, {"val_loss": 0.1}, state="stopped")
    (tmp_path / "best.json").write_text("{}")
    assert write_best(decided(tmp_path)) is None
    assert not (tmp_path / "best.json").exists()


def test_against_a_base_that_was_not_measured_or_is_equal(run_folder: Path) -> None:
    run = load_run(run_folder)
    trial = run.find("EXP-002")
    base = run.base_of(trial)
    assert base is not None
    assert "was not measured" in against_base(trial, None)
    assert "none of the same metrics" in against_base(trial, replace(base, metrics={}))
    same = against_base(trial, replace(base, metrics={"bleu": 0.0662}))
    assert same == "Against the untouched base model it is equal in BLEU (0.0662 → 0.0662)."
    alike = against_base(trial, replace(base, metrics={"bleu": 0.06621}))
    assert alike == same  # nobody is told that 0.0662 is worse than 0.0662


def test_a_loss_has_its_interval_and_rows_beside_it(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    nats = [5.0, 8.0, 6.0, 7.2]
    table = table_of(
        VALIDATION,
        ["a", "b", "c", "d"],
        ["a", "b", "c", "d"],
        ["a", "b", "c", "d"],
        {"nats": nats, "tokens": [10] * 4, "bytes": [40] * 4},
    )
    (folder / "trials/EXP-004/rows.parquet").write_bytes(parquet_of([table]))
    best = write_best(decided(folder))
    assert best is not None
    error = statistics.stdev(n / 10 for n in nats) / 2
    half = 3.182446305 * error  # Student's t of 3 degrees of freedom
    said = f"(1.6569 → 0.6565, 95% interval {0.6565 - half:.4f} to {0.6565 + half:.4f}; 4 rows)"
    assert said in best["explanation"]
