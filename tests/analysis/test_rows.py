"""Results row by row of several trials: the same rows side by side, or a refusal."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.files import RunError
from analysis.rows import load_rows, paired, paired_files
from analysis.runs import Run, load_run
from tests.analysis.fixtures import write_run
from trainables.evaluation.row_results import (
    ANSWERS,
    PAIRS,
    VALIDATION,
    RowTable,
    parquet_of,
    table_of,
)

IDS = ["a", "b", "c"]
NATS = {"EXP-001": [3.0, 1.5, 2.0], "EXP-002": [2.0, 0.25, 8.0]}


def losses(nats: list[float], ids: list[str] = IDS, **more: Any) -> RowTable:
    """A table of the validation loss; its rows' groups are the ids' last letters."""
    given = {"groups": [i[-1] for i in ids], "texts": [f"text of {i}" for i in ids], **more}
    values = {"nats": nats, "tokens": [4, 2, 6][: len(ids)], "bytes": [9, 5, 11][: len(ids)]}
    return table_of(VALIDATION, ids, given["groups"], given["texts"], values)


def keep(run: Run, place: str, *tables: RowTable) -> Path:
    """Writes a trial's file."""
    folder = run.folder / place
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.parquet").write_bytes(parquet_of(tables))
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of which two trials have results row by row."""
    found = load_run(write_run(tmp_path / "run"))
    for trial, nats in NATS.items():
        keep(found, f"trials/{trial}", losses(nats))
    return found


def test_a_loss_is_its_sum_over_that_of_the_tokens(run: Run) -> None:
    found = paired(run, "val_loss", list(NATS))
    assert found is not None
    assert (found.trials, found.ids) == (("EXP-001", "EXP-002"), ("a", "b", "c"))
    assert found.values.tolist() == list(NATS.values())
    assert found.weights.tolist() == [[4, 2, 6]] * 2
    assert found.metrics == pytest.approx([6.5 / 12, 10.25 / 12], abs=1e-15)
    assert found.shares.mean(1) == pytest.approx(found.metrics, abs=1e-15)
    assert found.shares[0] == pytest.approx([3 * 3 / 12, 1.5 * 3 / 12, 2 * 3 / 12])
    assert found.exact
    bits = paired(run, "bits_per_byte", ["EXP-001"])
    assert bits is not None
    assert bits.metrics == pytest.approx([6.5 / np.log(2) / 25])


def test_rows_come_in_the_first_ones_order(run: Run) -> None:
    other = losses([0.25, 8.0, 2.0], ["b", "c", "a"])
    other["values"]["tokens"] = [2, 6, 4]
    keep(run, "trials/EXP-003", other)
    found = paired(run, "val_loss", ["EXP-002", "EXP-003"])
    assert found is not None
    assert found.ids == ("a", "b", "c")
    assert found.values[0].tolist() == found.values[1].tolist()
    assert found.weights[0].tolist() == found.weights[1].tolist()


def test_seeds_and_base_models_have_files_of_their_own(run: Run) -> None:
    keep(run, "trials/EXP-001/seeds/2", losses([1.0, 1.0, 1.0]))
    keep(run, "base/KEY", losses([9.0, 9.0, 9.0]))
    found = paired(run, "val_loss", ["base/KEY", "EXP-001", "EXP-001/seeds/2"])
    assert found is not None
    assert found.metrics == pytest.approx([27 / 12, 6.5 / 12, 3 / 12])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (losses([1.0, 2.0], ["a", "b"]), "3 rows .* EXP-003 on 2 .* of which 2 are the same"),
        (losses([1.0, 2.0, 3.0], ["a", "b", "d"]), "of which 2 are the same"),
        (losses([1.0, 2.0, 3.0], texts=["x", "y", "z"]), "3 are the same by their ids, not"),
        (losses([1.0, 2.0, 3.0], groups=["x", "x", "z"]), "3 are the same by their ids, not"),
        (
            table_of(PAIRS, IDS, IDS, IDS, {"val_loss": [1.0, 2.0, 3.0]}),
            r"3 rows \(validation\) and EXP-003 on 3 \(pairs\)",
        ),
    ],
)
def test_other_rows_are_refused(run: Run, other: RowTable, said: str) -> None:
    keep(run, "trials/EXP-003", other)
    with pytest.raises(RunError, match=said):
        paired(run, "val_loss", ["EXP-001", "EXP-002", "EXP-003"])


def test_a_row_without_a_value_has_no_weight(run: Run) -> None:
    values = ([0.5, None, None], [0.25, None, 1.0])
    for trial, scores in zip(NATS, values, strict=True):
        table = table_of(ANSWERS, IDS, IDS, IDS, {"rouge1": scores, "bleu": scores})
        keep(run, f"trials/{trial}", losses(NATS[trial]), table)
    found = paired(run, "rouge1", list(NATS))
    assert found is not None
    assert found.ids == ("a", "c")  # of b nobody has a value
    assert found.weights.tolist() == [[1, 0], [1, 1]]
    assert found.metrics.tolist() == [0.5, 0.625]
    whole = paired(run, "bleu", list(NATS))
    assert whole is not None
    assert not whole.exact  # BLEU is of all rows at once
    assert paired(run, "rouge2", list(NATS)) is None


def test_a_run_of_before_has_none_and_one_of_both_says_which_lack_it(run: Run) -> None:
    assert load_rows(run.folder / "trials/EXP-003") is None
    assert paired(run, "val_loss", ["EXP-003", "EXP-004"]) is None
    assert paired(run, "minutes", list(NATS)) is None
    with pytest.raises(RunError, match="EXP-003, EXP-004 has no such results, EXP-001 has"):
        paired(run, "val_loss", ["EXP-001", "EXP-003", "EXP-004"])


def test_the_sets_of_a_file(run: Run) -> None:
    scores = table_of(ANSWERS, ["a"], ["g"], ["t"], {"rouge1": [0.5]})
    sets = load_rows(keep(run, "trials/EXP-001", losses(NATS["EXP-001"]), scores))
    assert sets is not None
    assert {name: len(rows) for name, rows in sets.items()} == {VALIDATION: 3, ANSWERS: 1}
    assert sets[VALIDATION].columns.keys() == {"nats", "tokens", "bytes"}
    assert sets[ANSWERS].columns.keys() == {"rouge1"}
    assert sets[ANSWERS].ids.to_pylist() == ["a"]


@pytest.mark.parametrize("content", [b"", b"PAR1 no", parquet_of([losses([1.0, 2.0, 3.0])])[:-9]])
def test_a_broken_file_is_named(run: Run, content: bytes) -> None:
    file = run.folder / "trials/EXP-001/rows.parquet"
    file.write_bytes(content)
    with pytest.raises(RunError, match=r"EXP-001/rows\.parquet: cannot be read as Parquet"):
        paired(run, "val_loss", list(NATS))
    with pytest.raises(RunError, match="cannot be read"):
        load_rows(file)


def test_results_of_evaluate_are_compared_alike(tmp_path: Path) -> None:
    files = {}
    for name, hits in (("base", [1.0, 0.0, 1.0]), ("tuned", [1.0, 1.0, None])):
        table = table_of("medqa", IDS, IDS, IDS, {"accuracy": hits, "probability": [0.4] * 3})
        files[name] = tmp_path / f"{name}.rows.parquet"
        files[name].write_bytes(parquet_of([table]))
    found = paired_files(files, "medqa_accuracy")
    assert found is not None
    assert found.metrics == pytest.approx([2 / 3, 1.0])
