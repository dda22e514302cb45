"""`hpo:siblings`: a clinical finding's definition against that of a sibling (mechanical negatives).

The question, the definitions and the groups are those of `hpo:definitions`. The rejected answer is
the definition of a finding with a parent in common that is no ancestor or descendant: the right
subject, the wrong finding. A definition that is chosen in one pair is, on average once, rejected in
another, so none can be told by itself.
"""

from collections.abc import Iterator

from trainables.data.pairs.config import PairSourceConfig
from trainables.data.pairs.pair import PairReader, PreferencePair, SourcePairs
from trainables.data.sources import hpo
from trainables.data.sources.hpo_items import DEFINITION, Terms, findings, siblings
from trainables.errors import InputError

SOURCE = "hpo:siblings"


def fingerprint(config: PairSourceConfig, online: bool) -> str:
    """The pinned wheel; needs no network. Raises InputError."""
    if config.source != SOURCE:
        message, fix = "hpo has no such pairs", f"Write {SOURCE}."
        raise InputError("data.source", config.source, message, fix)
    return f"wheel:{hpo.WHEEL}:{hpo.WHEEL_SHA256}:siblings"


def read(config: PairSourceConfig, fingerprint: str) -> SourcePairs:
    """All pairs, in the order of the ontology's file."""
    terms, version = hpo.read_terms()
    return SourcePairs(list(pairs(terms)), version, hpo.CITATION, hpo.LICENCE)


def pairs(terms: Terms) -> Iterator[PreferencePair]:
    """A pair a finding that has a definition and a sibling with another one."""
    of = siblings(terms)
    for term, branch in findings(terms):
        defined = (terms[other].definition for other in of(term))
        other = next((text for text in defined if text and text != term.definition), None)
        if term.definition and other:
            yield PreferencePair(
                term.id, branch, DEFINITION.format(name=term.name), term.definition, other
            )


READER = PairReader(fingerprint, read)
