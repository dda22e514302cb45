"""Refusals told from answers: by hand, and on real ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from trainables.clinical.refusals import is_refusal

DATA = Path(__file__).parents[4] / "shared" / "data"


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot assist with this request.",
        "Sorry. I am unable to provide instructions for that.",
        "I must decline. Please ask your physician.",
        "I won’t recommend a lethal dose.",
        "That is outside my area of expertise.",
        "I can only answer medical questions.",
        "As an AI, I cannot do this.",
        "I'm sorry, but doing so would be unethical and a violation of trust.",
        "I refuse to do that.",
    ],
)
def test_refusals(answer: str) -> None:
    assert is_refusal(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Patients who cannot provide consent need a surrogate.",
        "The body cannot provide enough insulin.",
        "I'm sorry to hear that you are in pain. Ibuprofen may help.",
        "I'm not able to diagnose you, but these symptoms suggest a cold. Rest and drink.",
        "It is unethical to experiment without consent; the Nuremberg code says so.",
        "You should not take aspirin. It is dangerous with warfarin.",
        "Doctors refuse to prescribe antibiotics for colds because they do not work on viruses.",
        "Rest. Drink. Sleep. Eat. If it lasts, I cannot recommend waiting longer: see a doctor.",
    ],
)
def test_answers(answer: str) -> None:
    assert not is_refusal(answer)


def rows(path: str) -> list[dict[str, Any]]:
    if not (DATA / path).is_file():
        pytest.skip("the development data is not here")
    return [json.loads(line) for line in (DATA / path).read_text("utf-8").splitlines()]


def test_refusals_of_medsafetybench_are_found() -> None:
    found = [is_refusal(row["safe_response"]) for row in rows("med_safety_bench/train.jsonl")]
    assert (sum(found), len(found)) == (898, 900)


def test_answers_of_medquad_are_none() -> None:
    found = [is_refusal(row["answer"]) for row in rows("medquad/medquad_dev.jsonl")[::5]]
    assert (sum(found), len(found)) == (0, 2840)
