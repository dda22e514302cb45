"""`toy:drugs` as pairs, for tests and for learning: the answer on a drug against the answer to the
same question on a drug of another family. The drugs do not exist."""

from collections.abc import Iterator

from trainables.data.pairs.config import PairSourceConfig
from trainables.data.pairs.pair import PairReader, PreferencePair, SourcePairs
from trainables.data.sources import toy
from trainables.errors import InputError

VERSION = "1"


def fingerprint(config: PairSourceConfig, online: bool) -> str:
    """The version of the generator. Raises InputError."""
    if config.source != "toy:drugs":
        raise InputError("data.source", config.source, "no such toy pairs", "Write toy:drugs.")
    return f"toy:drugs:pairs:{VERSION}:{toy.VERSION}"


def read(config: PairSourceConfig, fingerprint: str) -> SourcePairs:
    """All pairs, always the same."""
    return SourcePairs(list(pairs()), f"toy:drugs {VERSION}", None, "Apache-2.0 (generated)")


def pairs() -> Iterator[PreferencePair]:
    """Three pairs a drug; the rejected answer is that on the next family, the drug's name kept."""
    for place, family in enumerate(toy.FAMILIES):
        other = toy.FAMILIES[(place + 1) % len(toy.FAMILIES)]
        for stem in toy.STEMS:
            drug = (stem + family.suffix).capitalize()
            for topic, question, answer in toy.QUESTIONS:
                yield PreferencePair(
                    id=f"{drug.lower()}-{topic}",
                    group=drug.lower(),
                    question=question.format(drug=drug),
                    chosen=answer.format(drug=drug, family=family),
                    rejected=answer.format(drug=drug, family=other),
                )


READER = PairReader(fingerprint, read)
