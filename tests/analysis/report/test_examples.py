"""Which answers are shown as examples."""

import json
from pathlib import Path

from analysis.report.examples import conversations, examples, spread
from analysis.runs import Run, load_run
from tests.analysis import fixtures


def _rows(*questions: str) -> list[dict[str, str]]:
    return [{"id": str(i), "question": q} for i, q in enumerate(questions)]


def test_each_part_gives_the_question_least_like_those_before() -> None:
    rows = _rows("what is a", "what is b", "what is a", "where does it act", "what is b", "how")
    # parts: 0-1, 2-3, 4-5; the first of the first, then the one that shares fewest words
    assert [row["id"] for row in spread(rows, 3)] == ["0", "3", "5"]


def test_of_equals_the_earlier_and_never_more_than_there_are() -> None:
    rows = _rows("a", "b", "c", "d")
    assert [row["id"] for row in spread(rows, 2)] == ["0", "2"]
    assert [row["id"] for row in spread(rows, 9)] == ["0", "1", "2", "3"]
    assert spread([], 4) == []


def _with_example(folder: Path) -> Run:
    for path in (folder / "trials" / "EXP-004", folder / "base" / fixtures.BASE):
        row = {"id": "example-1", "question": "Capital of France?", "prediction": path.name}
        with (path / "predictions.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
    return load_run(folder)


def test_the_spec_s_questions_stand_apart(run_folder: Path) -> None:
    run = _with_example(run_folder)
    best = run.find("EXP-004")
    (asked,) = conversations(run, best)
    assert (asked.question, asked.reference) == ("Capital of France?", None)
    assert (asked.base, asked.best) == (fixtures.BASE, "EXP-004")
    assert asked.question not in [example.question for example in examples(run, best)]
    assert len(examples(run, best)) == 4
    assert conversations(run, None) == examples(run, None) == []
