"""What identifies the content of the data sets that a section names, for people to compare."""

from collections.abc import Iterator

from trainables.data.components import components_of
from trainables.data.held_out import all_held
from trainables.data.keys import FORMAT, apart_of, online_fingerprints
from trainables.data.pairs.config import AnyData, PairsConfig
from trainables.data.pairs.registry import reader_of

READING = f"as {FORMAT}"  # how rows and tokens are made of them: other code, other rows

# of a data section, what changes nothing about the source itself
_SPLITTING = {"cleaning", "seed", "split", "folds", "fold"}
_MADE_OF_IT = {*_SPLITTING, "system_prompt", "limit", "weights"}


def source_words(data: AnyData) -> str:
    """What of a section names its sources: the same for those that only make other rows of them."""
    return data.model_dump_json(exclude=_MADE_OF_IT)


def source_fingerprints(data: AnyData) -> Iterator[tuple[str, str]]:
    """(source, what identifies its content) of each data set: a file's SHA-256, a hub's commit.

    Asks the network where need be. Raises InputError.
    """
    if isinstance(data, PairsConfig):
        apart = [own for source in data.seen for _, own in all_held(source, source.label)]
        apart += [own for _, own in all_held(data, "")] if data.mixture else []
        for source in (*data.seen, *data.unseen, *apart):
            found = reader_of(source).fingerprint(source, True)
            if found is not None:
                yield _named(source.source, source.hub_split), found
        return
    parts = components_of(data)
    parts.update(apart_of(data))
    for label, found in online_fingerprints(data).items():
        part = parts.get(label)
        yield _named(part.source, part.hub_split) if part else label, found


def _named(source: str, split: str | None) -> str:
    return source if split in (None, "train") else f"{source} ({split})"
