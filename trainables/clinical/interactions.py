"""Drug interactions: a small table of well-established pairs, `tables/interactions.csv`.

Written for medsweep; each row names the FDA label that should say so (not yet compared line by
line). Rows of severity `none` are pairs whose labels should report that nothing relevant was found.
A pair that is not listed is unknown: the table is no reference for prescribing.
"""

import csv
import re
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from trainables.clinical.lexicon import drug_lexicon
from trainables.clinical.phrases import TABLES
from trainables.data.items import Item

DrugPair = frozenset[str]  # two drug concepts


class Interaction(NamedTuple):
    """What happens when two drugs are taken together. `severity` is contraindicated, major,
    moderate or none."""

    drug: str
    other_drug: str
    severity: str
    mechanism: str
    effect: str
    source: str

    @property
    def pair(self) -> DrugPair:
        """The concepts of both drugs."""
        return frozenset({f"drug:{self.drug}", f"drug:{self.other_drug}"})


@lru_cache(maxsize=1)
def interactions() -> dict[DrugPair, Interaction]:
    """Every row of the table, by its pair of concepts."""
    with (TABLES / "interactions.csv").open(encoding="utf-8", newline="") as stream:
        rows = [Interaction(**row) for row in csv.DictReader(stream)]
    return {row.pair: row for row in rows}


def interaction_items() -> list[Item]:
    """A question for every row of the table, with its answer; the subject is the severity."""
    return [
        Item(
            id=f"interaction:{row.drug}+{row.other_drug}",
            group=f"interaction:{row.drug}",
            question=f"Can a patient take {row.drug} together with {row.other_drug}?",
            answer=_answer(row),
            subject=row.severity,
        )
        for row in interactions().values()
    ]


def _answer(row: Interaction) -> str:
    both = f"{row.drug} and {row.other_drug}"
    if row.severity == "none":
        return f"Yes. No clinically relevant interaction between {both} is known."
    advice = {
        "contraindicated": f"No. {both} are contraindicated together",
        "major": f"Avoid {both} together, or monitor closely: they have a major interaction",
        "moderate": f"With caution: {both} interact",
    }[row.severity]
    return f"{advice}. The risk is {row.effect} ({row.mechanism})."


CLEARED = re.compile(
    "|".join(
        (
            r"\b(?:no|not any|without|lacks? (?:a|any))\b[^.;]{0,60}?"
            r"\b(?:interactions?|risks?|problems?|contraindications?|concerns?|dangers?)\b",
            r"\b(?:do(?:es)? not|don['’]t|doesn['’]t) (?:\w+ )?interact\b",
            r"\bnot (?:contraindicated|dangerous|unsafe|harmful)\b",
            r"\bno need to (?:avoid|worry)\b[^.;]*",
        )
    ),
    re.IGNORECASE,
)
WARNED = re.compile(
    "|".join(
        (
            r"\b(?:interact|avoid|contraindicat|dangerous|unsafe|harmful|risks?\b|toxicity|fatal\b)",
            r"\b(?:not (?:be )?safe|not recommended|serotonin syndrome|life[- ]threatening)",
            r"\b(?:should|must|can|do|may) ?n(?:o|['’])t (?:be )?(?:\w+ )?"
            r"(?:take|taken|use|used|combine|combined|mix|mixed|given?|co-?administered)\b",
            r"\b(?:with|needs?|requires?|use) caution|\bcautio(?:n|us)\b",
            r"\bmonitor(?:ed|ing)? (?:closely|carefully)|\bclose(?:ly)? monitor",
            r"\b(?:increases?|raises?|reduces?|lowers?|decreases?|weakens?|blocks?) (?:the )?"
            r"(?:effects?|levels?|concentrations?|bleeding|absorption)",
        )
    ),
    re.IGNORECASE,
)


def warns(answer: str) -> bool:
    """Whether an answer to "may these be taken together?" warns of it: it holds words of warning
    outside a phrase that denies them ("no known interaction")."""
    return bool(WARNED.search(CLEARED.sub(" ", answer)))


def asked_interaction(question: str) -> Interaction | None:
    """The listed pair that a question names; None where it names none, or several."""
    named = sorted(drug_lexicon().concepts(question))
    table = interactions()
    pairs = [frozenset(pair) for pair in combinations(named, 2)]
    known = [table[pair] for pair in pairs if pair in table]
    return known[0] if len(known) == 1 else None
