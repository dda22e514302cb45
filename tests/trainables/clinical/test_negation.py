"""NegEx on sentences after the paper's and on traps."""

import pytest

from trainables.clinical.negation import polarity
from trainables.clinical.phrases import Lexicon, Phrase

NAMES = ("fever", "cough", "chills", "rash", "pneumonia", "chest pain", "nausea", "headache", "dvt")
LEXICON = Lexicon([Phrase(name, name, "finding") for name in NAMES])


@pytest.mark.parametrize(
    ("text", "denied", "affirmed"),
    [
        ("No evidence of pneumonia.", "pneumonia", ""),
        (
            "The patient denies chest pain, nausea, fever or chills.",
            "chest pain,nausea,fever,chills",
            "",
        ),
        ("She denies fever but reports cough.", "fever", "cough"),
        ("Pneumonia was ruled out.", "pneumonia", ""),
        ("DVT is unlikely.", "dvt", ""),
        ("Not only fever but also cough.", "", "fever,cough"),
        ("No change in cough.", "", "cough"),
        ("Gram-negative pneumonia.", "", "pneumonia"),
        ("Without treatment, pneumonia spreads.", "", "pneumonia"),
        ("A rash without fever; headache.", "fever", "rash,headache"),
        ("No man who works hard all day gets nausea.", "", "nausea"),  # six words and "who"
        ("He had no really very bad and quite terrible long fever.", "", "fever"),  # six words
        ("No really very bad terrible fever.", "fever", ""),  # four words
        ("No fever. Cough.", "fever", "cough"),
        ("Fever can't be excluded by touch, and cough isn't seen.", "cough", ""),
        ("No fever in May. Fever in June.", "", "fever"),  # once affirmed is affirmed
        ("The absence of fever does not rule out pneumonia.", "fever", "pneumonia"),
        ("Notable fever, knotted cough.", "", "fever,cough"),
    ],
)
def test_polarity(text: str, denied: str, affirmed: str) -> None:
    found = polarity(text, LEXICON)
    for name in filter(None, denied.split(",")):
        assert found[name] is False, name
    for name in filter(None, affirmed.split(",")):
        assert found[name] is True, name
