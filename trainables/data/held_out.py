"""Rows of their own for validation and test: `data.validation`, `data.test`.

They are read as the training rows are (`fields`, `format`, prompts), from files, folders or a
published split of the same source, and cleaned by themselves.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

from trainables.data.config import DataConfig
from trainables.data.formats.files import named_split
from trainables.data.formats.registry import FORMATS
from trainables.data.pairs.config import PairSourceConfig
from trainables.data.rows_apart import SPLIT, named_rows
from trainables.data.sources import files
from trainables.errors import InputError

Which = Literal["validation", "test"]
HELD: tuple[Which, Which] = ("validation", "test")
S = TypeVar("S", DataConfig, PairSourceConfig)
# what belongs to the training rows alone
BARE = {"limit": None, "validation": None, "test": None}
WHOLE = {"mixture": None, "weights": None}  # of a section whose rows apart are a mixture's


def held_parts(part: S, which: Which) -> list[S]:
    """A section for each file or split that `validation` or `test` names, in the order named, a
    folder's files by name; none where the rows are split off. Raises InputError."""
    found: list[S] = []
    for name in named_rows(getattr(part, which)):
        if name.startswith(SPLIT):
            found.append(_of_split(part, which, name.removeprefix(SPLIT)))
        else:
            found += (_of_file(part, which, file) for file in _files(part, which, name))
    return found


def held_label(component: str, which: Which, number: int) -> str:
    """The key of such a section's fingerprint: no component's name has a `/`."""
    return f"{component}/{which}/{number}"


def all_held(part: S, component: str) -> Iterator[tuple[str, S]]:
    """Every section of rows apart, by its label. Raises InputError."""
    for which in HELD:
        for number, own in enumerate(held_parts(part, which)):
            yield held_label(component, which, number), own


def prefix(which: Which, number: int, of: int) -> str:
    """What ids of such rows begin with: they are not those of training rows."""
    return f"{which}/" if of == 1 else f"{which}-{number + 1}/"


def at_held(error: InputError, which: Which) -> InputError:
    """The error where `which` is written, not at `data.source`."""
    field = f"data.{which}" if error.field in ("data.source", "data.hub_split") else error.field
    return InputError(field, error.value, error.message, error.fix)


def _of_split(part: S, which: Which, split: str) -> S:
    return part.model_copy(update={**_bare(part), **_allowed(which), "hub_split": split})


def _of_file(part: S, which: Which, file: Path) -> S:
    update = {
        **_bare(part),
        **_allowed(which),
        "source": str(file),
        "revision": None,
        "subset": None,
    }
    format = FORMATS.get(part.format or "")
    if format is None:
        return part.model_copy(update={**update, "hub_split": _unsplit(part)})
    split = named_split(file, format, which) or part.hub_split or "train"
    return part.model_copy(update={**update, "hub_split": split})


def _bare(part: S) -> dict[str, Any]:
    return BARE | {name: v for name, v in WHOLE.items() if name in type(part).model_fields}


def _unsplit(part: S) -> str | None:
    """What a file without a format has: no split."""
    return "train" if isinstance(part, DataConfig) else None


def _allowed(which: Which) -> dict[str, bool]:
    """A benchmark's test set may be the test, and nothing that is chosen by."""
    return {"allow_benchmark_training": True} if which == "test" else {}


def _files(part: S, which: Which, name: str) -> list[Path]:
    """The file, or a folder's; a folder in a published layout is one."""
    place = Path(name).expanduser()
    if place.is_file():
        return [place]
    field = f"data.{which}"
    if not place.is_dir():
        fix = f"Give a file, a folder or {SPLIT}NAME; relative paths start at {Path.cwd()}."
        raise InputError(field, name, "no such file or folder", fix)
    if part.format in FORMATS:
        return [place]
    found = sorted(f for f in place.iterdir() if f.suffix.lower() in files.READERS and f.is_file())
    if not found:
        kinds = ", ".join(files.READERS)
        raise InputError(field, name, "the folder holds no file of rows", f"Put {kinds} there.")
    return found
