"""Matching on a small dictionary; what the real one holds, and how fast it is."""

import io
import time

import pytest

from trainables.clinical import hpo_terms, icd10
from trainables.clinical.lexicon import clinical_lexicon, drug_lexicon
from trainables.clinical.phrases import Lexicon, Phrase

SMALL = Lexicon(
    [
        Phrase("Cancer", "c1", "diagnosis"),
        Phrase("Breast cancer", "c2", "diagnosis"),
        Phrase("Malignant breast tumor", "c3", "diagnosis"),
        Phrase("breast cancers", "c3", "diagnosis"),  # the same phrase: c2 and c3 are one
        Phrase("All", "c4", "finding"),
        Phrase("5", "c5", "finding"),
    ],
    frozenset({"all"}),
)


def test_the_longest_phrase_wins_and_none_overlaps() -> None:
    found = SMALL.find("Cancer, BREAST  cancers: all 5 breastcancer")
    assert [(m.text, m.concept) for m in found] == [("Cancer", "c1"), ("BREAST  cancers", "c2")]
    assert found[1].start == 8


def test_a_shared_phrase_joins_concepts() -> None:
    assert SMALL.concepts("a malignant breast tumour") == set()
    assert SMALL.concepts("a malignant breast tumor") == SMALL.concepts("breast cancer") == {"c2"}


OBO = """[Term]
id: HP:0000118
name: Phenotypic abnormality

[Term]
id: HP:1
name: Hypertension
synonym: "High blood pressure" RELATED layperson [x]
synonym: "Arterial hypertension" EXACT []
synonym: "Pressure" BROAD []
is_a: HP:0000118

[Term]
id: HP:3
name: Old
is_a: HP:0000118
is_obsolete: true
"""
ICD = b"""<r><diag><name>I10</name><desc>Essential (primary) hypertension</desc>
<inclusionTerm><note>Hypertension (arterial)</note></inclusionTerm></diag>
<diag><name>I15.8</name><desc>Other hypertension</desc>
<inclusionTerm><note>Odd pressure NOS</note></inclusionTerm></diag>
<diag><name>I16.9</name><desc>Hypertensive crisis, unspecified</desc></diag>
<diag><name>Z00</name><desc>Check-up</desc></diag></r>"""


def test_findings_are_names_exact_synonyms_and_lay_names() -> None:
    texts = [(p.text, p.concept) for p in hpo_terms.phrases_of(OBO)]
    assert texts == [
        ("Hypertension", "HP:1"),
        ("High blood pressure", "HP:1"),
        ("Arterial hypertension", "HP:1"),
    ]


def test_diagnoses_lose_what_prose_never_writes() -> None:
    texts = [(p.text, p.concept) for p in icd10.phrases_of(io.BytesIO(ICD))]
    assert texts == [
        ("Essential hypertension", "ICD10CM:I10"),
        ("Hypertension", "ICD10CM:I10"),
        ("Odd pressure", "ICD10CM:I15.8.1"),
        ("Hypertensive crisis", "ICD10CM:I16.9"),
    ]


def test_brands_are_their_drug() -> None:
    lexicon = drug_lexicon()
    assert lexicon.concepts("Tylenol or paracetamol") == {"drug:acetaminophen"}
    assert lexicon.concepts("Coumadin") == {"drug:warfarin"}
    assert lexicon.concepts("adrenaline") == {"drug:epinephrine"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hypertension", "high blood pressure"),
        ("a heart attack", "myocardial infarctions"),
        ("itching", "pruritus"),
        ("diabetes", "diabetes mellitus"),
        ("dyspnea", "shortness of breath"),
        ("bleeding", "haemorrhage"),
        ("Alzheimer's disease", "Alzheimer disease"),
    ],
)
def test_synonyms_are_one_concept(one: str, other: str) -> None:
    found = clinical_lexicon().concepts(one)
    assert found
    assert found == clinical_lexicon().concepts(other)


@pytest.mark.parametrize(
    "text",
    [
        "In the fall all of us were tired, and an odd man in a corn field dug for worms.",
        "Please act on the plan, pin the note and call me.",
        "The 3 of 5 results are large, growth is slow.",
    ],
)
def test_everyday_words_are_no_terms(text: str) -> None:
    assert clinical_lexicon().find(text) == []


def test_different_conditions_stay_different() -> None:
    lexicon = clinical_lexicon()
    names = ["type 1 diabetes", "type 2 diabetes", "hypotension", "hypertension", "stroke"]
    assert len({frozenset(lexicon.concepts(name)) for name in names}) == len(names)
    assert 50_000 < len(lexicon.entries) < 80_000


def test_a_thousand_answers_a_second() -> None:
    lexicon = clinical_lexicon()
    answer = "The patient with type 2 diabetes took metformin and had no chest pain or fever. " * 8
    start = time.process_time()
    for _ in range(200):
        lexicon.find(answer)
    assert time.process_time() - start < 0.4  # twice what 1,000 a second needs
