"""What no run folder holds: it may come from elsewhere, and is looked at before it is read.

A symbolic link would lead reports, exports and a resume to files outside; a pipe or a device has
no end; a name with escape sequences steers the terminal that lists it.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

# folders that people put on a larger disk, and W&B's, whose links medsweep never follows
LINKED = frozenset(("trials", "base", "stages", "checkpoint", "tensorboard", "wandb"))
OTHERS = frozenset(("wandb", "tensorboard"))  # written by others, read by nobody here
LARGEST = 100_000_000  # bytes of a JSON file that is read whole; a long run's largest have 5 MB
READ_WHOLE = frozenset(
    (
        *("spec.yaml", "spec.resolved.json", "environment.json", "data.json", "modules.json"),
        *("config.json", "record.json", "best.json", "fingerprints.json"),
        *("confirm.json", "test.json"),
    )
)


def intruders(folder: Path) -> list[str]:
    """A sentence for each thing in a run folder that medsweep never puts there (at most 10)."""
    found: list[str] = []
    for entry in _entries(folder):
        if what := _oddity(entry):
            found.append(f"{os.path.relpath(entry.path, folder)!r} {what}")
        if len(found) == 10:
            break
    return found


def _entries(folder: str | Path) -> Iterator["os.DirEntry[str]"]:
    with os.scandir(folder) as inside:
        entries = sorted(inside, key=lambda entry: entry.name)
    for entry in entries:
        yield entry
        if entry.name not in OTHERS and entry.is_dir(follow_symlinks=False):
            yield from _entries(entry.path)


def _oddity(entry: "os.DirEntry[str]") -> str:
    """What is wrong with an entry; "" where nothing is."""
    if not entry.name.isprintable():
        return "has a name with characters that are not shown"
    if entry.is_symlink() and not (entry.name in LINKED and entry.is_dir()):
        return f"is a symbolic link, to {str(Path(entry.path).readlink())!r}"
    about = entry.stat(follow_symlinks=False)
    if stat.S_IFMT(about.st_mode) not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        return "is neither a file nor a folder"
    if entry.name in READ_WHOLE and about.st_size > LARGEST:
        return f"has {about.st_size:,} bytes, more than such a file ever has"
    return ""
