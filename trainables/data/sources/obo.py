"""Terms of the Human Phenotype Ontology, read from the text of its OBO file.

The text of a definition is not altered, but for its OBO escapes (licence: cite, show the version,
do not alter). Format: https://owlcollab.github.io/oboformat/doc/GO.format.obo-1_4.html
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

ROOT = "HP:0000118"  # Phenotypic abnormality; terms outside it are not findings
DEFINITION = re.compile(r'"((?:[^"\\]|\\.)*)"')
LAY = re.compile(r'"((?:[^"\\]|\\.)*)" EXACT layperson')
ESCAPES = {"n": "\n", "t": "\t", "W": " "}


class OntologyTerm(NamedTuple):
    """A [Term] of the ontology; `definition` is None where the experts wrote none."""

    id: str
    name: str
    definition: str | None
    parents: tuple[str, ...]
    obsolete: bool
    lay: tuple[str, ...] = ()  # exact synonyms of type layperson


def parse_obo(text: str) -> dict[str, OntologyTerm]:
    """Every [Term] block of an OBO file, by id."""
    blocks = (block for block in text.split("\n\n") if block.lstrip().startswith("[Term]"))
    terms = (_term(block) for block in blocks)
    return {term.id: term for term in terms}


def branch_of_terms(terms: Mapping[str, OntologyTerm]) -> dict[str, str]:
    """Each descendant of ROOT to its branch: the smallest id among its ancestors two levels down.

    The first level is an organ system ("Abnormality of the eye"), the second a part of it. A term
    in several branches takes the smallest id; a first-level term is its own branch.
    """
    first = {term.id for term in terms.values() if ROOT in term.parents}
    second = {term.id for term in terms.values() if first & set(term.parents)}
    branches = {}
    for term_id, lineage in lineages(terms).items():
        if branch := min(lineage & second, default=None) or min(lineage & first, default=None):
            branches[term_id] = branch
    return branches


def lineages(terms: Mapping[str, OntologyTerm]) -> dict[str, frozenset[str]]:
    """Each term to itself and all its ancestors."""
    known: dict[str, frozenset[str]] = {}
    return {term_id: _lineage(term_id, terms, known) for term_id in terms}


def _lineage(
    term_id: str, terms: Mapping[str, OntologyTerm], known: dict[str, frozenset[str]]
) -> frozenset[str]:
    """The term and all its ancestors."""
    if term_id not in known:
        parents = terms[term_id].parents if term_id in terms else ()
        above = (_lineage(parent, terms, known) for parent in parents)
        known[term_id] = frozenset({term_id}).union(*above)
    return known[term_id]


def _term(block: str) -> OntologyTerm:
    tags: dict[str, list[str]] = {}
    for line in block.split("\n"):
        tag, _, value = line.partition(": ")
        tags.setdefault(tag, []).append(value)
    quoted = DEFINITION.match(tags["def"][0]) if "def" in tags else None
    return OntologyTerm(
        id=tags["id"][0],
        name=_unescape(tags["name"][0]),
        definition=_unescape(quoted[1]) if quoted else None,
        parents=tuple(value.split(" ", 1)[0] for value in tags.get("is_a", [])),
        obsolete=tags.get("is_obsolete") == ["true"],
        lay=tuple(_unescape(m[1]) for s in tags.get("synonym", []) if (m := LAY.match(s))),
    )


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda escape: ESCAPES.get(escape[1], escape[1]), text)
