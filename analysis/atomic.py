"""Files that appear whole or not at all: a reader never sees half a report."""

import os
import tempfile
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write `text` (UTF-8, newlines as given) beside `path`, then rename it into place.

    Raises OSError where the folder cannot be written; the old file, if any, is then untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    partial = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        adopt(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def adopt(partial: Path, path: Path) -> None:
    """Move a finished file of the same folder to `path`, readable as the umask allows."""
    umask = os.umask(0)
    os.umask(umask)
    partial.chmod(0o666 & ~umask)  # mkstemp makes files that only their owner reads
    partial.replace(path)
