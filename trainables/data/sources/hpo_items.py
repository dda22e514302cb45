"""Questions made of the Human Phenotype Ontology: what `hpo:PART` reads.

definitions      a finding's name → the experts' definition
lay              a finding's name → the names that patients use (synonyms of type layperson)
diseases         a disease → its findings (phenotype.hpoa, aspect P, without those ruled out)
multiple_choice  a definition → the finding, among findings with the same parent

Names and definitions stand as the ontology has them. Questions on findings are grouped by branch
of the ontology, those on diseases by the disease's name (the same one in OMIM and ORPHANET).
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from trainables.data.items import Item
from trainables.data.sources.obo import OntologyTerm, branch_of_terms, lineages
from trainables.data.splitting import seeded_order

DEFINITION = 'What does the clinical finding "{name}" mean?'
LAY = 'How would you say "{name}" in plain words to a patient?'
DISEASE = "Which clinical findings are seen in {name}?"
CHOICE = 'Which clinical finding is this? "{definition}"'
OPTIONS = 4
MOST_FINDINGS = 20  # of a disease, the most frequent ones
SEED = 0  # of options and their order
# frequency of a finding among patients, https://hpo.jax.org: the middle of each class
FREQUENCY = {
    "HP:0040280": 1.0,  # obligate
    "HP:0040281": 0.895,  # very frequent, 80-99%
    "HP:0040282": 0.545,  # frequent, 30-79%
    "HP:0040283": 0.17,  # occasional, 5-29%
    "HP:0040284": 0.025,  # very rare, 1-4%
    "HP:0040285": 0.0,  # excluded
}

Terms = Mapping[str, OntologyTerm]


def definitions(terms: Terms, annotations: str) -> Iterator[Item]:
    """Every current finding (a descendant of ROOT) that has a definition."""
    for term, branch in findings(terms):
        if term.definition:
            yield Item(term.id, branch, DEFINITION.format(name=term.name), term.definition)


def lay(terms: Terms, annotations: str) -> Iterator[Item]:
    """Every current finding with lay names; the first is the answer, all are accepted."""
    for term, branch in findings(terms):
        names = tuple(n for n in term.lay if n.casefold() != term.name.casefold())
        if names:
            question = LAY.format(name=term.name)
            yield Item(f"{term.id}-lay", branch, question, names[0], answers=names)


def diseases(terms: Terms, annotations: str) -> Iterator[Item]:
    """Every disease with its findings, the most frequent first; `subject` is the database."""
    for identity, (name, shares) in _annotated(annotations).items():
        known = [finding for finding in shares if finding in terms]
        known.sort(key=lambda finding: (-shares[finding], terms[finding].name))
        found = tuple(terms[finding].name for finding in known[:MOST_FINDINGS])
        if found:
            group = f"disease:{name.casefold()}"
            question = DISEASE.format(name=name)
            subject = identity.partition(":")[0]
            yield Item(identity, group, question, "; ".join(found), answers=found, subject=subject)


def multiple_choice(terms: Terms, annotations: str) -> Iterator[Item]:
    """Every defined finding with three siblings or more; right answers are as often A as B, C, D.

    Siblings have a parent in common with the finding and are no ancestor or descendant of it.
    """
    others = siblings(terms)
    asked = [(t, b) for t, b in findings(terms) if t.definition]
    asked = [(t, b) for t, b in asked if len(others(t)) >= OPTIONS - 1]
    drawn = sorted(asked, key=lambda pair: seeded_order(SEED, "place", pair[0].id))
    places = {term.id: number % OPTIONS for number, (term, _) in enumerate(drawn)}
    for term, branch in asked:
        place = places[term.id]
        options = [terms[other].name for other in others(term)[: OPTIONS - 1]]
        options.insert(place, term.name)
        question = CHOICE.format(definition=term.definition)
        yield Item(
            f"{term.id}-choice", branch, question, term.name, options=tuple(options), gold=place
        )


PARTS: dict[str, Callable[[Terms, str], Iterator[Item]]] = {
    "definitions": definitions,
    "lay": lay,
    "diseases": diseases,
    "multiple_choice": multiple_choice,
}


def findings(terms: Terms) -> Iterator[tuple[OntologyTerm, str]]:
    """Every current finding with its branch."""
    branches = branch_of_terms(terms)
    for term in terms.values():
        if not term.obsolete and term.id in branches:
            yield term, branches[term.id]


def siblings(terms: Terms) -> Callable[[OntologyTerm], list[str]]:
    """A term's siblings with other names, in an order drawn for that term."""
    above = lineages(terms)
    children: dict[str, list[str]] = defaultdict(list)
    for other in terms.values():
        for parent in () if other.obsolete else other.parents:
            children[parent].append(other.id)

    def of(term: OntologyTerm) -> list[str]:
        found = {child for parent in term.parents for child in children[parent]}
        names: dict[str, str] = {}
        for other in sorted(found - above[term.id]):
            if term.id not in above[other]:
                names.setdefault(terms[other].name.casefold(), other)
        names.pop(term.name.casefold(), None)
        return sorted(names.values(), key=lambda o: seeded_order(SEED, f"option {term.id}", o))

    return of


def _annotated(annotations: str) -> dict[str, tuple[str, dict[str, float]]]:
    """Disease id → (name, share of patients by finding); 0.5 where no frequency is given."""
    lines = (line for line in io.StringIO(annotations) if not line.startswith("#"))
    found: dict[str, tuple[str, dict[str, float]]] = {}
    for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        share = _share(row["frequency"])
        if row["aspect"] == "P" and row["qualifier"] != "NOT" and share > 0:
            shares = found.setdefault(row["database_id"], (row["disease_name"], {}))[1]
            shares[row["hpo_id"]] = max(share, shares.get(row["hpo_id"], 0.0))
    return found


def _share(frequency: str) -> float:
    """A frequency as hpoa writes it (a term, "3/7" or "45%") as a share of patients."""
    if not frequency:
        return 0.5
    if frequency in FREQUENCY:
        return FREQUENCY[frequency]
    if frequency.endswith("%"):
        return float(frequency[:-1]) / 100
    part, _, whole = frequency.partition("/")
    return int(part) / int(whole) if int(whole) else 0.0
