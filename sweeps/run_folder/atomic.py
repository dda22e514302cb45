"""Files and folders that are whole or absent, whenever the process is killed."""

import errno
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file in one step, flushed to the disk before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with draft.open("xb") as stream:  # not mkstemp: its files ignore the umask
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Replace a text file in one step: UTF-8, newlines as given."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Replace a JSON file in one step. NaN is refused: it is not JSON."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    write_bytes(path, encoded(text + "\n"))


@contextmanager
def where_writable() -> Iterator[None]:
    """For what repeats the rest (tables, best.json): left unwritten on a read-only disk, or in the
    folder of somebody else, where it can be read all the same."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise


def encoded(text: str) -> bytes:
    """JSON as UTF-8; half a surrogate pair (from a file name, say) as its JSON escape."""
    return text.encode("utf-8", "backslashreplace")


@contextmanager
def new_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder to fill that then appears in `parent` in one step, and the earlier ones there go:
    those that are named as this function names them, and nothing else.

    Until then they are what a reader finds. Where one is called `name`, the new one is `name-1`,
    which sorts after it.
    """
    parent.mkdir(parents=True, exist_ok=True)
    final, number = parent / name, 0
    while final.exists():
        number += 1
        final = parent / f"{name}-{number}"
    draft = parent / f".{final.name}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        yield draft
        draft.rename(final)
    except BaseException:  # of a full disk, say: half of it would take what room there is
        shutil.rmtree(draft, ignore_errors=True)
        raise
    for older in parent.iterdir():
        if older != final and _alike(older.name, name):
            shutil.rmtree(older, ignore_errors=True)


def is_draft_or_step(name: str) -> bool:
    """Whether a folder is a checkpoint, `step-NNNNNNNN` or `step-NNNNNNNN-K`, or a draft of one."""
    return _alike(name, f"step-{0:08d}")


def _alike(name: str, pattern: str) -> bool:
    """Whether a name differs from another in its numbers alone, or is a draft's of such a name."""
    wanted = re.sub(r"\d+", lambda found: rf"\d{{{len(found[0])},}}", re.escape(pattern))
    return re.fullmatch(rf"\.?{wanted}(-\d+)?", name) is not None
