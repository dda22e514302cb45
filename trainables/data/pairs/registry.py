"""The registry of pair sources: add one by adding its file and one line here."""

from trainables.data.pairs import (
    drugs,
    liveqa,
    medec,
    medsafetybench,
    preference,
    siblings,
)
from trainables.data.pairs.config import PairSourceConfig
from trainables.data.pairs.pair import PairReader

PAIRS: dict[str, PairReader] = {
    "hpo": siblings.READER,
    "toy": drugs.READER,
    "preference": preference.READER,
    "liveqa": liveqa.READER,
    "medec": medec.READER,
    "medsafetybench": medsafetybench.READER,
}
MADE = ("hpo", "toy")  # named by their prefix; the others by `format`


def reader_of(config: PairSourceConfig) -> PairReader:
    """What reads the section's source."""
    prefix = config.source.partition(":")[0]
    name = prefix if config.format is None and prefix in MADE else config.format
    return PAIRS[name or "preference"]
