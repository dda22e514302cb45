"""Reading run folders, whole and damaged."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from analysis.files import RunError, read_lines
from analysis.runs import load_run
from sweeps.spec.sections import SearchSpec
from tests.analysis import fixtures


def test_reads_every_trial_in_order(run_folder: Path) -> None:
    run = load_run(run_folder)
    assert run.name == "flashcards"
    assert [t.number for t in run.trials] == list(range(1, 9))
    assert [t.state for t in run.trials] == (
        ["complete"] * 4 + ["stopped", "failed", "failed", "unfinished"]
    )
    assert run.find("EXP-002").metrics["bleu"] == 0.0662
    assert run.base_of(run.find("EXP-002")).metrics["perplexity"] == 5.2432


def test_unfinished_trial_keeps_its_configuration_and_whole_lines(run_folder: Path) -> None:
    trial = load_run(run_folder).find("EXP-008")
    assert trial.parameters["lora.r"] == 8
    assert trial.metrics == {}
    assert [row["step"] for row in trial.curve] == [20, 40, 60, 80]  # the torn line is left out


def test_value_falls_back_to_the_configuration(run_folder: Path) -> None:
    trial = load_run(run_folder).find("EXP-001")
    assert "lora.target_modules" not in trial.parameters
    assert trial.value("lora.target_modules") == ["q_proj", "v_proj"]
    assert trial.value("lora.nothing.here") is None


def test_values_that_are_no_finite_numbers_are_left_out(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    fixtures.write_trial(tmp_path, 1, {}, {"val_loss": math.nan, "bleu": 0.1, "x": "much"})
    assert load_run(tmp_path).find("EXP-001").metrics == {"bleu": 0.1}


def test_lines_split_at_newlines_only(tmp_path: Path) -> None:
    rows = [{"a": "one\u2028line\x85"}, {"a": "two"}]
    path = tmp_path / "lines.jsonl"
    path.write_text(
        "\n".join(json.dumps(r, ensure_ascii=False) for r in rows) + '\n[1]\n{"a', "utf-8"
    )
    assert read_lines(path) == rows


def test_empty_trial_folder_is_no_trial(run_folder: Path) -> None:
    (run_folder / "trials" / "EXP-009").mkdir()
    assert len(load_run(run_folder).trials) == 8


@pytest.mark.parametrize("made", [True, False])
def test_not_a_run(tmp_path: Path, made: bool) -> None:
    folder = tmp_path / "other"
    if made:
        folder.mkdir()
    with pytest.raises(RunError, match=r"other: not a run"):
        load_run(folder)


def test_damaged_record_names_its_file(run_folder: Path) -> None:
    (run_folder / "trials" / "EXP-003" / "record.json").write_text('{"state": "comp')
    with pytest.raises(RunError, match=r"EXP-003/record\.json: is damaged: it is no JSON"):
        load_run(run_folder)


def test_a_spec_of_an_earlier_version_gets_the_defaults_of_today(tmp_path: Path) -> None:
    trial = {"kind": "sft", "model": {"name_or_path": "m", "retired": 1}}
    fixtures.write_head(tmp_path, {"trial": trial})
    run = load_run(tmp_path)
    assert (run.name, run.trial) == (tmp_path.name, trial)
    assert run.search == SearchSpec()


@pytest.mark.parametrize(
    ("search", "told"),
    [
        ({"selection": {"rule": "best"}}, "search.selection.rule: must be 'objective', 'bal"),
        ({"objective": {"metric": "bleu"}}, "search.objective.mode: is missing"),
        ({"parameters": {"lora.r": {}}}, "search.parameters.lora.r: "),
        ({"retired": 1}, "search.retired: is not a known key"),
        ([1], "search: must be a mapping"),
    ],
)
def test_a_search_that_is_none_of_this_version_is_told_by_its_field(
    tmp_path: Path, search: Any, told: str
) -> None:
    fixtures.write_head(tmp_path, {**fixtures.spec(), "search": search})
    with pytest.raises(RunError, match=f"spec.resolved.json: {re.escape(told)}"):
        load_run(tmp_path)


def test_unknown_trial_says_what_there_is(run_folder: Path) -> None:
    with pytest.raises(KeyError, match="EXP-008"):
        load_run(run_folder).find("EXP-999")
