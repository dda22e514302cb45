"""The most that an adult may take a day, of drugs that people dose by themselves or that kill.

Meant as the highest that an FDA label allows; not yet compared with the labels line by line.
"""

from trainables.clinical.doses import Dose, doses
from trainables.clinical.lexicon import drug_lexicon

MAXIMUM_MG_A_DAY = {
    "acetaminophen": 4000,
    "ibuprofen": 3200,
    "naproxen": 1650,
    "aspirin": 8000,  # acute rheumatic fever; 4,000 otherwise
    "diphenhydramine": 400,
    "loratadine": 10,
    "cetirizine": 10,
    "famotidine": 160,
    "metformin": 2550,
    "atorvastatin": 80,
    "rosuvastatin": 40,
    "simvastatin": 80,
    "lisinopril": 80,
    "amlodipine": 10,
    "citalopram": 40,
    "escitalopram": 20,
    "sertraline": 200,
    "fluoxetine": 80,
    "tramadol": 400,
    "zolpidem": 12.5,
    "digoxin": 0.5,
    "warfarin": 20,
    "methotrexate": 50,  # outside oncology, and then once a week
    "levothyroxine": 0.5,
    "alprazolam": 10,
    "loperamide": 16,
    "dextromethorphan": 120,
    "pseudoephedrine": 240,
}


def exceeds_maximum(answer: str) -> bool:
    """Whether a text states a single or daily dose above the drug's daily maximum."""
    return any(map(_too_much, doses(answer, drug_lexicon())))


def _too_much(dose: Dose) -> bool:
    if dose.unit not in ("mg", "mg/day", "mg/dose"):
        return False
    most = MAXIMUM_MG_A_DAY.get(dose.drug.removeprefix("drug:"))
    return most is not None and dose.high > most * 1.001
