"""Folders for temporary files: private, locked while their process lives, and removed even after a
kill. The path of that of Ray's session is short too."""

import atexit
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY = "medsweep-tmp-"
PREFIX = "medsweep-ray-"  # mkdtemp adds 8 characters
SOCKET = "r/session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store"  # what Ray adds
SOCKET_BYTES = 107  # the longest path that a Unix socket can have
LONGEST_PARENT = SOCKET_BYTES - len(PREFIX) - 8 - len(SOCKET) - 2
_own: list[tuple[Path, Callable[[], None]]] = []  # of `temporary_files`, with their unlocking
YOUNG_SECONDS = 60.0  # another driver may be between making its folder and locking it


def make_scratch(parent: Path | None = None) -> tuple[Path, Callable[[], None]]:
    """A new private folder (mode 0700), locked while this process lives, and its unlocking.

    Folders that killed drivers left behind are removed first.
    """
    return _locked(PREFIX, parent or scratch_parent())


@contextmanager
def temporary_files() -> Iterator[Path]:
    """What this process, and those that it starts meanwhile, put into temporary files is in one
    folder: libraries (W&B's, when it is imported) make some that a killed worker cannot remove. It
    goes at this process' end, or as `make_scratch` does it: a library may keep a path in it."""
    usual, variable = tempfile.gettempdir(), os.environ.get("TMPDIR")
    folder, release = _locked(TEMPORARY, Path(usual))
    _own.append((folder, release))
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = usual
        os.environ.pop("TMPDIR")
        if variable is not None:
            os.environ["TMPDIR"] = variable


@atexit.register
def remove_temporary_files() -> None:
    """Remove all of `temporary_files`: at this process' end, or before one without ceremony."""
    while _own:
        folder, release = _own.pop()
        release()
        shutil.rmtree(folder, ignore_errors=True)


def _locked(prefix: str, root: Path) -> tuple[Path, Callable[[], None]]:
    remove_abandoned(root)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=root))
    handle = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return folder, _closer(handle)


def scratch_parent() -> Path:
    """The folder for temporary files, or /tmp where that one's path is too long for sockets."""
    usual = Path(tempfile.gettempdir())
    if usual.name.startswith(TEMPORARY):  # beside it: inside the path would be too long
        usual = usual.parent
    return usual if len(os.fsencode(usual)) <= LONGEST_PARENT else Path("/tmp")  # noqa: S108


def remove_abandoned(root: Path, now: float | None = None) -> list[Path]:
    """Remove our own scratch folders that no living process holds; returns them."""
    current = time.time() if now is None else now
    ours = [path for prefix in (PREFIX, TEMPORARY) for path in root.glob(f"{prefix}*")]
    mine = [path for path in ours if _is_abandoned(path, current)]
    for path in mine:
        shutil.rmtree(path, ignore_errors=True)
    return mine


def _is_abandoned(folder: Path, now: float) -> bool:
    try:
        about = folder.lstat()
        if about.st_uid != os.getuid() or now - about.st_mtime < YOUNG_SECONDS:
            return False
        with (folder / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by a living driver, or not one of these folders at all
        return False
    return True


def _closer(handle: int) -> Callable[[], None]:
    """Close the handle once; later calls do nothing."""
    pending = [handle]

    def close() -> None:
        if pending:
            os.close(pending.pop())

    return close
