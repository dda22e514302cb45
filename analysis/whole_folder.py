"""Writing a folder so that it is there whole, or not at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DRAFT = ".medsweep-draft-"  # before a process's own number, in a folder that is being written


@contextmanager
def whole_folder(destination: Path) -> Iterator[Path]:
    """A draft near `destination` to write into, which becomes `destination` at the end.

    `destination` must be absent or an empty folder (`occupied`). Where the block raises, the draft
    and all folders made for it are removed, so that nothing stands in the way of the next try; what
    a killed process left is removed by the next one. Nothing else is ever removed or overwritten.
    Raises OSError where the disk refuses.
    """
    target = destination.resolve()
    made = [parent for parent in target.parents if not parent.exists()]  # the nearest first
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = _draft(target)
        lock = _locked(draft)
        try:
            yield draft
            _put(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            os.close(lock)
    except BaseException:
        for parent in made:
            with suppress(OSError):  # not empty: somebody uses it
                parent.rmdir()
        raise


def occupied(destination: Path) -> bool:
    """Whether there is anything at `destination` but an empty folder, or one with nothing but the
    draft that a killed process left."""
    if not destination.is_dir():
        return destination.exists() or destination.is_symlink()
    return any(not _left(path) for path in destination.iterdir())


def _draft(target: Path) -> Path:
    """A new folder beside the target, where it can become it in one step; within it where it is
    the working directory of this process, a disk of its own, or its parent cannot be written to."""
    beside = target.parent / f"{DRAFT}{target.name}-{os.getpid()}"
    within = target / f"{DRAFT}{os.getpid()}"
    for old in (*target.parent.glob(f"{DRAFT}{target.name}-*"), *target.glob(f"{DRAFT}*")):
        if _left(old):
            shutil.rmtree(old, ignore_errors=True)
    if target.is_dir() and (target == Path.cwd() or target.is_mount()):
        within.mkdir()
        return within
    try:
        beside.mkdir()
    except OSError:
        if not target.is_dir():
            raise
        within.mkdir()
        return within
    return beside


def _locked(folder: Path) -> int:
    """An open lock on a folder, which ends with this process."""
    handle = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # a disk without locks
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handle


def _left(path: Path) -> bool:
    """Whether this is a draft whose process is gone."""
    if not path.name.startswith(DRAFT) or path.is_symlink() or not path.is_dir():
        return False
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _put(draft: Path, target: Path) -> None:
    """The draft takes the target's place, or its files come out of it."""
    if draft.parent == target:
        _unpack(draft, target)
    elif target.exists() and any(target.iterdir()):
        raise FileExistsError(17, "something was put there meanwhile", str(target))
    else:
        draft.rename(target)  # refused by the system where the target is not empty


def _unpack(draft: Path, target: Path) -> None:
    if any(path != draft for path in target.iterdir()):
        raise FileExistsError(17, "something was put there meanwhile", str(target))
    moved: list[Path] = []
    try:
        for path in sorted(draft.iterdir()):
            moved.append(path.rename(target / path.name))
    except BaseException:
        for path in moved:
            path.rename(draft / path.name)
        raise
