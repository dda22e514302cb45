"""Blind forms: what raters get says nothing about who answered."""

import csv
import io
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from analysis.named import named_trial
from analysis.ratings.errors import RatingError
from analysis.ratings.forms import write_form
from analysis.ratings.pairs import pairs_form
from analysis.ratings.sheets import sheet_form
from analysis.ratings.sources import EMPTY, RatingSource, source_of
from analysis.runs import load_run
from tests.analysis import fixtures

NOTICE = "Educational use only, not medical advice"


def source(name: str, answers: dict[str, str], context: str = "") -> RatingSource:
    return RatingSource(name, name, answers, {i: (f"Question {i}?", context) for i in answers})


def many(name: str, count: int = 40) -> RatingSource:
    return source(name, {str(i): f"{name[-1]} says {i}" for i in range(count)})


def written(form: Any, folder: Path, **options: Any) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """The CSV's rows and the key."""
    output = folder / "form.csv"
    _, key = write_form(form, folder / "run", output, **options)
    delimiter = ";" if options.get("semicolon") else ","
    text = output.read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
    return rows, json.loads(key.read_text(encoding="utf-8"))


def test_the_key_says_which_side_is_whose(tmp_path: Path) -> None:
    first, second = many("EXP-001"), many("base")
    rows, key = written(pairs_form(first, second, None, 3), tmp_path)
    assert len(rows) == 40 == len(key["items"])
    answers = {"EXP-001": first.answers, "base": second.answers}
    for row in rows:
        shown = key["items"][row["item"]]
        assert row["question"] == f"Question {shown['question']}?"
        for side in "AB":
            assert row[f"answer_{side.lower()}"] == answers[shown[side]][shown["question"]]


def test_sides_are_even_and_at_random() -> None:
    form = pairs_form(many("EXP-001"), many("base"), 31, 0)
    sides = [shown["A"] for shown in form.key]
    assert sorted(Counter(sides).values()) == [15, 16]
    assert len({tuple(sides[i : i + 2]) for i in range(30)}) == 4
    questions = [shown["question"] for shown in form.key]
    assert len(set(questions)) == 31
    assert questions != sorted(questions, key=int)


def test_a_seed_gives_the_same_form_and_another_another() -> None:
    forms = [pairs_form(many("EXP-001"), many("base"), 10, seed) for seed in (1, 1, 2)]
    assert forms[0] == forms[1]
    assert forms[0].id == forms[1].id != forms[2].id


def test_identical_answers_are_not_asked_about() -> None:
    first = source("EXP-001", {"1": "same", "2": "mine", "3": "only mine"})
    form = pairs_form(first, source("base", {"1": "same", "2": "yours"}), None, 0)
    assert [shown["question"] for shown in form.key] == ["2"]
    assert form.about["identical"] == 1
    with pytest.raises(RatingError, match="1 questions answered by both, all with the same words"):
        pairs_form(first, source("base", {"1": "same"}), None, 0)


def test_a_sheet_mixes_all_answers(tmp_path: Path) -> None:
    sources = [many("EXP-001"), many("base"), many("reference")]
    rows, key = written(sheet_form(sources, 12, 0), tmp_path, semicolon=True)
    shown = [key["items"][row["item"]] for row in rows]
    assert Counter(s["source"] for s in shown) == {s.name: 12 for s in sources}
    by_question = Counter(s["question"] for s in shown)
    assert set(by_question.values()) == {3}
    order = [s["question"] for s in shown]
    assert sum(a == b for a, b in pairwise(order)) < 12
    empty = ("accuracy", "harm", "hallucination", "usability", "comment", "rater", NOTICE)
    assert {row[column] for row in rows for column in empty} == {""}


def test_a_context_is_shown_where_there_is_one() -> None:
    with_context = source("EXP-001", {"1": "a"}, "A trial of 20 patients.")
    form = pairs_form(with_context, source("base", {"1": "b"}), None, 0)
    assert form.rows[0]["context"] == "A trial of 20 patients."
    assert "context" in form.columns
    assert "context" not in pairs_form(many("EXP-001"), many("base"), 2, 0).columns


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    first = source("EXP-001", {"1": '=HYPERLINK("x")', "2": "- a list"})
    second = source("base", {"1": "+1", "2": "plain, 'quoted'\nlines; more"})
    rows, _ = written(pairs_form(first, second, None, 0), tmp_path)
    cells = {row[side] for row in rows for side in ("answer_a", "answer_b")}
    assert cells == {'\'=HYPERLINK("x")', "'- a list", "'+1", "plain, 'quoted'\nlines; more"}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    form = pairs_form(many("EXP-001"), many("base"), 2, 0)
    (tmp_path / "form.csv").write_text("somebody's ratings")
    with pytest.raises(RatingError, match="exists already"):
        write_form(form, tmp_path, tmp_path / "form.csv")
    assert not (tmp_path / "ratings").exists()


def test_a_run_s_forms_name_no_model_and_no_trial(run_folder: Path, tmp_path: Path) -> None:
    trial = run_folder / "trials" / "EXP-004" / "predictions.jsonl"
    lines = [json.loads(line) for line in trial.read_text().splitlines()]
    lines[0]["prediction"] = f"I am tinyllama-1.1b-chat-v1.0, or {fixtures.MODEL}."
    lines[1]["prediction"] = ""
    trial.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run = load_run(run_folder)
    best = named_trial(run)
    sources = [source_of(run, name, best) for name in ("best", "base", "EXP-02", "reference")]
    for form in (pairs_form(*sources[:2], None, 0), sheet_form(sources, None, 0)):
        folder = tmp_path / form.kind
        folder.mkdir()
        written(form, folder)
        seen = (folder / "form.csv").read_text(encoding="utf-8-sig")
        guide = (folder / "form.txt").read_text(encoding="utf-8")
        assert "I am [model], or [model]." in seen
        assert EMPTY in seen
        for text in (seen, guide):
            assert NOTICE in text
            lowered = text.lower()
            assert not [n for n in ("llama", "exp-0", "baseline", "best") if n in lowered]


def test_sources_are_the_run_s_own(run_folder: Path) -> None:
    run = load_run(run_folder)
    best = named_trial(run)
    found = {name: source_of(run, name, best) for name in ("best", "base", "reference", "EXP-002")}
    assert [s.name for s in found.values()] == ["EXP-004", "base", "reference", "EXP-002"]
    assert found["EXP-002"].label == "EXP-02"
    assert found["reference"].answers["row-0"] == fixtures.QUESTIONS[0][1]
    assert found["base"].answers["row-0"].startswith("As a helpful assistant")


def test_examples_of_the_spec_are_not_rated(run_folder: Path) -> None:
    path = run_folder / "trials" / "EXP-004" / "predictions.jsonl"
    with path.open("a") as stream:
        stream.write(json.dumps({"id": "example-1", "question": "q", "prediction": "p"}) + "\n")
    run = load_run(run_folder)
    answers = source_of(run, "best", named_trial(run)).answers
    assert list(answers) == [f"row-{i}" for i in range(5)]


def test_a_trial_without_answers_is_told(run_folder: Path) -> None:
    run = load_run(run_folder)
    with pytest.raises(RatingError, match="no recorded answers of EXP-005"):
        source_of(run, "EXP-005", named_trial(run))
