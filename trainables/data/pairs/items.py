"""Pairs made of the items of a published format: what LiveQA, MEDEC and MedSafetyBench share."""

from collections.abc import Callable, Iterable
from functools import partial

from trainables.data.formats import reading
from trainables.data.items import Item
from trainables.data.pairs.config import PairSourceConfig
from trainables.data.pairs.pair import PairReader, PreferencePair, SourcePairs

Make = Callable[[list[Item]], Iterable[PreferencePair]]


def reader(make: Make, split: str) -> PairReader:
    """A reader of the format that the section names; `split` is read where none is asked for."""
    return PairReader(partial(_fingerprint, split), partial(_read, make, split))


def _fingerprint(split: str, config: PairSourceConfig, online: bool) -> str | None:
    return reading.fingerprint_of(config.as_data(split), online)


def _read(make: Make, split: str, config: PairSourceConfig, fingerprint: str) -> SourcePairs:
    data = config.as_data(split)
    found = reading.read_items(
        data.source, data.format, data.subset, data.hub_split, data.revision, None
    )
    pairs = list(make(found.items))
    return SourcePairs(pairs, found.version, found.citation, found.licence)
