"""A data set of the Hugging Face hub, always at a known commit; data files only, never its code.

A branch, a tag or no revision is resolved to a commit first, so that the cache cannot hold one
content under another's key. Without the network the newest commit known locally is used.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from trainables.data.config import DataConfig
from trainables.data.sources.columns import TableRecord, how_read, rows_of, unread_by_rows
from trainables.data.sources.source import SourceRows
from trainables.errors import InputError

COMMIT = re.compile(r"[0-9a-f]{40}")
TIMEOUT_SECONDS = 15.0


def fingerprint(config: DataConfig, online: bool) -> str | None:
    """Name, subset, split and commit; None when offline and never fetched before."""
    commit = _commit(config, online)
    return commit and f"hub:{config.source}:{config.subset}:{config.hub_split}:{commit}"


def read(config: DataConfig, fingerprint: str) -> SourceRows:
    """All rows of the split, in its order; a row's id is its number from 0, as on the hub."""
    commit = fingerprint.rpartition(":")[2]
    found = list(records(config, commit))
    rows = rows_of(found, config.fields, config.source, config.rationale)
    how = how_read(found, config.fields)
    said = "".join(f" ({what})" for what in how)
    how = (*how, *unread_by_rows(found, config.fields))
    return SourceRows(rows, f"commit {commit}{said}", None, licence(config, commit), how)


def records(config: DataConfig, commit: str) -> Iterator[TableRecord]:
    """The records of the split at that commit; raises InputError."""
    import datasets

    try:
        table = datasets.load_dataset(
            config.source, config.subset, revision=commit, split=config.hub_split, streaming=False
        )
    except (*_failures(), datasets.exceptions.DatasetsError) as error:
        raise _unavailable(config, error) from error
    for number, cells in enumerate(table):
        where = f"{config.source} ({config.hub_split}), row {number}"
        yield TableRecord(str(number), where, cells)


def _commit(config: DataConfig, online: bool) -> str | None:
    revision = config.revision or "main"
    if COMMIT.fullmatch(revision):
        return revision
    if not online:
        return _known_commit(config.source, revision)
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    try:
        info = HfApi().dataset_info(config.source, revision=revision, timeout=TIMEOUT_SECONDS)
    except RevisionNotFoundError as error:
        raise InputError(
            "data.revision", revision, f"{config.source} has no such revision"
        ) from error
    except RepositoryNotFoundError as error:
        raise _unavailable(config, error) from error
    except _failures() as error:
        if known := _known_commit(config.source, revision):
            return known
        raise _unavailable(config, error) from error
    return str(info.sha)


def _known_commit(name: str, revision: str) -> str | None:
    """What the revision pointed to when the hub's own cache last looked."""
    from huggingface_hub.constants import HF_HUB_CACHE

    refs = Path(HF_HUB_CACHE) / f"datasets--{name.replace('/', '--')}" / "refs"
    try:
        commit = (refs / revision).read_text().strip()
    except OSError:
        return None
    return commit if COMMIT.fullmatch(commit) else None


def licence(config: DataConfig, commit: str) -> str | None:
    """The licence that the data set's card names, where it can be asked."""
    from huggingface_hub import HfApi

    try:
        info = HfApi().dataset_info(config.source, revision=commit, timeout=TIMEOUT_SECONDS)
    except _failures():
        return None
    named = info.card_data.get("license") if info.card_data else None
    return str(named) if named else None


def _failures() -> tuple[type[Exception], ...]:
    """What the hub's libraries raise; a failed connection is httpx's own error, not an OSError."""
    # imported from where the hub's client has it: which HTTP library it uses has changed before
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

    return (OSError, ValueError, HTTPError)


def _unavailable(config: DataConfig, error: Exception) -> InputError:
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return InputError(
        "data.source",
        config.source,
        f"could not be loaded from the Hugging Face hub: {first}",
        "Check the name, data.subset, data.hub_split and the network (HF_ENDPOINT, HF_TOKEN); "
        "offline use a local file or hpo:definitions.",
    )
