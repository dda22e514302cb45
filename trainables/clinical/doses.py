"""Doses in text: a number and a unit, as one quantity whatever the unit written."""

import re
from typing import NamedTuple

from trainables.clinical.phrases import Lexicon, Mention
from trainables.clinical.words import sentences

UNITS = {  # unit as written: (dimension, factor to the canonical unit)
    "kg": ("mg", 1e6),
    "g": ("mg", 1e3),
    "gm": ("mg", 1e3),
    "gram": ("mg", 1e3),
    "mg": ("mg", 1.0),
    "milligram": ("mg", 1.0),
    "mcg": ("mg", 1e-3),
    "µg": ("mg", 1e-3),
    "μg": ("mg", 1e-3),
    "ug": ("mg", 1e-3),
    "microgram": ("mg", 1e-3),
    "ng": ("mg", 1e-6),
    "nanogram": ("mg", 1e-6),
    "l": ("ml", 1e3),
    "liter": ("ml", 1e3),
    "litre": ("ml", 1e3),
    "dl": ("ml", 1e2),
    "ml": ("ml", 1.0),
    "milliliter": ("ml", 1.0),
    "millilitre": ("ml", 1.0),
    "cc": ("ml", 1.0),
    "iu": ("unit", 1.0),
    "unit": ("unit", 1.0),
    "international unit": ("unit", 1.0),
    "meq": ("meq", 1.0),
    "mmol": ("mmol", 1.0),
    "millimole": ("mmol", 1.0),
    "mol": ("mmol", 1e3),
    "tablet": ("tablet", 1.0),
    "capsule": ("tablet", 1.0),
    "pill": ("tablet", 1.0),
    "puff": ("puff", 1.0),
    "drop": ("drop", 1.0),
}
PER = {  # denominators: canonical name and factor by which the value is divided
    "kg": ("kg", 1.0),
    "kilogram": ("kg", 1.0),
    "m2": ("m2", 1.0),
    "m²": ("m2", 1.0),
    "ml": ("ml", 1.0),
    "dl": ("ml", 1e2),
    "l": ("ml", 1e3),
    "min": ("min", 1.0),
    "minute": ("min", 1.0),
    "h": ("min", 60.0),
    "hr": ("min", 60.0),
    "hour": ("min", 60.0),
    "day": ("day", 1.0),
    "d": ("day", 1.0),
    "week": ("day", 7.0),
    "dose": ("dose", 1.0),
}
NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"


def _either(names: dict[str, tuple[str, float]]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


DOSE = re.compile(
    rf"(?<![\w.])(?P<low>{NUMBER})(?:\s*(?:-|–|to)\s*(?P<high>{NUMBER}))?\s*-?\s*"
    rf"(?P<unit>{_either(UNITS)})s?(?![\w²])"
    rf"(?P<per>(?:\s*(?:/|\b(?:per|a|every)\b)\s*(?:{_either(PER)})(?!\w)|\s+(?:once )?daily\b)*)",
    re.IGNORECASE,
)
DENOMINATOR = re.compile(
    rf"(?:/|\b(?:per|a|every)\b)\s*({_either(PER)})(?!\w)|(daily)\b", re.IGNORECASE
)
DIRECTLY_AFTER = re.compile(r"\s*(?:of\s+)?(?:(?:oral|intravenous|IV|inhaled|low-dose)\s+)?")
EQUAL = 0.01  # relative; 1/3 g written as 333 mg is the same dose


class Dose(NamedTuple):
    """`low` to `high` (equal unless a range was written) in the canonical `unit`, e.g. mg or
    mg/kg/day; `drug` is the concept of the drug that it belongs to, "" where none is near."""

    low: float
    high: float
    unit: str
    drug: str = ""


def doses(text: str, lexicon: Lexicon) -> list[Dose]:
    """The doses of a text, in order. One belongs to the drug right after it ("5 mg of warfarin"),
    else to the last before it in its sentence, else to the first after it."""
    found = []
    for sentence in sentences(text):
        named = [m for m in lexicon.find(sentence) if m.kind == "drug"]
        found += [
            _quantity(match)._replace(drug=_drug_of(match, named, sentence))
            for match in DOSE.finditer(sentence)
        ]
    return found


def _drug_of(match: re.Match[str], named: list[Mention], sentence: str) -> str:
    before = [m.concept for m in named if m.end <= match.start()]
    after = [m for m in named if m.start >= match.end()]
    if after and DIRECTLY_AFTER.fullmatch(sentence[match.end() : after[0].start]):
        return after[0].concept
    return (before[-1:] or [m.concept for m in after[:1]] or [""])[0]


def same_dose(one: Dose, other: Dose) -> bool:
    """The same quantity within 1%, of the same drug or one of them of none."""
    if one.unit != other.unit or (one.drug and other.drug and one.drug != other.drug):
        return False
    return _near(one.low, other.low) and _near(one.high, other.high)


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= EQUAL * max(abs(a), abs(b))


def _quantity(match: re.Match[str]) -> Dose:
    unit, factor = UNITS[match["unit"].lower()]
    for written in DENOMINATOR.finditer(match["per"]):
        per, divisor = PER["day" if written[2] else written[1].lower()]
        unit, factor = f"{unit}/{per}", factor / divisor
    low = float(match["low"].replace(",", ""))
    high = float(match["high"].replace(",", "")) if match["high"] else low
    return Dose(low * factor, high * factor, unit)
