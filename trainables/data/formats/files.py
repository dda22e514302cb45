"""Which local files hold a split of a data set, in its published layout."""

from pathlib import Path

from trainables.data.formats.format import Format
from trainables.data.formats.pubmedqa import GROUND_TRUTH
from trainables.errors import InputError

COMPANIONS = (GROUND_TRUTH,)  # read with the files they lie beside


def split_files(place: Path, format: Format, split: str) -> list[Path]:
    """The files of the split at a file or in a folder, in order of name; raises InputError.

    A file whose published name says that it is another split is refused, never read as this one.
    """
    if format.splits and split not in format.splits:
        fix = f"Write one of {', '.join(format.splits)}."
        raise InputError("data.hub_split", split, "the format has no such split", fix)
    if place.is_file():
        _refuse_other(place, format, split)
        return [place]
    if not place.is_dir():
        fix = f"Give an existing file or folder; relative paths start at {Path.cwd()}."
        raise InputError("data.source", str(place), "no such file or folder", fix)
    if files := _matching(place, format, split):
        return files
    there = [name for name in format.splits if _matching(place, format, name)]
    message = f"no file of the split {split!r}: looked for {', '.join(format.splits[split])}"
    fix = f"Write data.hub_split: {there[0]}." if there else "Name the file itself."
    raise InputError("data.source", str(place), message, fix)


def named_split(place: Path, format: Format, wanted: str) -> str | None:
    """The split that a file is by its published name, or that a folder holds: `wanted` before
    others; None where names tell nothing."""
    for split in sorted(format.splits, key=lambda name: name != wanted):
        if (
            any(map(place.match, format.splits[split]))
            if place.is_file()
            else _matching(place, format, split)
        ):
            return split
    return None


def companions(place: Path) -> list[Path]:
    """Files beside the data that change how it is read."""
    folder = place if place.is_dir() else place.parent
    return [folder / name for name in COMPANIONS if (folder / name).is_file()]


def _matching(folder: Path, format: Format, split: str) -> list[Path]:
    patterns = format.splits[split]
    return sorted({p for pattern in patterns for p in folder.rglob(pattern) if p.is_file()})


def _refuse_other(file: Path, format: Format, split: str) -> None:
    named = [s for s, patterns in format.splits.items() if any(map(file.match, patterns))]
    if named and split not in named:
        message = f"{file.name} is the split {named[0]!r} by its name, and {split!r} is asked for"
        fix = f"Write data.hub_split: {named[0]}."
        raise InputError("data.source", str(file), message, fix)
