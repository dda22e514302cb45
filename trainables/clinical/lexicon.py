"""The dictionaries of clinical terms, built once a process from wheels and the drug table."""

import csv
from functools import lru_cache

from trainables.clinical.drugs import drug_phrases
from trainables.clinical.hpo_terms import finding_phrases
from trainables.clinical.icd10 import diagnosis_phrases
from trainables.clinical.phrases import TABLES, Lexicon, Phrase
from trainables.clinical.words import folded


@lru_cache(maxsize=1)
def clinical_lexicon() -> Lexicon:
    """Findings (HPO), diagnoses (ICD-10-CM) and drugs; about 2 s and two downloads, once."""

    sources = (drug_phrases(), finding_phrases(), diagnosis_phrases(), supplement())
    return Lexicon((phrase for source in sources for phrase in source), everyday())


def supplement() -> list[Phrase]:
    """Everyday names and abbreviations that the ontologies lack, `tables/supplement.csv`; the
    concept is one of the other phrases, which it joins."""
    with (TABLES / "supplement.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = {(row["phrase"], row["concept"]) for row in rows} | {
        (row["concept"],) * 2 for row in rows
    }
    return [Phrase(text, concept, "diagnosis") for text, concept in sorted(names)]


@lru_cache(maxsize=1)
def drug_lexicon() -> Lexicon:
    """Drugs and substances alone, by generic and brand name; needs no download."""

    return Lexicon(drug_phrases())


@lru_cache(maxsize=1)
def everyday() -> frozenset[str]:
    """Phrases of the ontologies that ordinary sentences use in another sense."""
    lines = (TABLES / "everyday.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(" ".join(folded(line)) for line in lines if not line.startswith("#"))
