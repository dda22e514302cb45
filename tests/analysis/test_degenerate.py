"""The verdict against the base model names answers that say nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.best import write_best
from analysis.decision import decided
from analysis.degenerate import degenerate, degenerate_told
from analysis.runs import TrialView

SENTENCE = "Metformin lowers the production of glucose in the liver and makes cells use insulin."
LOOP = "the patient should see a doctor and " * 6
KINDS = {
    "one_word": [
        "e e e e t e",
        "t t t t t tttttt",
        "aaaaaaaaaaaa",
        "pain pain pain pain",
        "no " * 40,
    ],
    "loops": [LOOP, "Take the drug. Take the drug. Take the drug. Take the drug. Take the drug."],
    "empty": ["", "  \n"],
}
FINE = [
    *(SENTENCE, "A", "yes", "1000000", "No, no.", "5 mg, 10 mg or 20 mg", "Mississippi"),
    "The dose is 5 mg for adults and 2 mg for children; the dose for elderly people is 2 mg.",
]


def answered(folder: Path, *answers: str, **more: Any) -> TrialView:
    file = folder / "predictions.jsonl"
    rows = [{"id": str(n), "question": "?", "prediction": a, **more} for n, a in enumerate(answers)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return TrialView("EXP-001", 1, predictions=file)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind(kind: str, tmp_path: Path) -> None:
    for answer in KINDS[kind]:
        found = degenerate(answered(tmp_path, answer))
        assert found is not None
        assert getattr(found, kind) == 1, answer


@pytest.mark.parametrize("answer", FINE)
def test_what_is_an_answer(answer: str, tmp_path: Path) -> None:
    found = degenerate(answered(tmp_path, answer))
    assert found is not None
    assert found.worst == 0


def test_what_the_reference_does_too_is_no_fault(tmp_path: Path) -> None:
    found = degenerate(answered(tmp_path, "ha ha ha ha", reference="no no no no"))
    assert found is not None
    assert found.worst == 0


def test_shares_are_told_beside_the_base_model_s(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    found = degenerate(answered(tmp_path, *["e e e e e"] * 6, *[SENTENCE] * 4))
    base = degenerate(answered(tmp_path / "base", SENTENCE, ""))
    assert degenerate_told(found, base) == (
        "Caution: of its 10 kept answers 60% repeat one word or letter (the base model's: 0%)."
    )
    assert degenerate_told(base, None) == "Caution: of its 2 kept answers 50% are empty."
    assert degenerate_told(degenerate(answered(tmp_path, SENTENCE)), None) == ""
    assert degenerate_told(None, base) == ""


def test_answers_to_benchmarks_are_none_of_them(tmp_path: Path) -> None:
    assert degenerate(answered(tmp_path, "B", benchmark="medqa")) is None
    assert degenerate(TrialView("EXP-001", 1)) is None


def test_cut_answers_are_told_with_what_they_say(tmp_path: Path) -> None:
    found = degenerate(answered(tmp_path, "e e e e e", truncated=True))
    assert "100% are cut at the limit of their length" in degenerate_told(found, None)


def test_the_summary_says_it_after_the_verdict(run_folder: Path) -> None:
    for file in run_folder.glob("trials/*/predictions.jsonl"):
        rows = [{**json.loads(line), "prediction": "e e e e"} for line in file.open()]
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    best = write_best(decided(run_folder))
    assert best is not None
    verdict, caution = "better in Val Loss", "kept answers 100% repeat one word or letter"
    assert verdict in best["explanation"].split(caution)[0]
    assert best["answers"]["one_word"] == 1
