"""`toy:drugs`: 240 questions on invented drugs, made on the spot, for tests and for learning.

A drug's suffix tells its class, and the class its use, as with real drug names, so a tiny model can
answer for a drug it has not seen. A group is one drug (a family shares the suffix across groups):
were a whole family held out, nothing could be learnt about it. The drugs do not exist.
"""

from collections.abc import Iterator
from typing import NamedTuple

from trainables.data.config import DataConfig
from trainables.data.rows import Row
from trainables.data.sources.source import SourceRows
from trainables.errors import InputError

VERSION = "1"


class Family(NamedTuple):
    """Drugs that share a suffix."""

    suffix: str
    drug_class: str
    use: str
    target: str


FAMILIES = (
    Family("olol", "a beta blocker", "high blood pressure", "beta receptors in the heart"),
    Family("pril", "an ACE inhibitor", "heart failure", "the angiotensin converting enzyme"),
    Family("statin", "a statin", "high cholesterol", "HMG-CoA reductase in the liver"),
    Family("prazole", "a proton pump inhibitor", "stomach ulcers", "the acid pump of the stomach"),
    Family("cillin", "a penicillin", "bacterial infections", "the cell wall of bacteria"),
    Family("triptan", "a triptan", "migraine attacks", "serotonin receptors in the brain"),
    Family("caine", "a local anaesthetic", "pain in minor surgery", "sodium channels of nerves"),
    Family("gliptin", "a DPP-4 inhibitor", "type 2 diabetes", "the enzyme that breaks down GLP-1"),
)
STEMS = ("ba", "ce", "dori", "fena", "lumo", "mira", "nevo", "rasu", "tilo", "zu")
QUESTIONS = (
    ("class", "What kind of drug is {drug}?", "{drug} is {family.drug_class}."),
    ("use", "When is {drug} given?", "Doctors give {drug} for {family.use}."),
    ("target", "Where does {drug} act?", "It acts on {family.target}."),
)


def fingerprint(config: DataConfig, online: bool) -> str:
    """The version of the generator."""
    if config.source != "toy:drugs":
        raise InputError("data.source", config.source, "no such toy data", "Write toy:drugs.")
    return f"toy:drugs:{VERSION}"


def read(config: DataConfig, fingerprint: str) -> SourceRows:
    """All rows, always the same."""
    return SourceRows(list(drug_rows()), f"toy:drugs {VERSION}", None, "Apache-2.0 (generated)")


def drug_rows() -> Iterator[Row]:
    """Three rows a drug, ten drugs a family."""
    for family in FAMILIES:
        for stem in STEMS:
            drug = (stem + family.suffix).capitalize()
            for topic, question, answer in QUESTIONS:
                yield Row(
                    id=f"{drug.lower()}-{topic}",
                    group=drug.lower(),
                    question=question.format(drug=drug),
                    answer=answer.format(drug=drug, family=family),
                )
