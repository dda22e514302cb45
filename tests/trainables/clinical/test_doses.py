"""Doses by hand."""

import pytest

from trainables.clinical.doses import Dose, doses, same_dose
from trainables.clinical.lexicon import drug_lexicon


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.5 g of acetaminophen", [Dose(500, 500, "mg", "drug:acetaminophen")]),
        ("Tylenol 4,000 mg per day", [Dose(4000, 4000, "mg/day", "drug:acetaminophen")]),
        ("amoxicillin 40-45 mg/kg/day", [Dose(40, 45, "mg/kg/day", "drug:amoxicillin")]),
        ("500 micrograms", [Dose(0.5, 0.5, "mg")]),
        ("500 mcg", [Dose(0.5, 0.5, "mg")]),
        ("500 µg", [Dose(0.5, 0.5, "mg")]),
        ("2.5mg", [Dose(2.5, 2.5, "mg")]),
        (".5 mg", [Dose(0.5, 0.5, "mg")]),
        ("5 mg daily", [Dose(5, 5, "mg/day")]),
        ("5 mg every day", [Dose(5, 5, "mg/day")]),
        ("5 mg every 6 hours", [Dose(5, 5, "mg")]),
        ("126 mg/dL", [Dose(1.26, 1.26, "mg/ml")]),
        ("10 to 20 units", [Dose(10, 20, "unit")]),
        ("60 mg/h", [Dose(1, 1, "mg/min")]),
        ("a 25-mg tablet", [Dose(25, 25, "mg")]),
        ("20 mg of morphine and 5 mg of diazepam", [
            Dose(20, 20, "mg", "drug:morphine"), Dose(5, 5, "mg", "drug:diazepam"),
        ]),
        ("warfarin at 5 mg", [Dose(5, 5, "mg", "drug:warfarin")]),
        ("in 2019, 30% of 12 patients aged 5 to 7 at 37 degrees", []),
        ("version 1.2.3 mg", []),
        ("3 mgs of it", [Dose(3, 3, "mg")]),
        ("B12 mg", []),
    ],
)  # fmt: skip
def test_doses(text: str, expected: list[Dose]) -> None:
    found = doses(text, drug_lexicon())
    assert [(d.unit, d.drug) for d in found] == [(d.unit, d.drug) for d in expected]
    for dose, wanted in zip(found, expected, strict=True):
        assert (dose.low, dose.high) == pytest.approx((wanted.low, wanted.high), rel=1e-12)


def test_the_same_dose() -> None:
    one = Dose(500, 500, "mg", "drug:aspirin")
    assert same_dose(one, Dose(500, 500, "mg"))
    assert same_dose(one, Dose(504, 504, "mg", "drug:aspirin"))
    assert not same_dose(one, Dose(506, 506, "mg", "drug:aspirin"))
    assert not same_dose(one, Dose(500, 500, "mg/day", "drug:aspirin"))
    assert not same_dose(one, Dose(500, 500, "mg", "drug:ibuprofen"))
    assert not same_dose(one, Dose(500, 1000, "mg", "drug:aspirin"))
