"""Drug names: 823 generic names with other names and a class each, `tables/drugs.csv`.

Written for medsweep from public facts (US labels; international names where they differ). Names
were checked against the FDA's UNII list (public domain, https://precision.fda.gov/uniisearch): a
brand name listed there belongs to the substance it stands beside here.
"""

import csv
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from trainables.clinical.phrases import TABLES, Phrase


class Drug(NamedTuple):
    """A drug: its US generic name, brand and other names, and its class."""

    generic: str
    other_names: tuple[str, ...]
    drug_class: str


@lru_cache(maxsize=1)
def drugs() -> tuple[Drug, ...]:
    """Every row of the table."""
    with (TABLES / "drugs.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return tuple(
        Drug(r["generic"], tuple(filter(None, r["other_names"].split("|"))), r["drug_class"])
        for r in rows
    )


def drug_phrases() -> Iterator[Phrase]:
    """Each name of each drug; the concept is `drug:GENERIC`. What is also food or drink is of
    kind `substance`."""
    for drug in drugs():
        kind = "substance" if drug.drug_class == "substance" else "drug"
        for name in (drug.generic, *drug.other_names):
            yield Phrase(name, f"drug:{drug.generic}", kind)
